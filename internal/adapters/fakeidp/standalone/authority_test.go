package standalone

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var silent = slog.New(slog.DiscardHandler)

func open(t *testing.T, dir string, now time.Time) *authority {
	t.Helper()
	ca, err := openAuthority(dir, func() time.Time { return now }, silent)
	require.NoError(t, err)
	return ca
}

func (ca *authority) roots() *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	return roots
}

func TestTheAuthorityIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	first := open(t, dir, time.Now())
	assert.Equal(t, first.cert.Raw, open(t, dir, time.Now()).cert.Raw)
	info, err := os.Stat(filepath.Join(dir, keyFile))
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	public, err := os.ReadFile(first.path)
	require.NoError(t, err)
	assert.NotContains(t, string(public), "PRIVATE")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 2, "and no other file")

	require.NoError(t, os.WriteFile(first.path, []byte("something else"), 0o600))
	open(t, dir, time.Now())
	again, err := os.ReadFile(first.path)
	require.NoError(t, err)
	assert.Equal(t, public, again, "the copy of the certificate is repaired")
}

// Somebody who steals the key can pretend to be this machine only, and only to it.
func TestTheAuthorityCannotNameAnythingElse(t *testing.T) {
	ca := open(t, t.TempDir(), time.Now())
	verify := func(template x509.Certificate, host string) error {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
		template.Subject = pkix.Name{CommonName: host}
		der, err := x509.CreateCertificate(rand.Reader, &template, ca.cert, &key.PublicKey, ca.key)
		require.NoError(t, err)
		leaf, err := x509.ParseCertificate(der)
		require.NoError(t, err)
		_, err = leaf.Verify(x509.VerifyOptions{Roots: ca.roots(), DNSName: host, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
		return err
	}
	for _, host := range []string{"login.microsoftonline.com", "evil.example", "localhost.evil.example", "192.0.2.1", "10.0.0.1", "127.0.0.2", "::2"} {
		template := x509.Certificate{DNSNames: []string{host}}
		if ip := net.ParseIP(host); ip != nil {
			template = x509.Certificate{IPAddresses: []net.IP{ip}}
		}
		require.ErrorContains(t, verify(template, host), "not permitted", host)
	}
	require.NoError(t, verify(x509.Certificate{DNSNames: []string{"localhost"}}, "localhost"))
	require.NoError(t, verify(x509.Certificate{IPAddresses: []net.IP{net.IPv6loopback}}, "::1"))
	for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageEmailProtection, x509.ExtKeyUsageCodeSigning} {
		assert.NotContains(t, ca.cert.ExtKeyUsage, usage)
	}
	assert.True(t, ca.cert.MaxPathLenZero, "it makes no other authority")
	critical := false
	for _, extension := range ca.cert.Extensions {
		critical = critical || extension.Critical && extension.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 30})
	}
	assert.True(t, critical, "name constraints")
}

func TestTheServersCertificate(t *testing.T) {
	now := time.Now()
	ca := open(t, t.TempDir(), now)
	ca.now = func() time.Time { return now }
	first, err := ca.certificate(nil)
	require.NoError(t, err)
	for _, host := range certificateHosts {
		_, err := first.Leaf.Verify(x509.VerifyOptions{Roots: ca.roots(), DNSName: host})
		require.NoError(t, err, host)
	}
	now = first.Leaf.NotAfter.Add(-renewBefore - time.Second)
	same, err := ca.certificate(nil)
	require.NoError(t, err)
	assert.Same(t, first, same)
	now = now.Add(2 * time.Second)
	renewed, err := ca.certificate(nil)
	require.NoError(t, err)
	assert.True(t, renewed.Leaf.NotAfter.After(first.Leaf.NotAfter), "renewed before its end")
	_, err = renewed.Leaf.Verify(x509.VerifyOptions{Roots: ca.roots(), DNSName: "localhost", CurrentTime: now})
	require.NoError(t, err)
}

