package main

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"maps"
	"math/big"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/fakeidp/clientauth"
	"webapp/internal/test/identitytest"
	"webapp/internal/test/rsakeys"
)

const (
	identityClientID = "1d0c7f52-63be-4f0a-9d3e-8b52c4a7e610"
	exchangeAudience = "api://AzureADTokenExchange"
)

func inFile(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "credential")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

// certificate returns a self-signed certificate, and its PEM with the private key.
func certificate(t *testing.T) (*x509.Certificate, []byte) {
	t.Helper()
	key := rsakeys.Key(0)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "webapp"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return cert, append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})...)
}

func TestExactlyOneCredential(t *testing.T) {
	_, certAndKey := certificate(t)
	each := map[string]string{
		"CLIENT_SECRET": "S3cret~Value", "CLIENT_SECRET_FILE": inFile(t, []byte("S3cret~Value")),
		"CLIENT_CERTIFICATE_FILE":    inFile(t, certAndKey),
		"AZURE_FEDERATED_TOKEN_FILE": inFile(t, []byte("eyJhbGciOiJSUzI1NiJ9.e30.c2ln")),
		"CLIENT_MANAGED_IDENTITY":    identityClientID,
	}
	for one, value := range each {
		vars := good()
		delete(vars, "CLIENT_SECRET")
		vars[one] = value
		_, err := load(lookupIn(vars), false)
		assert.NoError(t, err, one)
		for other, value := range each {
			if other == one {
				continue
			}
			both := maps.Clone(vars)
			both[other] = value
			_, err := load(lookupIn(both), false)
			if one == "AZURE_FEDERATED_TOKEN_FILE" || other == "AZURE_FEDERATED_TOKEN_FILE" {
				assert.NoError(t, err, "a platform may set it beside %s or %s", one, other)
				continue
			}
			require.Error(t, err, "%s and %s", one, other)
			assert.Contains(t, err.Error(), "are both set")
			assert.Contains(t, err.Error(), one)
			assert.Contains(t, err.Error(), other)
			assert.NotContains(t, err.Error(), "S3cret")
		}
	}
}

func TestEachWrongCredentialNamesItsVariable(t *testing.T) {
	for name, c := range map[string]struct {
		vars  map[string]string
		named string
		text  string
	}{
		"no secret file":     {map[string]string{"CLIENT_SECRET_FILE": "/nowhere/secret"}, "CLIENT_SECRET_FILE", "does not exist"},
		"a directory":        {map[string]string{"CLIENT_SECRET_FILE": t.TempDir()}, "CLIENT_SECRET_FILE", "not a regular file"},
		"two lines":          {map[string]string{"CLIENT_SECRET_FILE": inFile(t, []byte("S3cret\nS3cret"))}, "CLIENT_SECRET_FILE", "more than one line"},
		"no certificate":     {map[string]string{"CLIENT_CERTIFICATE_FILE": inFile(t, []byte("S3cret"))}, "CLIENT_CERTIFICATE_FILE", "neither PEM nor PKCS #12"},
		"no token":           {map[string]string{"AZURE_FEDERATED_TOKEN_FILE": inFile(t, []byte("S3cret"))}, "AZURE_FEDERATED_TOKEN_FILE", "signed token"},
		"identity by name":   {map[string]string{"CLIENT_MANAGED_IDENTITY": "my-identity"}, "CLIENT_MANAGED_IDENTITY", "not a client ID"},
		"identity elsewhere": {map[string]string{"CLIENT_MANAGED_IDENTITY": identityClientID, "AUTHORITY": "", "OIDC_AUTHORITY": "https://idp.example"}, "CLIENT_MANAGED_IDENTITY", "Entra authorities only"},
		"no date":            {map[string]string{"CLIENT_SECRET": "S3cret~Value", "CLIENT_SECRET_EXPIRES": "31/01/2027"}, "CLIENT_SECRET_EXPIRES", "2027-01-31"},
		"date of nothing":    {map[string]string{"CLIENT_MANAGED_IDENTITY": identityClientID, "CLIENT_SECRET_EXPIRES": "2027-01-31"}, "CLIENT_SECRET_EXPIRES", "without a secret"},
		"password of none":   {map[string]string{"CLIENT_SECRET": "S3cret~Value", "CLIENT_CERTIFICATE_PASSWORD": "S3cret"}, "CLIENT_CERTIFICATE_PASSWORD", "without a certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			vars := good()
			delete(vars, "CLIENT_SECRET")
			maps.Copy(vars, c.vars)
			_, err := load(lookupIn(vars), false)
			require.Error(t, err)
			assert.Contains(t, err.Error(), "there is a problem in its configuration")
			assert.Contains(t, err.Error(), "  "+c.named+" ")
			assert.Contains(t, err.Error(), c.text)
			assert.NotContains(t, err.Error(), "S3cret")
		})
	}
}

