package doctor_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/cmd/webapp/doctor"
	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/entra/credential"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/fakeidp/clientauth"
	"webapp/internal/adapters/session/memory"
	"webapp/internal/ports/portstest"
	"webapp/internal/test/rsakeys"
)

const (
	idpHost = "idp.example"
	appHost = "app.example.com"
	apiHost = "api.example"
	// nobody is a route on which a connection times out.
	nobody = "nobody"
	// closedAddress is an address of this machine where no program listens. The
	// kernel never assigns its port.
	closedAddress = "127.0.0.1:1"
	// refusedOnWindows is a route on which a connection fails as it does on Windows.
	refusedOnWindows = "refused on Windows"
	day              = 24 * time.Hour
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// world has a provider, an API and a running application behind a proxy, each with
// its own host name, and a fixed time. A test adds its fault before it calls examine.
type world struct {
	t   *testing.T
	cfg doctor.Config
	idp *fakeidp.Provider
	ca  *authority

	// clock is the doctor's clock. The servers' clock stays at noon.
	clock *portstest.Clock
	// routes maps host:port to the address where the server listens.
	routes map[string]string
	// serve has the handlers by host:port.
	serve map[string]http.Handler
	// certificate is the provider's. The other servers have valid ones.
	certificate tls.Certificate
	app         *standIn
	// proxy is the proxy for the provider, or nil.
	proxy *url.URL
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, ca: newAuthority(t), clock: portstest.NewClock(noon), routes: map[string]string{}, app: newStandIn()}
	w.idp = newIDP(t, fakeidp.Config{})
	w.certificate = w.ca.issue(t, idpHost, -day, 90*day)
	w.serve = map[string]http.Handler{
		idpHost + ":443": w.idp, appHost + ":443": w.app, apiHost + ":443": http.HandlerFunc(unauthorized),
		appHost + ":80": http.RedirectHandler("https://"+appHost+"/", http.StatusPermanentRedirect),
	}
	w.cfg = w.config()
	return w
}

func newIDP(t *testing.T, c fakeidp.Config) *fakeidp.Provider {
	t.Helper()
	c.BaseURL, c.NewKey, c.Clock = "https://"+idpHost, rsakeys.Sequence(), func() time.Time { return noon }
	idp, err := fakeidp.New(c)
	require.NoError(t, err)
	client := fakeidp.DefaultClient()
	client.RedirectURIs = []string{"https://" + appHost + "/getAToken"}
	idp.AddClient(client)
	return idp
}

// pushing gives the provider and the application pushed authorization requests.
func (w *world) pushing(c fakeidp.Config) {
	w.idp = newIDP(w.t, c)
	w.serve[idpHost+":443"] = w.idp
	w.app.pushed = true
}

func (w *world) config() doctor.Config {
	return doctor.Config{
		Entra: entra.Config{
			Authority: w.idp.Authority(fakeidp.ContosoTenantID),
			ClientID:  fakeidp.DefaultClientID, Credential: credential.Config{Secret: fakeidp.DefaultClientSecret},
			RedirectURI: "https://" + appHost + "/getAToken",
		},
		AuthorityVariable: "AUTHORITY",
		RedirectURI:       "https://" + appHost + "/getAToken", ListenAddr: "localhost:3000",
		StoreScheme: "redis",
		OpenStore:   func(context.Context) (doctor.Store, error) { return memory.New(w.clock.Now), nil },
		Endpoint:    "https://" + apiHost + "/me",
		PublicURL:   &url.URL{Scheme: "https", Host: appHost},
		LookupHost:  w.lookup,
		Now:         w.clock.Now,
	}
}

// start starts the servers and returns a transport that reaches them.
func (w *world) start() *http.Transport {
	for address, handler := range w.serve {
		server := httptest.NewUnstartedServer(dated(handler))
		server.Config.ErrorLog = discard()
		host, port, _ := net.SplitHostPort(address)
		switch {
		case port == "80":
			server.Start()
		case host == idpHost:
			server.TLS = &tls.Config{Certificates: []tls.Certificate{w.certificate}}
			server.StartTLS()
		default:
			server.TLS = &tls.Config{Certificates: []tls.Certificate{w.ca.issue(w.t, host, -day, 90*day)}}
			server.StartTLS()
		}
		w.t.Cleanup(server.Close)
		if w.routes[address] == "" {
			w.routes[address] = server.Listener.Addr().String()
		}
	}
	if w.cfg.Transport != nil {
		return w.cfg.Transport
	}
	return &http.Transport{
		Proxy:           w.proxyFor,
		DialContext:     w.dial,
		TLSClientConfig: &tls.Config{RootCAs: w.ca.pool, Time: w.clock.Now},
	}
}

