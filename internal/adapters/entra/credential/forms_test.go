package credential_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"software.sslmate.com/src/go-pkcs12"

	"webapp/internal/adapters/entra/credential"
	"webapp/internal/providerhttp"
	"webapp/internal/test/rsakeys"
)

const password = "Pa55-of-the-tests"

func testdata(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "certificates", name))
	require.NoError(t, err)
	return data
}

func tempFile(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "credential")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

func inUTF16(text string) []byte {
	data := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		data = append(data, byte(unit), byte(unit>>8))
	}
	return data
}

// sent returns the parameters that the credential adds to a token request.
func sent(t *testing.T, c credential.Config) url.Values {
	t.Helper()
	c.ClientID = "client"
	require.Empty(t, c.Problems())
	made, err := credential.New(c)
	require.NoError(t, err)
	request := providerhttp.TokenRequest{Params: url.Values{}}
	endpoint := credential.Endpoint{URL: "https://idp.example/token", SecretInForm: true, TakesAssertions: true}
	require.NoError(t, made.Authenticate(t.Context(), endpoint, &request))
	request.Params.Set("client_secret", request.Secret)
	return request.Params
}

func TestSecretFilesOfWindows(t *testing.T) {
	for name, data := range map[string][]byte{
		"byte order mark": []byte("\xef\xbb\xbfabc\r\n"), "UTF-16": inUTF16("abc\r\n"), "line breaks": []byte("abc\r\n\r\n"),
	} {
		assert.Equal(t, "abc", sent(t, credential.Config{SecretFile: tempFile(t, data)}).Get("client_secret"), name)
	}
}

// Quotation marks can be a part of a secret, but usually are a mistake.
func TestASecretInQuotesIsWarnedOf(t *testing.T) {
	var log bytes.Buffer
	path := tempFile(t, []byte("\"abc\"\n"))
	form := sent(t, credential.Config{SecretFile: path, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	assert.Equal(t, `"abc"`, form.Get("client_secret"))
	assert.Contains(t, log.String(), "quotation marks")
	assert.NotContains(t, log.String(), "abc")
}

func TestFederatedTokenFilesOfTools(t *testing.T) {
	const token = "eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl"
	for name, data := range map[string][]byte{
		"byte order mark": []byte("\xef\xbb\xbf" + token + "\r\n"), "UTF-16": inUTF16(token + "\r\n"),
		"quotation marks": []byte("\"" + token + "\"\n"), "blanks": []byte("  " + token + " "),
	} {
		assert.Equal(t, token, sent(t, credential.Config{FederatedTokenFile: tempFile(t, data)}).Get("client_assertion"), name)
	}
	for name, c := range map[string]struct {
		data []byte
		text string
	}{
		"JSON":                {[]byte(`{"accessToken":"` + token + `"}`), "holds a JSON object"},
		"UTF-16 without mark": {inUTF16(token)[2:], "UTF-16 without a byte order mark"},
	} {
		problems := credential.Config{FederatedTokenFile: tempFile(t, c.data)}.Problems()
		require.Len(t, problems, 1, name)
		assert.Contains(t, problems[0].Text, c.text, name)
		assert.NotContains(t, problems[0].Text, "eyJhb", name)
	}
}

// One certificate in the forms that tools and people write.
func TestCertificateFilesInEveryForm(t *testing.T) {
	plain, pfx := testdata(t, "plain-pkcs1.pem"), testdata(t, "openssl3.pfx")
	thumbprint := assertionHeader(t, credential.Config{CertificateFile: tempFile(t, plain)})
	lines := func(text []byte, from, to string) []byte { return bytes.ReplaceAll(text, []byte(from), []byte(to)) }
	base64PFX := base64.StdEncoding.EncodeToString(pfx)
	for name, data := range map[string][]byte{
		"line ends of Windows":     lines(plain, "\n", "\r\n"),
		"byte order mark":          append([]byte("\xef\xbb\xbf"), plain...),
		"two files with marks":     lines(plain, "-----BEGIN", "\ufeff-----BEGIN"),
		"UTF-16":                   inUTF16(string(lines(plain, "\n", "\r\n"))),
		"indented":                 lines(plain, "\n", "\n    "),
		"\\n as two characters":    []byte(`"` + string(lines(plain, "\n", `\n`)) + `"`),
		"PEM in base64":            []byte(base64.StdEncoding.EncodeToString(plain)),
		"PFX":                      pfx,
		"PFX in base64":            []byte(base64PFX),
		"PFX in base64, in quotes": []byte(`"` + base64PFX + "\"\r\n"),
		"PFX in base64, in lines":  []byte(base64PFX[:76] + "\r\n" + base64PFX[76:] + "\r\n"),
		"PFX in base64 and UTF-16": inUTF16(base64PFX + "\r\n"),
	} {
		c := credential.Config{CertificateFile: tempFile(t, data), CertificatePassword: password}
		assert.Equal(t, thumbprint, assertionHeader(t, c), name)
	}
}

// assertionHeader returns the header of a client assertion, which identifies the
// certificate.
func assertionHeader(t *testing.T, c credential.Config) string {
	t.Helper()
	header, _, ok := strings.Cut(sent(t, c).Get("client_assertion"), ".")
	require.True(t, ok)
	return header
}

// blocksOf returns the two blocks of plain-pkcs1.pem.
func blocksOf(t *testing.T) (key, cert *pem.Block) {
	t.Helper()
	for block, rest := pem.Decode(testdata(t, "plain-pkcs1.pem")); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			cert = block
		} else {
			key = block
		}
	}
	return key, cert
}

