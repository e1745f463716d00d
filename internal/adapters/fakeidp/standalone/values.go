package standalone

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/secretfile"
)

// certificate reads a certificate in PEM, or the path of a file with one. A
// relative path begins at the folder of the configuration file.
func (f *configFile) certificate(into **x509.Certificate) reading {
	return func(place string, value any) {
		text, ok := value.(string)
		if ok && !strings.HasPrefix(text, "-----BEGIN ") {
			path := text
			if !filepath.IsAbs(path) {
				path = filepath.Join(f.dir, path)
			}
			data, err := secretfile.Read(path, maxConfig)
			if err != nil {
				f.add(place, "%s %s", path, err)
				return
			}
			text = string(data)
		}
		cert, err := firstCertificate([]byte(text))
		if err != nil {
			f.add(place, "must be an RSA certificate in PEM, or the path of a file with one")
			return
		}
		*into = cert
	}
}

// firstCertificate returns the first certificate of a PEM text, which can have a
// private key before it.
func firstCertificate(text []byte) (*x509.Certificate, error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err == nil && cert.PublicKeyAlgorithm != x509.RSA {
			err = errors.New("the key is not an RSA key")
		}
		return cert, err
	}
	return nil, errors.New("no certificate")
}

var (
	guidForm   = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	domainForm = regexp.MustCompile(`^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)
)

// The punctuation that these values can have. A .env file can carry all of it.
const (
	idMarks     = "-._~"
	secretMarks = "!$%&()*+,-./:;<=>?@[]^_{|}~"
	uriMarks    = "!$%&()*+,-./:;=?@[]_~"
)

// consistsOf returns a function that reports whether a text has ASCII letters,
// digits and marks only.
func consistsOf(marks string) func(string) bool {
	const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	return func(text string) bool { return strings.Trim(text, alphanumeric+marks) == "" }
}

// guid reads a GUID. It writes the letters in lower case.
func (r *strictReader) guid(into *string) reading {
	return func(place string, value any) {
		var text string
		r.text(&text)(place, value)
		*into = strings.ToLower(text)
		if text != "" && !guidForm.MatchString(*into) {
			r.add(place, "must be a GUID such as %s", fakeidp.ContosoTenantID)
		}
	}
}

func (r *strictReader) uri(into *string) reading {
	return r.textThat(wholeAddress, "a whole address such as http://localhost:3000/getAToken, without #, spaces and quotes")(into)
}

func wholeAddress(text string) bool {
	u, err := url.Parse(text)
	switch {
	case err != nil || !consistsOf(uriMarks)(text):
		return false
	case u.Scheme == "http" || u.Scheme == "https":
		return u.Host != ""
	}
	return u.Scheme != "" && (u.Host != "" || u.Path != "") // of an app, such as myapp:/callback
}

// errorNumber reads an AADSTS number.
func (r *strictReader) errorNumber(into *int) reading { return r.number(into, 1, 99_999_999) }
