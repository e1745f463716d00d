package entra_test

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/entra/credential"
)

// TestKeysOfOpenSSL reads the forms that OpenSSL writes.
func TestKeysOfOpenSSL(t *testing.T) {
	for name, want := range map[string]string{
		"plain-pkcs1.pem": "", "aes128-sha1.pem": "", "aes192-sha512.pem": "", "aes256-sha256.pem": "", "openssl3.pfx": "", "triple-des.pfx": "",
		"old-dek-info.pem": "openssl pkcs8 -topk8", "unknown-des3.pem": "openssl pkcs8 -topk8", "unknown-scrypt.pem": "openssl pkcs8 -topk8",
	} {
		config := goodConfig()
		config.Credential.Secret, config.Credential.CertificateFile = "", tempFile(t, testdata(t, name))
		config.Credential.CertificatePassword = password
		_, err := entra.New(config)
		if want == "" {
			require.NoError(t, err, name)
			continue
		}
		assert.ErrorContains(t, err, want, name)
	}
}

func TestBadCredentialFiles(t *testing.T) {
	cert, other := goodPair(t, 0), goodPair(t, 1)
	curve := certify(t, "curve", ecKey(t), nil, -time.Hour, year)
	whole := cert.pem(t)
	broken := bytes.Replace(whole, []byte("MII"), []byte("M!I"), 1)
	type set func(*entra.Config, string)
	secret := set(func(c *entra.Config, path string) { c.Credential.SecretFile = path })
	certificate := set(func(c *entra.Config, path string) { c.Credential.CertificateFile = path })
	locked := set(func(c *entra.Config, path string) {
		c.Credential.CertificateFile, c.Credential.CertificatePassword = path, "wrong"
	})
	token := set(func(c *entra.Config, path string) { c.Credential.FederatedTokenFile = path })
	for name, c := range map[string]struct {
		set   set
		data  []byte
		field string
		text  string
	}{
		"secret, empty":              {secret, nil, "SecretFile", "is empty"},
		"secret, blank":              {secret, []byte(" \n"), "SecretFile", "is empty"},
		"secret, two lines":          {secret, []byte("S3cret\nS3cret\n"), "SecretFile", "more than one line"},
		"secret, huge":               {secret, bytes.Repeat([]byte("S3cret"), 1000), "SecretFile", "larger than 4 KiB"},
		"certificate, empty":         {certificate, nil, "CertificateFile", "is empty"},
		"certificate, text":          {certificate, []byte("S3cret"), "CertificateFile", "neither PEM nor PKCS #12"},
		"certificate, other DER":     {certificate, cert.cert.Raw, "CertificateFile", "a certificate without its private key"},
		"certificate, no key":        {certificate, cert.certPEM(), "CertificateFile", "no private key"},
		"certificate, no cert":       {certificate, cert.keyPEM(t), "CertificateFile", "no certificate"},
		"certificate, two keys":      {certificate, join(whole, other.keyPEM(t)), "CertificateFile", "more than one private key"},
		"certificate, half":          {certificate, whole[:len(whole)/2], "CertificateFile", "damaged or incomplete"},
		"certificate, not base64":    {certificate, broken, "CertificateFile", "damaged or incomplete"},
		"certificate, wrong key":     {certificate, join(cert.certPEM(), other.keyPEM(t)), "CertificateFile", "belongs to none of its certificates"},
		"certificate, curve":         {certificate, curve.pem(t), "CertificateFile", "RSA keys only"},
		"certificate, SSH key":       {certificate, join(cert.certPEM(), []byte("-----BEGIN OPENSSH PRIVATE KEY-----\nS3cr\n-----END OPENSSH PRIVATE KEY-----\n")), "CertificateFile", "not known here"},
		"certificate, key damaged":   {certificate, join(cert.certPEM(), []byte("-----BEGIN PRIVATE KEY-----\nS3cr\n-----END PRIVATE KEY-----\n")), "CertificateFile", "damaged"},
		"certificate, too many":      {certificate, join(cert.keyPEM(t), bytes.Repeat(cert.certPEM(), 20)), "CertificateFile", "more than 16 certificates"},
		"PEM, no password":           {certificate, testdata(t, "aes256-sha256.pem"), "CertificateFile", "protected by a password, and none is given"},
		"PEM, wrong password":        {locked, testdata(t, "aes256-sha256.pem"), "CertificateFile", "cannot be opened with the password"},
		"PFX, no password":           {certificate, testdata(t, "openssl3.pfx"), "CertificateFile", "protected by a password, and none is given"},
		"PFX, wrong password":        {locked, testdata(t, "openssl3.pfx"), "CertificateFile", "cannot be opened with the password"},
		"PFX, half":                  {locked, testdata(t, "openssl3.pfx")[:1000], "CertificateFile", "incomplete"},
		"token, text":                {token, []byte("S3cret"), "FederatedTokenFile", "does not hold a signed token"},
		"token, unsigned":            {token, []byte("S3cret.S3cret."), "FederatedTokenFile", "does not hold a signed token"},
		"token, something after it":  {token, []byte("S3cret.S3cret.S3cret S3cret"), "FederatedTokenFile", "does not hold a signed token"},
		"token, the error of a tool": {token, []byte("S3cret.S3cret.S3cr<t"), "FederatedTokenFile", "does not hold a signed token"},
	} {
		t.Run(name, func(t *testing.T) {
			config := goodConfig()
			config.Credential.Secret = ""
			c.set(&config, tempFile(t, c.data))
			_, err := entra.New(config)
			require.Error(t, err)
			assert.Equal(t, []string{c.field}, fields(err))
			assert.ErrorContains(t, err, c.text)
			for _, content := range []string{"S3cr", "MII", "wrong\"", "PRIVATE KEY-----"} {
				assert.NotContains(t, err.Error(), content)
			}
		})
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	for text, path := range map[string]string{"does not exist": filepath.Join(dir, "none"), "is not a regular file": dir} {
		config := goodConfig()
		config.Credential.Secret, config.Credential.SecretFile = "", path
		_, err := entra.New(config)
		assert.ErrorContains(t, err, "SecretFile "+text)
		assert.NotContains(t, err.Error(), dir)
	}
}

func TestExactlyOneCredential(t *testing.T) {
	identity := credential.ManagedIdentity{ClientID: guid}
	for name, c := range map[string]struct {
		change func(*entra.Config)
		field  string
	}{
		"none":                {func(c *entra.Config) { c.Credential.Secret = "" }, "Secret"},
		"secret and file":     {func(c *entra.Config) { c.Credential.SecretFile = "/x" }, "Secret"},
		"secret and identity": {func(c *entra.Config) { c.Credential.ManagedIdentity = identity }, "Secret"},
		"certificate and token": {func(c *entra.Config) {
			c.Credential.Secret, c.Credential.CertificateFile, c.Credential.FederatedTokenFile = "", "/x", "/y"
		}, "Secret"},
		"password of nothing": {func(c *entra.Config) { c.Credential.CertificatePassword = "x" }, "CertificatePassword"},
		"date of nothing": {func(c *entra.Config) {
			c.Credential.Secret, c.Credential.ManagedIdentity, c.Credential.SecretExpires = "", identity, time.Unix(1, 0)
		}, "SecretExpires"},
		"identity by name": {func(c *entra.Config) { c.Credential.Secret, c.Credential.ManagedIdentity.ClientID = "", "my-identity" }, "ManagedIdentity"},
		"identity elsewhere": {func(c *entra.Config) {
			c.Credential.Secret, c.Credential.ManagedIdentity, c.Authority, c.Issuer = "", identity, "", "https://p.example"
		}, "ManagedIdentity"},
		"identity with an odd endpoint": {func(c *entra.Config) {
			c.Credential.Secret, c.Credential.ManagedIdentity = "", credential.ManagedIdentity{ClientID: guid, Endpoint: "file:///x"}
		}, "ManagedIdentityEndpoint"},
	} {
		config := goodConfig()
		c.change(&config)
		_, err := entra.New(config)
		require.Error(t, err, name)
		assert.Equal(t, []string{c.field}, fields(err), name)
	}
}
