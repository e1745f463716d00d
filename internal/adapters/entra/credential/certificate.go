package credential

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
	"webapp/internal/secretfile"
)

// assertionLife is how long a client assertion is valid. Entra asks for 5 to 10 minutes.
// The time beyond 5 minutes is for a clock that is behind.
const assertionLife = 8 * time.Minute

// clientCertificate signs a client assertion for each request
// (private_key_jwt: OpenID Connect Core 1.0, section 9; RFC 7523).
type clientCertificate struct {
	id    string
	file  *secretfile.File[certificate]
	clock func() time.Time
	rand  io.Reader
}

// Authenticate adds a new assertion.
func (c *clientCertificate) Authenticate(ctx context.Context, e Endpoint, r *providerhttp.TokenRequest) error {
	if err := e.requireAssertions(); err != nil {
		return err
	}
	alg, err := e.assertionAlgorithm()
	if err != nil {
		return err
	}
	var id [16]byte
	if _, err := io.ReadFull(c.rand, id[:]); err != nil {
		return fmt.Errorf("no randomness: %w", err)
	}
	now := c.clock().Unix()
	assertion, err := c.file.Get(ctx).sign(alg, assertionClaims{
		Audience: cmp.Or(e.Audience, e.URL), Issuer: c.id, Subject: c.id, ID: formatGUID(id),
		NotBefore: now, IssuedAt: now, Expires: now + int64(assertionLife/time.Second),
	})
	if err != nil {
		return err
	}
	addAssertion(r, assertion)
	return nil
}

// Expiry returns the end of the certificate in use.
func (c *clientCertificate) Expiry(ctx context.Context) (time.Time, bool) {
	return c.file.Get(ctx).leaf.NotAfter, true
}

// UnknownYet returns false: Entra accepts a certificate as soon as it is uploaded.
func (*clientCertificate) UnknownYet(error) bool { return false }

// assertionAlgorithm returns PS256, which Entra asks for, or RS256 if the metadata list
// RS256 and not PS256. It returns ports.ErrProviderRefused if they list neither.
func (e Endpoint) assertionAlgorithm() (string, error) {
	for _, alg := range []string{"PS256", "RS256"} {
		if e.AssertionAlgorithms == nil || slices.Contains(e.AssertionAlgorithms, alg) {
			return alg, nil
		}
	}
	return "", fmt.Errorf("%w: it takes client assertions signed with neither PS256 nor RS256; use a client secret", ports.ErrProviderRefused)
}

type assertionHeader struct {
	Algorithm  string   `json:"alg"`
	Type       string   `json:"typ"`
	Thumbprint string   `json:"x5t#S256"`
	Chain      []string `json:"x5c,omitempty"`
}

type assertionClaims struct {
	Audience  string `json:"aud"`
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	ID        string `json:"jti"`
	NotBefore int64  `json:"nbf"`
	IssuedAt  int64  `json:"iat"`
	Expires   int64  `json:"exp"`
}

// sign writes the assertion as a compact JWS (RFC 7515, section 3.1).
func (c certificate) sign(alg string, claims assertionClaims) (string, error) {
	head, err := json.Marshal(assertionHeader{alg, "JWT", c.thumbprint, c.chain})
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(body)
	sum := sha256.Sum256([]byte(signed))
	var signature []byte
	if alg == "PS256" { // RFC 7518, section 3.5
		signature, err = rsa.SignPSS(rand.Reader, c.key, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	} else {
		signature, err = rsa.SignPKCS1v15(nil, c.key, crypto.SHA256, sum[:])
	}
	if err != nil {
		return "", errors.New("the client certificate's key cannot sign")
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// formatGUID writes a random GUID (RFC 9562, version 4), the form that
// Microsoft documents for jti.
func formatGUID(b [16]byte) string {
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

const (
	maxCertificateFileBytes = 256 << 10
	maxCertificates         = 16
	minRSABits              = 2048
	maxRSABits              = 8192
)

// certificate is a certificate with its private key.
type certificate struct {
	leaf *x509.Certificate
	key  *rsa.PrivateKey
	// thumbprint is x5t#S256 (RFC 7515, section 4.1.8).
	thumbprint string
	// chain is x5c (section 4.1.6), the leaf first. It is nil if the file has no
	// issuer's certificate.
	chain []string
}

// newCertificate returns the certificate that belongs to the key. The certificates can be
// in any order.
func newCertificate(key any, found []*x509.Certificate) (certificate, error) {
	private, err := signingRSA(key)
	if err != nil {
		return certificate{}, err
	}
	if len(found) > maxCertificates {
		return certificate{}, fmt.Errorf("holds more than %d certificates", maxCertificates)
	}
	for _, one := range found {
		if private.PublicKey.Equal(one.PublicKey) {
			sum := sha256.Sum256(one.Raw)
			return certificate{one, private, base64.RawURLEncoding.EncodeToString(sum[:]), chainOf(one, found)}, nil
		}
	}
	return certificate{}, errors.New("holds a private key that belongs to none of its certificates")
}

// errNotRSA says that the key is not RSA. Entra documents only PS256, which needs RSA.
var errNotRSA = errors.New("holds a key that is not RSA, and Entra takes RSA keys only: make a certificate with an RSA key of 2048 bits or more")

// signingRSA returns the key if it is an RSA key of an accepted size.
func signingRSA(key any) (*rsa.PrivateKey, error) {
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, errNotRSA
	}
	bits := private.N.BitLen()
	if bits < minRSABits || bits > maxRSABits {
		return nil, fmt.Errorf("holds an RSA key of %d bits: make a certificate with a key of %d to %d bits", bits, minRSABits, maxRSABits)
	}
	if private.Validate() != nil {
		return nil, errors.New("holds a private key whose parts do not fit together")
	}
	return private, nil
}

// chainOf returns the certificates from the leaf up, each signed by the next one. It
// leaves out other certificates. It returns nil if there is only the leaf.
func chainOf(leaf *x509.Certificate, found []*x509.Certificate) []string {
	chain := []string{base64.StdEncoding.EncodeToString(leaf.Raw)}
	for at := leaf; len(chain) <= len(found); {
		issuer := issuerOf(at, found)
		if issuer == nil {
			break
		}
		chain = append(chain, base64.StdEncoding.EncodeToString(issuer.Raw))
		at = issuer
	}
	if len(chain) == 1 {
		return nil
	}
	return chain
}

func issuerOf(c *x509.Certificate, found []*x509.Certificate) *x509.Certificate {
	for _, one := range found {
		if !one.Equal(c) && c.CheckSignatureFrom(one) == nil {
			return one
		}
	}
	return nil
}

// checkTime returns an error if now is outside the certificate's validity.
func (c certificate) checkTime(now time.Time) error {
	switch {
	case now.After(c.leaf.NotAfter):
		return fmt.Errorf("holds a certificate that expired on %s", c.leaf.NotAfter.UTC().Format(time.DateOnly))
	case now.Before(c.leaf.NotBefore):
		return fmt.Errorf("holds a certificate that is not valid before %s", c.leaf.NotBefore.UTC().Format(time.RFC3339))
	}
	return nil
}
