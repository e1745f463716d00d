//go:build integration && linux

package redis

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/test/servertest"
)

// certificate writes a self-signed certificate for 127.0.0.1 to cert.pem and key.pem.
func certificate(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "redis of a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:        true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	write := func(name, kind string, bytes []byte) error {
		return os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600)
	}
	return errors.Join(write("cert.pem", "CERTIFICATE", cert), write("key.pem", "PRIVATE KEY", der))
}

func startTLS(t *testing.T, dir string) *servertest.Redis {
	return servertest.StartRedisTLS(t, filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
}

// TestTLS uses the certificate of TestMain, which is trusted.
func TestTLS(t *testing.T) {
	trusted := startTLS(t, filepath.Dir(os.Getenv("SSL_CERT_FILE")))
	s := open(t, "rediss://"+trusted.Addr, nil)
	require.NoError(t, s.Ready(t.Context()))
	create(t, s, record("k", "v", "index"))

	_, port, err := net.SplitHostPort(trusted.Addr)
	require.NoError(t, err)
	requireUnavailable(t, open(t, "rediss://localhost:"+port, nil), "not trusted: it is not valid for the host")
	requireUnavailable(t, open(t, "redis://"+trusted.Addr, nil), "rediss://")

	dir := t.TempDir()
	require.NoError(t, certificate(dir))
	foreign := startTLS(t, dir)
	requireUnavailable(t, open(t, "rediss://"+foreign.Addr, nil), "not trusted: its authority is not trusted on this machine")

	// The server waits for the end of a line, which a TLS handshake does not have.
	plain, _ := single(t)
	requireUnavailable(t, open(t, "rediss://"+plain.Addr, nil), "no answer in time")
}
