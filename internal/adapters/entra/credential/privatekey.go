package credential

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
)

func isPrivateKey(block *pem.Block) bool { return strings.HasSuffix(block.Type, "PRIVATE KEY") }

// parsePrivateKey reads one PEM block: PKCS #8 (RFC 5208), encrypted or not, or
// PKCS #1 (RFC 8017, appendix A.1.2).
func parsePrivateKey(block *pem.Block, password string) (any, error) {
	if block.Headers["DEK-Info"] != "" {
		return nil, errors.New("has a private key with the old encryption of PEM, which protects little: convert it with openssl pkcs8 -topk8")
	}
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "ENCRYPTED PRIVATE KEY":
		return decryptPrivateKey(block.Bytes, password)
	case "EC PRIVATE KEY", "DSA PRIVATE KEY":
		return nil, errNotRSA
	default:
		return nil, errors.New("holds a private key of a kind that is not known here: convert it with openssl pkcs8 -topk8")
	}
	if err != nil {
		return nil, errors.New("holds a private key that is damaged")
	}
	return key, nil
}
