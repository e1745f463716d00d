package entra_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/rsakeys"
)

// pair is a certificate with its key.
type pair struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// certify returns a certificate for key. from and until are offsets from the clock's
// noon. A nil issuer means self-signed.
func certify(t testing.TB, name string, key crypto.Signer, issuer *pair, from, until time.Duration) pair {
	t.Helper()
	noon := newClock().Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: noon.Add(from), NotAfter: noon.Add(until),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	parent, signer := template, key
	if issuer != nil {
		parent, signer = issuer.cert, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return pair{cert, key}
}

const year = 365 * 24 * time.Hour

// goodPair returns a certificate that is valid for a year around the clock's noon.
func goodPair(t testing.TB, i int) pair {
	t.Helper()
	return certify(t, "webapp", rsakeys.Key(i), nil, -time.Hour, year)
}

func (p pair) certPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.cert.Raw})
}

func (p pair) keyPEM(t testing.TB) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func (p pair) pem(t testing.TB) []byte { return join(p.certPEM(), p.keyPEM(t)) }

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func ecKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

// tempFile writes a file that only the owner can read.
func tempFile(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "credential")
	overwrite(t, path, data)
	return path
}

func overwrite(t testing.TB, path string, data []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, data, 0o600))
}

// replace replaces a file by a rename.
func replace(t testing.TB, path string, data []byte) {
	t.Helper()
	overwrite(t, path+".new", data)
	require.NoError(t, os.Rename(path+".new", path))
}

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("credential", "testdata", "certificates", name))
	require.NoError(t, err)
	return data
}

// anyOf accepts every credential that one of several authenticators accepts.
type anyOf []fakeidp.Authenticator

func (a anyOf) Authenticate(ctx context.Context, proof fakeidp.Proof) (err error) {
	for _, one := range a {
		if err = one.Authenticate(ctx, proof); err == nil {
			return nil
		}
	}
	return err
}
