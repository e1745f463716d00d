package credential

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"log/slog"
	"strings"

	"software.sslmate.com/src/go-pkcs12"

	"webapp/internal/secretfile"
)

// openCertificateFile opens the certificate's file. At the start it accepts an expired
// certificate with a warning, because this machine's clock may be wrong. Later, an expired
// certificate does not replace a valid one.
func openCertificateFile(c Config) (*secretfile.File[certificate], error) {
	paths := []string{c.CertificateFile}
	if c.CertificatePasswordFile != "" {
		if _, err := readPassword(c.CertificatePasswordFile); err != nil {
			return nil, Problem{"CertificatePasswordFile", err.Error()}
		}
		paths = append(paths, c.CertificatePasswordFile)
	}
	file, err := secretfile.Open(secretfile.Config[certificate]{
		Paths: paths, What: "client certificate", Limit: maxCertificateFileBytes,
		Parse: func(files [][]byte) (certificate, error) {
			password := c.CertificatePassword
			if len(files) > 1 {
				var err error
				if password, err = secretfile.Value(files[1]); err != nil {
					return certificate{}, errors.New("has a password in another file, which " + err.Error())
				}
			}
			return parseCertificateFile(files[0], password)
		},
		Usable: func(found certificate) error { return found.checkTime(c.Clock()) },
		Pause:  c.Pause, Logger: c.Logger,
	})
	if err != nil {
		return nil, Problem{"CertificateFile", err.Error()}
	}
	if err := file.Get(context.Background()).checkTime(c.Clock()); err != nil {
		c.Logger.Warn("the client certificate will be refused: the file "+err.Error()+"; replace it, or check this machine's clock",
			slog.String("file", c.CertificateFile))
	}
	return file, nil
}

func readPassword(path string) (string, error) {
	data, err := secretfile.Read(path, maxSecretBytes)
	if err != nil {
		return "", err
	}
	return secretfile.Value(data)
}

// parseCertificateFile reads PEM or PKCS #12 (PFX; RFC 7292), also in base64, as Key
// Vault and Kubernetes supply it. Its errors quote nothing of the file.
func parseCertificateFile(data []byte, password string) (certificate, error) {
	text, notText := secretfile.Text(data)
	if notText == nil {
		data = unwrap(text)
	}
	switch {
	case bytes.Contains(data, []byte(pemBegin)):
		return parsePEM(data, password)
	case len(data) > 0 && data[0] == 0x30: // SEQUENCE
		return parsePFX(data, password)
	case notText != nil:
		return certificate{}, notText
	}
	return certificate{}, errors.New("is neither PEM nor PKCS #12 (PFX), nor base64 of one of them")
}

const pemBegin = "-----BEGIN "

// unwrap removes what tools add to PEM or DER: base64, quotation marks, blanks in front of
// lines, byte order marks between joined files, and \n written as two characters. None of
// these can be a part of PEM.
func unwrap(text string) []byte {
	text = strings.NewReplacer("\ufeff", "", `\r`, "", `\n`, "\n", `"`, "", "'", "").Replace(text)
	if der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), "")); err == nil {
		return der
	}
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return []byte(strings.Join(lines, "\n"))
}

func parsePFX(data []byte, password string) (certificate, error) {
	key, leaf, others, err := pkcs12.DecodeChain(data, password)
	if err != nil && password != "" {
		// If the file is not encrypted, the password is ignored, as with PEM.
		if k, l, o, again := pkcs12.DecodeChain(data, ""); again == nil {
			key, leaf, others, err = k, l, o, nil
		}
	}
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword) && password == "":
		return certificate{}, errors.New("is protected by a password, and none is given")
	case errors.Is(err, pkcs12.ErrIncorrectPassword), errors.Is(err, pkcs12.ErrDecryption):
		return certificate{}, errWrongPassword
	case err != nil:
		return certificate{}, notPFX(data, err)
	}
	return newCertificate(key, append([]*x509.Certificate{leaf}, others...))
}

// notPFX returns the error for DER that is not a usable PFX file. It recognizes a
// file with only a certificate, and a file with only a private key.
func notPFX(data []byte, err error) error {
	_, notCertificate := x509.ParseCertificate(data)
	_, notKey := x509.ParsePKCS8PrivateKey(data)
	_, notRSAKey := x509.ParsePKCS1PrivateKey(data)
	switch {
	case notCertificate == nil, strings.HasSuffix(err.Error(), "private key missing"):
		return errors.New("holds a certificate without its private key: export both to one file")
	case notKey == nil, notRSAKey == nil, strings.HasSuffix(err.Error(), "certificate missing"):
		return errors.New("holds a private key without its certificate: put both into one file")
	}
	return errors.New("is not a PKCS #12 (PFX) file with one certificate and its private key, or it is incomplete")
}

// parsePEM reads a private key and its certificates in any order.
func parsePEM(data []byte, password string) (certificate, error) {
	var key any
	var found []*x509.Certificate
	blocks := 0
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		blocks++
		switch {
		case block.Type == "CERTIFICATE":
			one, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return certificate{}, errors.New("holds a certificate that is damaged")
			}
			found = append(found, one)
		case strings.HasSuffix(block.Type, "CERTIFICATE REQUEST"):
			return certificate{}, errors.New("holds a certificate request, which is not a certificate yet")
		case isPrivateKey(block) && key != nil:
			return certificate{}, errors.New("holds more than one private key")
		case isPrivateKey(block):
			var err error
			if key, err = parsePrivateKey(block, password); err != nil {
				return certificate{}, err
			}
		}
	}
	switch {
	case blocks < bytes.Count(data, []byte(pemBegin)):
		return certificate{}, errors.New("holds a PEM block that is damaged or incomplete")
	case key == nil:
		return certificate{}, errors.New("holds no private key: append it to the same file")
	case len(found) == 0:
		return certificate{}, errors.New("holds no certificate: append it to the same file")
	}
	return newCertificate(key, found)
}

func isPrivateKey(block *pem.Block) bool { return strings.HasSuffix(block.Type, "PRIVATE KEY") }

// parsePrivateKey reads one PEM block: PKCS #8 (RFC 5208), encrypted or not, or
// PKCS #1 (RFC 8017, appendix A.1.2).
func parsePrivateKey(block *pem.Block, password string) (any, error) {
	if block.Headers["DEK-Info"] != "" {
		return nil, errors.New("has a private key with the old, weak encryption of PEM: convert it with openssl pkcs8 -topk8")
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
