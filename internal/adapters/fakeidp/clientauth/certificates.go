package clientauth

import (
	"context"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"time"

	"webapp/internal/adapters/fakeidp"
)

// longestAssertion is how long an assertion may be valid.
const longestAssertion = 10 * time.Minute

// Certificates is an Authenticator for clients that sign an assertion with the
// key of a certificate (private_key_jwt). It demands what Microsoft documents:
// algorithm PS256, the x5t#S256 of a registered certificate, the token endpoint
// as audience, the client as issuer and subject, at most ten minutes. Unlike
// Entra, it accepts each jti only once.
type Certificates struct {
	mu    sync.Mutex
	certs map[string]*x509.Certificate // by thumbprint
	algs  []string
	used  map[string]time.Time // expiry by jti
}

var _ fakeidp.Authenticator = (*Certificates)(nil)

// NewCertificates returns an Authenticator with these certificates registered.
func NewCertificates(certs ...*x509.Certificate) *Certificates {
	a := &Certificates{certs: map[string]*x509.Certificate{}, algs: []string{"PS256"}, used: map[string]time.Time{}}
	a.Register(certs...)
	return a
}

// AllowRS256 makes a accept RS256, the SHA-1 thumbprint x5t and assertions without
// nbf, too. Older clients send them, and Entra and other providers accept them. It
// returns a.
func (a *Certificates) AllowRS256() *Certificates {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.algs = []string{"PS256", "RS256"}
	return a
}

// Register adds certificates to the app registration.
func (a *Certificates) Register(certs ...*x509.Certificate) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range certs {
		a.certs[thumbprint(c)], a.certs[thumbprintSHA1(c)] = c, c
	}
}

// Remove removes a certificate from the app registration.
func (a *Certificates) Remove(cert *x509.Certificate) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.certs, thumbprint(cert))
	delete(a.certs, thumbprintSHA1(cert))
}

// thumbprint returns x5t#S256 (RFC 7515, section 4.1.8).
func thumbprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// thumbprintSHA1 returns x5t (RFC 7515, section 4.1.7).
func thumbprintSHA1(c *x509.Certificate) string {
	sum := sha1.Sum(c.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Authenticate implements fakeidp.Authenticator.
func (a *Certificates) Authenticate(_ context.Context, proof fakeidp.Proof) error {
	got, err := parseAssertion(proof)
	if err == nil {
		err = a.checkKey(got, proof.Now)
	}
	if err == nil {
		err = a.checkClaims(got, proof)
	}
	if err == nil {
		err = a.spend(got, proof.Now)
	}
	return err
}

// checkKey verifies the header and the signature.
func (a *Certificates) checkKey(got assertion, now time.Time) error {
	a.mu.Lock()
	cert, algs := a.certs[got.header.Thumbprint], a.algs
	if got.header.Thumbprint == "" && slices.Contains(algs, "RS256") {
		cert = a.certs[strings.TrimRight(got.header.ThumbprintSHA1, "=")]
	}
	a.mu.Unlock()
	switch {
	case got.header.Type != "" && got.header.Type != "JWT": // optional, RFC 7519, section 5.1
		return malformed()
	case !slices.Contains(algs, got.header.Algorithm):
		return refuse(700027, "Client assertion failed signature validation. [Reason - The algorithm '%.200s' is not accepted.]", got.header.Algorithm)
	case cert == nil:
		return refuse(700027, "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '%.200s']", got.header.Thumbprint)
	case now.After(cert.NotAfter) || now.Before(cert.NotBefore):
		return refuse(1000502, "The provided certificate is not within its specified validity period.")
	case got.header.Chain != nil && (len(got.header.Chain) == 0 || got.header.Chain[0] != base64.StdEncoding.EncodeToString(cert.Raw)):
		return refuse(700027, "Client assertion failed signature validation. [Reason - The first certificate of x5c is another than x5t#S256 names.]")
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok || !got.verifies(key) {
		return refuse(700027, "Client assertion failed signature validation. [Reason - The key was found, but use of the key to verify the signature failed.]")
	}
	return nil
}

func (a *Certificates) checkClaims(got assertion, proof fakeidp.Proof) error {
	a.mu.Lock()
	older, id := slices.Contains(a.algs, "RS256"), proof.Client.ID
	a.mu.Unlock()
	switch {
	case !slices.Contains(proof.Audiences, got.claims.Audience):
		return refuse(700023, "Client assertion audience claim does not match Realm issuer.")
	case !strings.EqualFold(got.claims.Issuer, id) || !strings.EqualFold(got.claims.Subject, id) || !strings.EqualFold(proof.Form.Get("client_id"), id):
		return refuse(700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
	case got.claims.NotBefore == 0 && !older:
		return refuse(50012, "Authentication failed. Client assertion does not have the claim 'nbf'.")
	}
	return got.checkTime(proof.Now, longestAssertion)
}

// spend accepts each jti once (RFC 7523, section 3). It forgets expired ones.
func (a *Certificates) spend(got assertion, now time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, expires := range a.used {
		if now.After(expires) {
			delete(a.used, id)
		}
	}
	id := got.claims.ID
	if _, again := a.used[id]; id == "" || again {
		return refuse(50012, "Authentication failed. Client assertion has no 'jti', or one that was used before.")
	}
	a.used[id] = time.Unix(int64(got.claims.Expires), 0)
	return nil
}
