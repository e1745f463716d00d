package credential

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"time"
)

const (
	maxCertificateFileBytes = 256 << 10
	maxCertificates         = 16
	minRSABits              = 2048
	maxRSABits              = 8192
)

// certificate is what a client assertion is signed with.
type certificate struct {
	leaf *x509.Certificate
	key  *rsa.PrivateKey
	// thumbprint is x5t#S256 (RFC 7515, section 4.1.8).
	thumbprint string
	// chain is x5c (section 4.1.6), the leaf first; nil where the file holds
	// the leaf alone.
	chain []string
}

// newCertificate finds the certificate of the key, whatever their order.
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

// errNotRSA: Entra's documented algorithm, PS256, is RSA's.
var errNotRSA = errors.New("holds a key that is not RSA, and Entra takes RSA keys only: make a certificate with an RSA key of 2048 bits or more")

// signingRSA returns a key that can sign with PS256.
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

// chainOf orders the certificates from the leaf up, each certified by the next,
// and leaves out what does not belong there.
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

// checkTime says whether now is outside the certificate's validity.
func (c certificate) checkTime(now time.Time) error {
	switch {
	case now.After(c.leaf.NotAfter):
		return fmt.Errorf("holds a certificate that expired on %s", c.leaf.NotAfter.UTC().Format(time.DateOnly))
	case now.Before(c.leaf.NotBefore):
		return fmt.Errorf("holds a certificate that is not valid before %s", c.leaf.NotBefore.UTC().Format(time.RFC3339))
	}
	return nil
}