func (w *world) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if route, ok := w.routes[address]; ok {
		address = route
	}
	if address == nobody {
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.ErrDeadlineExceeded}
	}
	if address == refusedOnWindows {
		const wsaeConnRefused = syscall.Errno(10061)
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connectex", wsaeConnRefused)}
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// proxyFor returns the proxy for the provider, and none for other hosts.
func (w *world) proxyFor(r *http.Request) (*url.URL, error) {
	if r.URL.Hostname() != idpHost {
		return nil, nil
	}
	return w.proxy, nil
}

func (w *world) lookup(_ context.Context, host string) ([]string, error) {
	switch host {
	case idpHost, appHost, apiHost, "proxy.example":
		return []string{"192.0.2.1", "192.0.2.2"}, nil
	case "silent.example":
		return nil, &net.DNSError{Err: "timeout", Name: host, IsTimeout: true}
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// dated sets the Date header to noon, unless next sets another one.
func dated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", noon.Format(http.TimeFormat))
		next.ServeHTTP(w, r)
	})
}

func unauthorized(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }

// authority issues certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"},
		NotBefore: noon.Add(-400 * day), NotAfter: noon.Add(400 * day),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	a := &authority{key: key, pool: x509.NewCertPool()}
	a.cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	a.pool.AddCert(a.cert)
	return a
}

// issue makes a server's certificate. It is valid from noon+from until noon+until.
func (a *authority) issue(t *testing.T, host string, from, until time.Duration) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{host}, NotBefore: noon.Add(from), NotAfter: noon.Add(until),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// clientCertificate makes a client certificate and writes it with its key to a file.
func clientCertificate(t *testing.T, until time.Duration) (*x509.Certificate, string) {
	t.Helper()
	key := rsakeys.Key(0)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "webapp"}, NotBefore: noon.Add(-day), NotAfter: noon.Add(until),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	file := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	path := filepath.Join(t.TempDir(), "webapp.pem")
	require.NoError(t, os.WriteFile(path, file, 0o600))
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert, path
}

// useCertificate configures a certificate instead of a secret.
func (w *world) useCertificate(registered bool, until time.Duration) {
	cert, path := clientCertificate(w.t, until)
	client := fakeidp.DefaultClient()
	client.Secrets, client.Authenticator = nil, clientauth.NewCertificates()
	if registered {
		client.Authenticator = clientauth.NewCertificates(cert)
	}
	w.idp.AddClient(client)
	w.cfg.Entra.Credential.Secret, w.cfg.Entra.Credential.CertificateFile = "", path
}

// anotherProvider configures the provider by OIDC_AUTHORITY.
func (w *world) anotherProvider() {
	w.cfg.Entra.Issuer, w.cfg.Entra.Authority = w.idp.Issuer(fakeidp.ContosoTenantID), ""
	w.cfg.AuthorityVariable = "OIDC_AUTHORITY"
	w.serve[idpHost+":443"] = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.idp.ServeHTTP(rw, r)
	})
}

// commonAuthority configures the authority common.
func (w *world) commonAuthority(allowed ...string) {
	w.cfg.Entra.Authority, w.cfg.Entra.AllowedTenants = w.idp.Authority("common"), allowed
	w.app.authorize = "/common/oauth2/v2.0/authorize"
	// The provider makes the keys of personal accounts at the first request, which
	// can take longer than the time limit of a check.
	req := httptest.NewRequest(http.MethodGet, "https://"+idpHost+"/common/discovery/v2.0/keys", nil)
	w.idp.ServeHTTP(httptest.NewRecorder(), req)
}

// b2c configures the user flows of Azure AD B2C. change changes the response of the
// provider to a request below the user flow for the profile; it returns false to let the
// provider respond.
func (w *world) b2c(change func(rw http.ResponseWriter, r *http.Request) bool) {
	const edit = "B2C_1_profileediting1"
	w.cfg.Entra.Authority = w.idp.Authority("contoso.example/B2C_1_signupsignin1")
	w.cfg.Entra.EditProfilePolicy, w.cfg.Entra.ResetPasswordPolicy = edit, "B2C_1_passwordreset1"
	w.cfg.AuthorityVariable = "B2C_TENANT_NAME"
	w.app.authorize = "/contoso.example/b2c_1_signupsignin1/oauth2/v2.0/authorize"
	w.serve[idpHost+":443"] = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !strings.Contains(strings.ToLower(r.URL.Path), strings.ToLower(edit)) || !change(rw, r) {
			w.idp.ServeHTTP(rw, r)
		}
	})
}
