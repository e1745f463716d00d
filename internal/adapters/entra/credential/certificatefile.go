package credential

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"

	"software.sslmate.com/src/go-pkcs12"

	"webapp/internal/secretfile"
)

// openCertificateFile reads the certificate. One that is out of its time is
// tried all the same, at the start, because the clock may be what is wrong; it
// does not replace a good one.
func openCertificateFile(c Config) (*secretfile.File[certificate], error) {
	file, err := secretfile.Open(secretfile.Config[certificate]{
		Path: c.CertificateFile, What: "client certificate", Limit: maxCertificateFileBytes, Private: true,
		Parse: func(data []byte) (certificate, error) {
			return parseCertificateFile(data, c.CertificatePassword)
		},
		Usable: func(found certificate) error { return found.checkTime(c.Clock()) },
		Pause:  c.Pause, Logger: c.Logger,
	})
	if err != nil {
		return nil, err
	}
	if err := file.Get(context.Background()).checkTime(c.Clock()); err != nil {
		c.Logger.Warn("the client certificate will be refused: the file "+err.Error()+"; replace it, or check this machine's clock",
			slog.String("file", c.CertificateFile))
	}
	return file, nil
}

// parseCertificateFile reads PEM, or PKCS #12 (PFX; RFC 7292). Its errors
// quote nothing.
func parseCertificateFile(data []byte, password string) (certificate, error) {
	if bytes.Contains(data, []byte("-----BEGIN ")) {
		return parsePEM(data, password)
	}
	if len(data) == 0 || data[0] != 0x30 { // SEQUENCE
		return certificate{}, errors.New("is neither PEM nor PKCS #12 (PFX)")
	}
	key, leaf, others, err := pkcs12.DecodeChain(data, password)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword) && password == "":
		return certificate{}, errors.New("is protected by a password, and none is given")
	case errors.Is(err, pkcs12.ErrIncorrectPassword), errors.Is(err, pkcs12.ErrDecryption):
		return certificate{}, errors.New("cannot be opened with the password that is given")
	case err != nil:
		return certificate{}, errors.New("is not a PKCS #12 (PFX) file with one certificate and its private key, or it is incomplete")
	}
	return newCertificate(key, append([]*x509.Certificate{leaf}, others...))
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
	case blocks < bytes.Count(data, []byte("-----BEGIN ")):
		return certificate{}, errors.New("holds a PEM block that is damaged or incomplete")
	case key == nil:
		return certificate{}, errors.New("holds no private key: append it to the same file")
	case len(found) == 0:
		return certificate{}, errors.New("holds no certificate: append it to the same file")
	}
	return newCertificate(key, found)
}
