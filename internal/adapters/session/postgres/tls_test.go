//go:build integration

package postgres

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
	"webapp/internal/test/servertest"
)

// certificate makes a self-signed certificate for db.example and returns the files of
// the certificate and its key.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "PostgreSQL of a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{"db.example"},
		IsCA:     true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	dir := t.TempDir()
	write := func(name, kind string, content []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600))
		return path
	}
	return write("cert.pem", "CERTIFICATE", signed), write("key.pem", "PRIVATE KEY", der)
}

// TestTLSToAnotherMachine uses a real server with TLS and host names that seem to be
// on another machine.
func TestTLSToAnotherMachine(t *testing.T) {
	cert, key := certificate(t)
	withTLS, without := servertest.StartPostgreSQLTLS(t, cert, key), servertest.StartPostgreSQL(t)
	ready := func(server *servertest.PostgreSQL, host string, parameters url.Values) error {
		u := url.URL{
			Scheme: "postgres", User: url.UserPassword("postgres", servertest.PostgresPassword),
			Host: host, Path: "/postgres", RawQuery: parameters.Encode(),
		}
		config, err := configure(u.String())
		require.NoError(t, err)
		elsewhere(config, server.Addr)
		s, err := start(t.Context(), config, time.Now, nil)
		require.NoError(t, err)
		defer s.Close()
		err = s.Ready(t.Context())
		if err != nil {
			require.ErrorIs(t, err, ports.ErrStoreUnavailable)
			require.NotContains(t, err.Error(), servertest.PostgresPassword)
			require.NotContains(t, err.Error(), "example")
		}
		return err
	}
	known := url.Values{"sslrootcert": {cert}}
	require.NoError(t, ready(withTLS, "db.example", known))
	require.ErrorContains(t, ready(withTLS, "other.example", known), "not valid for the host in the address")
	require.ErrorContains(t, ready(withTLS, "db.example", nil), "its authority is not trusted on this machine")
	require.ErrorContains(t, ready(without, "db.example", known), "the server does not offer TLS")
	require.NoError(t, ready(without, "db.example", url.Values{"sslmode": {"disable"}}))
}
