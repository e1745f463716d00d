package standalone

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"webapp/internal/secretfile"
)

// certificateHosts are the hosts that the certificate authority may name.
var certificateHosts = []string{"localhost", "127.0.0.1", "::1"}

// The files of the certificate authority. keyFile has the key and the certificate,
// so that the two always fit. certificateFile is a copy of the certificate, which
// everybody may read.
const (
	keyFile         = "ca-key.pem"
	certificateFile = "ca.pem"
)

const (
	authorityLifetime = 10 * 365 * 24 * time.Hour
	leafLifetime      = 30 * 24 * time.Hour
	renewBefore       = 10 * 24 * time.Hour // before the end of a certificate
	clockSkew         = time.Hour
)

// authority is a certificate authority that can only name this machine. A client
// that trusts it trusts nothing else, even if somebody steals the key (name
// constraints; RFC 5280, section 4.2.1.10).
type authority struct {
	path string // of certificateFile
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	now  func() time.Time

	mu   sync.Mutex
	leaf *tls.Certificate
}

// openAuthority reads the certificate authority of a folder. It makes a new one if
// there is none, or if the old one ends soon.
func openAuthority(dir string, now func() time.Time, logger *slog.Logger) (*authority, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("-dir %s: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the folder of the certificate authority cannot be made: %w. Name another one with -dir", err)
	}
	path := filepath.Join(dir, keyFile)
	ca, err := readAuthority(path)
	if err == nil && now().After(ca.cert.NotAfter.Add(-renewBefore-leafLifetime)) {
		logger.Warn("the certificate authority ends soon, so it is replaced: every client must trust the new one")
		err = errors.Join(fs.ErrNotExist, os.Remove(path))
	}
	if errors.Is(err, fs.ErrNotExist) {
		if err = writeAuthority(dir, now()); err != nil {
			err = fmt.Errorf("%w. Name another folder with -dir", err)
		} else {
			logger.Info("a new certificate authority is made", "folder", dir)
			ca, err = readAuthority(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the certificate authority %s cannot be used: %w", path, err)
	}
	ca.path, ca.now = filepath.Join(dir, certificateFile), now
	if err := ca.publish(); err != nil {
		return nil, fmt.Errorf("the certificate of the authority cannot be written: %w. Name another folder with -dir", err)
	}
	return ca, nil
}

// readAuthority reads keyFile. errors.Is matches fs.ErrNotExist if it is missing.
func readAuthority(path string) (*authority, error) {
	const remedy = ". Delete the file to get a new authority, which every client must then trust, or name another folder with -dir"
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fs.ErrNotExist
	}
	if err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, errors.New("other accounts of this machine may read its key" + remedy)
	}
	text, err := secretfile.Read(path, 64<<10)
	if err != nil {
		return nil, fmt.Errorf("it %w%s", err, remedy)
	}
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		return nil, errors.New("it has no certificate with its key" + remedy)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !namesThisMachineOnly(pair.Leaf) {
		return nil, errors.New("it is another kind of certificate" + remedy)
	}
	return &authority{cert: pair.Leaf, key: key}, nil
}

// namesThisMachineOnly reports whether the name constraints are those of
// writeAuthority. Another certificate could name other hosts.
func namesThisMachineOnly(cert *x509.Certificate) bool {
	another := func(r *net.IPNet) bool {
		ones, bits := r.Mask.Size()
		return ones != bits || !r.IP.IsLoopback()
	}
	return cert.PermittedDNSDomainsCritical && slices.Equal(cert.PermittedDNSDomains, []string{"localhost"}) &&
		len(cert.PermittedIPRanges) > 0 && !slices.ContainsFunc(cert.PermittedIPRanges, another)
}

// writeAuthority makes keyFile, unless another process has just made it.
func writeAuthority(dir string, now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	_, only4, _ := net.ParseCIDR("127.0.0.1/32")
	_, only6, _ := net.ParseCIDR("::1/128")
	template := &x509.Certificate{
		// The random suffix tells two authorities apart in a browser's list.
		Subject:                     pkix.Name{CommonName: "webapp fakeidp demo authority " + rand.Text()[:6]},
		NotBefore:                   now.Add(-clockSkew),
		NotAfter:                    now.Add(authorityLifetime),
		IsCA:                        true,
		BasicConstraintsValid:       true,
		MaxPathLenZero:              true,
		KeyUsage:                    x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		ExtKeyUsage:                 []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         []string{"localhost"},
		PermittedIPRanges:           []*net.IPNet{only4, only6},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	text := append(pemBlock("PRIVATE KEY", der), pemBlock("CERTIFICATE", cert)...)
	return writeWhole(filepath.Join(dir, keyFile), text, 0o600, func(from, to string) error {
		if err := os.Link(from, to); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return os.Remove(from)
	})
}

// publish writes certificateFile if it is not this authority's.
func (ca *authority) publish() error {
	text := pemBlock("CERTIFICATE", ca.cert.Raw)
	if there, err := os.ReadFile(ca.path); err == nil && bytes.Equal(there, text) {
		return nil
	}
	return writeWhole(ca.path, text, 0o644, os.Rename)
}

// writeWhole writes the text into a new file beside path, and then calls move to put it at
// path. So nobody reads half of it.
func writeWhole(path string, text []byte, mode fs.FileMode, move func(from, to string) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 600
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	err = errors.Join(err, file.Chmod(mode), file.Close())
	if err == nil {
		err = move(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}

// certificate returns the certificate of the server. It makes a new one before the
// old one ends.
func (ca *authority) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	now := ca.now()
	if ca.leaf != nil && now.Before(ca.leaf.Leaf.NotAfter.Add(-renewBefore)) {
		return ca.leaf, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "webapp fakeidp"},
		NotBefore:   now.Add(-clockSkew),
		NotAfter:    now.Add(leafLifetime),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, &key.PublicKey, ca.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	ca.leaf = &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
	return ca.leaf, nil
}

func pemBlock(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