func TestAnAuthorityThatEndsIsReplaced(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	first := open(t, dir, now)
	var log bytes.Buffer
	late := func() time.Time { return first.cert.NotAfter.Add(-renewBefore - leafLifetime + time.Second) }
	second, err := openAuthority(dir, late, slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	assert.NotEqual(t, first.cert.Raw, second.cert.Raw)
	assert.True(t, second.cert.NotAfter.After(first.cert.NotAfter))
	assert.Contains(t, log.String(), "must trust the new one")
	public, err := os.ReadFile(second.path)
	require.NoError(t, err)
	assert.Equal(t, pemBlock("CERTIFICATE", second.cert.Raw), public)
}

func TestBadAuthoritiesAreRefused(t *testing.T) {
	good := t.TempDir()
	open(t, good, time.Now())
	text, err := os.ReadFile(filepath.Join(good, keyFile))
	require.NoError(t, err)
	other := t.TempDir()
	open(t, other, time.Now())
	foreign, err := os.ReadFile(filepath.Join(other, certificateFile))
	require.NoError(t, err)
	key, certificate, _ := bytes.Cut(text, []byte("-----BEGIN CERTIFICATE"))
	leaf, err := open(t, good, time.Now()).certificate(nil)
	require.NoError(t, err)
	leafKey, err := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
	require.NoError(t, err)
	// An authority of somebody else, which can name other hosts.
	wider := func(domains []string, ranges ...string) []byte {
		template := x509.Certificate{IsCA: true, BasicConstraintsValid: true, NotAfter: time.Now().Add(authorityLifetime), PermittedDNSDomainsCritical: true, PermittedDNSDomains: domains}
		for _, text := range ranges {
			_, ipNet, err := net.ParseCIDR(text)
			require.NoError(t, err)
			template.PermittedIPRanges = append(template.PermittedIPRanges, ipNet)
		}
		der, err := x509.CreateCertificate(rand.Reader, &template, &template, leaf.PrivateKey.(*ecdsa.PrivateKey).Public(), leaf.PrivateKey)
		require.NoError(t, err)
		return append(pemBlock("PRIVATE KEY", leafKey), pemBlock("CERTIFICATE", der)...)
	}
	const only4, only6 = "127.0.0.1/32", "::1/128"
	for name, c := range map[string]struct {
		text []byte
		mode os.FileMode
		want string
	}{
		"open to the group": {text, 0o640, "other accounts"},
		"open to everybody": {text, 0o604, "other accounts"},
		"empty":             {nil, 0o600, "empty"},
		"no PEM":            {[]byte("nonsense"), 0o600, "no certificate"},
		"key only":          {key, 0o600, "no certificate"},
		"certificate only":  {certificate, 0o600, "no certificate"},
		"another's key":     {append(bytes.Clone(key), foreign...), 0o600, "no certificate with its key"},
		"no authority":      {append(pemBlock("PRIVATE KEY", leafKey), pemBlock("CERTIFICATE", leaf.Leaf.Raw)...), 0o600, "another kind"},
		"another host too":  {wider([]string{"localhost", "example.com"}, only4, only6), 0o600, "another kind"},
		"every host":        {wider([]string{""}, only4, only6), 0o600, "another kind"},
		"every address":     {wider([]string{"localhost"}), 0o600, "another kind"},
		"another address":   {wider([]string{"localhost"}, only4, "192.0.2.1/32"), 0o600, "another kind"},
		"a network":         {wider([]string{"localhost"}, only6, "127.0.0.0/1"), 0o600, "another kind"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, keyFile)
			require.NoError(t, os.WriteFile(path, c.text, c.mode))
			require.NoError(t, os.Chmod(path, c.mode))
			_, err := openAuthority(dir, time.Now, silent)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, path)
			require.ErrorContains(t, err, "Delete the file")
			kept, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(c.text), string(kept), "it is left as it was")
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = openAuthority(filepath.Join(file, "below"), time.Now, silent)
	require.ErrorContains(t, err, "-dir")
	require.NoError(t, os.Remove(filepath.Join(good, certificateFile)))
	require.NoError(t, os.Mkdir(filepath.Join(good, certificateFile), 0o700))
	_, err = openAuthority(good, time.Now, silent)
	require.ErrorContains(t, err, "-dir")
}

// Two programs that start at the same time use one authority.
func TestOneAuthorityForStartsAtTheSameTime(t *testing.T) {
	dir := t.TempDir()
	found := make([]*authority, 16)
	var all sync.WaitGroup
	for i := range found {
		all.Go(func() { found[i], _ = openAuthority(dir, time.Now, silent) })
	}
	all.Wait()
	for _, ca := range found {
		require.NotNil(t, ca)
		assert.Equal(t, found[0].cert.Raw, ca.cert.Raw)
	}
}

func TestAClientThatDoesNotTrustTheAuthority(t *testing.T) {
	r := start(t, https)
	_, err := http.Get(r.base)
	require.ErrorContains(t, err, "certificate")
	_, err = tls.Dial("tcp", r.base[len("https://"):], &tls.Config{MaxVersion: tls.VersionTLS11})
	require.Error(t, err)
}
