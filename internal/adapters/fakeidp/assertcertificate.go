package fakeidp

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"slices"
	"sync"
	"time"
)

const (
	longestAssertion = 10 * time.Minute
	maxAssertionIDs  = 10000
)

// CertificateAssertions is an Authenticator for clients that prove themselves
// by a certificate (private_key_jwt), as Microsoft documents it: PS256,
// x5t#S256 of a registered certificate, the token endpoint as audience, the
// client as issuer and subject, at most ten minutes. Stricter than Entra, it
// takes each jti once.
type CertificateAssertions struct {
	mu    sync.Mutex
	certs map[string]*x509.Certificate // by thumbprint
	algs  []string
	seen  *bounded[struct{}]
}

var _ Authenticator = (*CertificateAssertions)(nil)

// CertificateAuthenticator returns an Authenticator with these certificates
// registered.
func CertificateAuthenticator(certs ...*x509.Certificate) *CertificateAssertions {
	a := &CertificateAssertions{
		certs: make(map[string]*x509.Certificate), algs: []string{"PS256"}, seen: newBounded[struct{}](maxAssertionIDs),
	}
	a.Register(certs...)
	return a
}

// AllowRS256 accepts RS256 besides, as providers other than Entra do.
func (a *CertificateAssertions) AllowRS256() *CertificateAssertions {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.algs = []string{"PS256", "RS256"}
	return a
}

// Register adds certificates to the application.
func (a *CertificateAssertions) Register(certs ...*x509.Certificate) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range certs {
		a.certs[certThumbprint(c)] = c
	}
}

// Remove takes a certificate away from the application.
func (a *CertificateAssertions) Remove(cert *x509.Certificate) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.certs, certThumbprint(cert))
}

// certThumbprint is x5t#S256 (RFC 7515, section 4.1.8).
func certThumbprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Authenticate implements Authenticator.
func (a *CertificateAssertions) Authenticate(_ context.Context, proof Proof) error {
	got, refused := parseAssertion(proof)
	if refused == nil {
		refused = a.checkKey(got, proof.Now)
	}
	if refused == nil {
		refused = checkAssertionClaims(got, proof)
	}
	if refused == nil {
		refused = a.spend(got.claims.ID)
	}
	if refused != nil {
		return refused
	}
	return nil
}

// checkKey verifies the header and the signature.
func (a *CertificateAssertions) checkKey(got assertion, now time.Time) *Error {
	a.mu.Lock()
	cert, algs := a.certs[got.header.Thumbprint], a.algs
	a.mu.Unlock()
	switch {
	case got.header.Type != "JWT":
		return malformedAssertion()
	case !slices.Contains(algs, got.header.Algorithm):
		return newError(700027, "Client assertion failed signature validation. [Reason - The algorithm '%s' is not accepted.]", clip(got.header.Algorithm))
	case cert == nil:
		return newError(700027, "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '%s']", clip(got.header.Thumbprint))
	case now.After(cert.NotAfter) || now.Before(cert.NotBefore):
		return newError(1000502, "The provided certificate is not within its specified validity period.")
	case got.header.Chain != nil && got.header.Chain[0] != base64.StdEncoding.EncodeToString(cert.Raw):
		return newError(700027, "Client assertion failed signature validation. [Reason - The first certificate of x5c is another than x5t#S256 names.]")
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok || !got.verifies(key) {
		return newError(700027, "Client assertion failed signature validation. [Reason - The key was found, but use of the key to verify the signature failed.]")
	}
	return nil
}

func checkAssertionClaims(got assertion, proof Proof) *Error {
	id := proof.Client.ID
	switch {
	case got.claims.Audience != proof.TokenEndpoint:
		return newError(700023, "Client assertion audience claim does not match Realm issuer.")
	case got.claims.Issuer != id || got.claims.Subject != id || proof.Form.Get("client_id") != id:
		return newError(700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
	case got.claims.NotBefore == 0:
		return newError(50012, "Authentication failed. Client assertion does not have the claim 'nbf'.")
	}
	return got.checkTime(proof.Now, longestAssertion)
}

// spend takes each assertion once (RFC 7523, section 3).
func (a *CertificateAssertions) spend(id string) *Error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, again := a.seen.get(id); id == "" || again {
		return newError(50012, "Authentication failed. Client assertion has no 'jti', or one that was used before.")
	}
	a.seen.put(id, struct{}{})
	return nil
}
