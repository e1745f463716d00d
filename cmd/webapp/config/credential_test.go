package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A password from a file opens the certificate of Entra's tests.
func TestThePasswordOfACertificateInAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(path, []byte("Pa55-of-the-tests\r\n"), 0o600))
	vars := good()
	delete(vars, "CLIENT_SECRET")
	vars["CLIENT_CERTIFICATE_FILE"] = "../../../internal/adapters/entra/credential/testdata/certificates/openssl3.pfx"
	vars["CLIENT_CERTIFICATE_PASSWORD_FILE"] = path
	_, err := load(lookupIn(vars), false)
	require.NoError(t, err)

	vars["CLIENT_CERTIFICATE_PASSWORD"] = "Pa55-of-the-tests"
	_, err = load(lookupIn(vars), false)
	require.ErrorContains(t, err, "CLIENT_CERTIFICATE_PASSWORD and CLIENT_CERTIFICATE_PASSWORD_FILE are both set")
	assert.ErrorContains(t, err, "Remove one of the two.")

	delete(vars, "CLIENT_CERTIFICATE_PASSWORD")
	vars["CLIENT_CERTIFICATE_PASSWORD_FILE"] = filepath.Join(t.TempDir(), "missing")
	_, err = load(lookupIn(vars), false)
	require.ErrorContains(t, err, "CLIENT_CERTIFICATE_PASSWORD_FILE does not exist")
}