// Key Vault removes the password of a certificate. The variable can still be set.
func TestAPasswordThatIsNotNeededDoesNoHarm(t *testing.T) {
	keyBlock, certBlock := blocksOf(t)
	key, err := x509.ParsePKCS1PrivateKey(keyBlock.Bytes)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(certBlock.Bytes)
	require.NoError(t, err)
	want := assertionHeader(t, credential.Config{CertificateFile: tempFile(t, testdata(t, "plain-pkcs1.pem"))})
	for name, encoder := range map[string]*pkcs12.Encoder{"empty password": pkcs12.Modern, "no password": pkcs12.Passwordless} {
		pfx, err := encoder.Encode(key, cert, nil, "")
		require.NoError(t, err)
		for _, given := range []string{"", "not needed"} {
			c := credential.Config{CertificateFile: tempFile(t, pfx), CertificatePassword: given}
			assert.Equal(t, want, assertionHeader(t, c), name)
		}
	}
}

func TestCertificateFilesThatLackAPart(t *testing.T) {
	plain := testdata(t, "plain-pkcs1.pem")
	key, cert := blocksOf(t)
	request := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: []byte("x")})
	for name, c := range map[string]struct {
		data []byte
		text string
	}{
		"PEM, certificate alone":          {pem.EncodeToMemory(cert), "no private key"},
		"PEM, key alone":                  {pem.EncodeToMemory(key), "no certificate"},
		"PEM, certificate request":        {append(request, pem.EncodeToMemory(key)...), "a certificate request"},
		"DER, certificate alone":          {cert.Bytes, "a certificate without its private key"},
		"DER in base64":                   {[]byte(base64.StdEncoding.EncodeToString(cert.Bytes)), "a certificate without its private key"},
		"DER, key alone":                  {key.Bytes, "a private key without its certificate"},
		"base64 of something else":        {[]byte("U29tZXRoaW5nIGVsc2U="), "nor base64 of one of them"},
		"PEM, UTF-16 without mark":        {inUTF16(string(plain))[2:], "UTF-16 without a byte order mark"},
		"PFX in base64, without password": {[]byte(base64.StdEncoding.EncodeToString(testdata(t, "openssl3.pfx"))), "protected by a password"},
	} {
		problems := credential.Config{CertificateFile: tempFile(t, c.data)}.Problems()
		require.Len(t, problems, 1, name)
		assert.Equal(t, "CertificateFile", problems[0].Field, name)
		assert.Contains(t, problems[0].Text, c.text, name)
	}
}

// The password is in a file, which is read again when it changes.
func TestPasswordFile(t *testing.T) {
	c := credential.Config{
		ClientID:                "client",
		CertificateFile:         tempFile(t, testdata(t, "openssl3.pfx")),
		CertificatePasswordFile: tempFile(t, []byte("\xef\xbb\xbf"+password+"\r\n")),
		Pause:                   func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	want := assertionHeader(t, c)

	made, err := credential.New(c)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(c.CertificatePasswordFile, []byte("wrong"), 0o600))
	_, known := made.Expiry(t.Context())
	assert.True(t, known, "the last good version stays in use")
	require.Len(t, c.Problems(), 1)
	assert.Contains(t, c.Problems()[0].Error(), "CertificateFile cannot be opened with the password")
	require.NoError(t, os.WriteFile(c.CertificatePasswordFile, []byte(password), 0o600))
	assert.Equal(t, want, assertionHeader(t, c))

	require.NoError(t, os.Remove(c.CertificatePasswordFile))
	assert.Equal(t, []credential.Problem{{Field: "CertificatePasswordFile", Text: "does not exist"}}, c.Problems())
	c.CertificatePassword = password
	assert.Equal(t, "CertificatePassword and CertificatePasswordFile", c.Problems()[0].Field)
	assert.Equal(t, "CertificatePasswordFile", credential.Config{Secret: "x", CertificatePasswordFile: "x"}.Problems()[0].Field)
}

// A new certificate with a new password is used once both files are there, without a
// restart. In between the old certificate stays in use.
func TestANewCertificateWithANewPassword(t *testing.T) {
	key := rsakeys.Key(0)
	template := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pfx, err := pkcs12.Modern.Encode(key, cert, nil, "another password")
	require.NoError(t, err)
	c := credential.Config{
		ClientID:                "client",
		CertificateFile:         tempFile(t, testdata(t, "openssl3.pfx")),
		CertificatePasswordFile: tempFile(t, []byte(password)),
		Pause:                   func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	made, err := credential.New(c)
	require.NoError(t, err)
	before, _ := made.Expiry(t.Context())
	replace := func(path string, data []byte) {
		require.NoError(t, os.WriteFile(path+".new", data, 0o600))
		require.NoError(t, os.Rename(path+".new", path))
	}
	replace(c.CertificateFile, pfx)
	got, _ := made.Expiry(t.Context())
	assert.Equal(t, before, got, "the old password does not open the new certificate")
	replace(c.CertificatePasswordFile, []byte("another password\n"))
	got, _ = made.Expiry(t.Context())
	assert.Equal(t, cert.NotAfter, got)
}