// Each kind of credential works from its variables on.
func TestEachCredentialSignsInThroughTheProgram(t *testing.T) {
	cert, certAndKey := certificate(t)
	tokens, err := identitytest.NewTokenIssuer("https://cluster.example", rsakeys.Key(0), nil)
	require.NoError(t, err)
	token, err := tokens.Token("a-pod", exchangeAudience, time.Hour)
	require.NoError(t, err)
	host := httptest.NewServer(&identitytest.IdentityEndpoint{Tokens: tokens, ClientID: identityClientID, PrincipalID: "a-principal", Header: "of-this-host"})
	defer host.Close()
	for name, c := range map[string]struct {
		vars map[string]string
		auth fakeidp.Authenticator
	}{
		"secret file": {map[string]string{"CLIENT_SECRET_FILE": inFile(t, []byte(fakeidp.DefaultClientSecret+"\n")), "CLIENT_SECRET_EXPIRES": "2030-01-31"}, nil},
		"certificate": {map[string]string{"CLIENT_CERTIFICATE_FILE": inFile(t, certAndKey)}, clientauth.NewCertificates(cert)},
		"federated token": {map[string]string{"AZURE_FEDERATED_TOKEN_FILE": inFile(t, []byte(token))},
			clientauth.NewFederated(tokens.Issuer(), "a-pod", exchangeAudience, tokens.Key())},
		"managed identity": {map[string]string{"CLIENT_MANAGED_IDENTITY": identityClientID, "IDENTITY_ENDPOINT": host.URL + identitytest.PathAppService, "IDENTITY_HEADER": "of-this-host"},
			clientauth.NewFederated(tokens.Issuer(), "a-principal", exchangeAudience, tokens.Key())},
	} {
		t.Run(name, func(t *testing.T) {
			vars := map[string]string{"CLIENT_SECRET": ""}
			maps.Copy(vars, c.vars)
			w := newWorld(t, vars)
			if c.auth != nil {
				client := fakeidp.DefaultClient()
				client.Secrets, client.Authenticator = nil, c.auth
				w.idp.AddClient(client)
			}
			w.browser().mustSignIn(fakeidp.UserMember)
			for _, secret := range []string{fakeidp.DefaultClientSecret, token, "MII", "of-this-host"} {
				assert.False(t, strings.Contains(w.logs.String(), secret))
			}
		})
	}
}

// The page for a wrong secret names CLIENT_SECRET_FILE if that is set: with
// CLIENT_SECRET beside it, the application would not start.
func TestTheRemedyForAWrongSecretNamesItsVariable(t *testing.T) {
	w := newWorld(t, map[string]string{"CLIENT_SECRET": "", "CLIENT_SECRET_FILE": inFile(t, []byte("Wr0ng~Secret"))})
	r := w.browser().signIn(fakeidp.UserMember)
	assert.Contains(t, r.body, "AADSTS7000215")
	assert.Contains(t, r.body, "into the file that CLIENT_SECRET_FILE names, if that is set, else into CLIENT_SECRET")
}
