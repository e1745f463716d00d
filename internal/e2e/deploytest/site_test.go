//go:build integration

package deploytest

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/browsertest"
)

// sessionKey is shared by the instances of a site.
const sessionKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// site is a real proxy with an example configuration at https://localhost, with up
// to two instances of the application and a provider.
type site struct {
	t         *testing.T
	ca        *authority
	idp       *fakeidp.Provider
	origin    string // https
	plainAddr string // the proxy's address for http
	tlsAddr   string
	logs      string // directory of nginx's logs
	env       map[string]string
	ports     [2]int // of the instances
	apps      [2]*browsertest.App
}

// newSite starts nginx and the provider, but no instance. env is the environment of
// the instances.
func newSite(t *testing.T, env map[string]string) *site {
	t.Helper()
	s := newBareSite(t, env)
	second := fmt.Sprintf("server 127.0.0.1:%d", s.ports[1])
	s.startNginx("deploy/nginx/webapp.conf", [2]string{"# server 127.0.0.1:3001", second})
	return s
}

// newBareSite starts the provider, but no proxy and no instance. A REDIRECT_URI in env
// is a path of the site.
func newBareSite(t *testing.T, env map[string]string) *site {
	t.Helper()
	s := &site{t: t, ca: newAuthority(t), logs: t.TempDir()}
	s.ports = [2]int{browsertest.FreePort(t), browsertest.FreePort(t)}
	s.tlsAddr = fmt.Sprintf("127.0.0.1:%d", browsertest.FreePort(t))
	s.plainAddr = fmt.Sprintf("127.0.0.1:%d", browsertest.FreePort(t))
	s.origin = "https://localhost:" + portOf(s.tlsAddr)
	s.env = map[string]string{
		"CLIENT_ID": fakeidp.DefaultClientID, "CLIENT_SECRET": fakeidp.DefaultClientSecret,
		"REDIRECT_URI": s.origin + "/getAToken", "RESPONSE_MODE": "form_post",
		"TRUSTED_PROXIES": "127.0.0.1/32", "LOG_FORMAT": "json", "SESSION_KEY": sessionKey,
	}
	maps.Copy(s.env, env)
	if strings.HasPrefix(s.env["REDIRECT_URI"], "/") {
		s.env["REDIRECT_URI"] = s.origin + s.env["REDIRECT_URI"]
	}
	s.startProvider()
	s.env["AUTHORITY"] = s.idp.Authority(fakeidp.ContosoTenantID)
	return s
}

func (s *site) startProvider() {
	client := fakeidp.DefaultClient()
	client.RedirectURIs = []string{s.env["REDIRECT_URI"]}
	client.PostLogoutRedirectURIs = []string{s.origin + s.env["BASE_PATH"] + "/"}
	idp, err := fakeidp.New(fakeidp.Config{Clients: []fakeidp.Client{client}})
	require.NoError(s.t, err)
	_, err = idp.Start("127.0.0.1:0")
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = idp.Close() })
	s.idp = idp
}

// start runs the instance with this index until stop or the end of the test.
func (s *site) start(i int) {
	s.t.Helper()
	env := maps.Clone(s.env)
	env["LISTEN_ADDR"] = fmt.Sprintf("127.0.0.1:%d", s.ports[i])
	s.apps[i] = browsertest.StartApp(s.t, browsertest.AppConfig{Binary: binary, Port: s.ports[i], Env: env})
	s.apps[i].URL = "http://" + env["LISTEN_ADDR"]
}

// startNginx runs an example with the names, addresses and files of this test. edits
// replace more texts of the example.
func (s *site) startNginx(example string, edits ...[2]string) {
	dir := s.t.TempDir()
	certificate, key := s.ca.issuePEM(s.t, "localhost")
	require.NoError(s.t, os.WriteFile(filepath.Join(dir, "fullchain.pem"), certificate, 0o600))
	require.NoError(s.t, os.WriteFile(filepath.Join(dir, "privkey.pem"), key, 0o600))
	user := ""
	if os.Getuid() == 0 {
		user = "user root;\n" // root owns the test's folders
	}
	temp := ""
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		temp += fmt.Sprintf("%s_temp_path %s;\n", kind, filepath.Join(dir, kind))
	}
	whole := fmt.Sprintf("daemon off;\n%spid %s;\nerror_log stderr warn;\nworker_processes 1;\nevents {}\nhttp {\n%s%s}\n",
		user, filepath.Join(dir, "pid"), temp, s.config(dir, example, edits))
	path := filepath.Join(dir, "nginx.conf")
	require.NoError(s.t, os.WriteFile(path, []byte(whole), 0o600))
	out, err := exec.Command("nginx", "-t", "-e", "stderr", "-c", path).CombinedOutput()
	require.NoError(s.t, err, string(out))
	assert.NotContains(s.t, string(out), "[warn]")

	nginx := browsertest.StartProcess(s.t, exec.Command("nginx", "-e", "stderr", "-c", path), nil)
	s.t.Cleanup(nginx.Stop)
	s.awaitProxy()
}

// awaitProxy waits until the proxy listens.
func (s *site) awaitProxy() {
	require.Eventually(s.t, func() bool {
		conn, err := net.Dial("tcp", s.tlsAddr)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, patience, patience/1000)
}

// config returns the example with the names, addresses and files of this test.
// Nothing else changes.
func (s *site) config(dir, example string, edits [][2]string) string {
	s.t.Helper()
	text := edited(s.t, read(s.t, example), append(edits, [][2]string{
		{"/etc/ssl/app.example.com/", dir + "/"},
		{"https://app.example.com$", s.origin + "$"},
		{"server_name app.example.com;", "server_name localhost;"},
		{"server 127.0.0.1:3000", fmt.Sprintf("server 127.0.0.1:%d", s.ports[0])},
		{"/var/log/nginx/", s.logs + "/"},
		{"listen 443 ", "listen " + s.tlsAddr + " "},
		{"listen 80 ", "listen " + s.plainAddr + " "},
		{"listen 80;", "listen " + s.plainAddr + ";"},
	}...))
	return regexp.MustCompile(`(?m)^ *listen \[::].*\n`).ReplaceAllString(text, "")
}

// edited replaces the first text of each pair by the second. The first text must
// exist.
func edited(t *testing.T, text string, edits [][2]string) string {
	t.Helper()
	for _, edit := range edits {
		require.Contains(t, text, edit[0])
		text = strings.ReplaceAll(text, edit[0], edit[1])
	}
	return text
}

func portOf(address string) string { return address[strings.LastIndex(address, ":")+1:] }

// log returns all logs of nginx.
func (s *site) log() string {
	s.t.Helper()
	var all strings.Builder
	for _, name := range []string{"webapp.log", "webapp-error.log"} {
		text, err := os.ReadFile(filepath.Join(s.logs, name))
		require.NoError(s.t, err)
		all.Write(text)
	}
	return all.String()
}

// awaitLog waits until nginx has logged text, because nginx logs after the response.
func (s *site) awaitLog(text string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return strings.Contains(s.log(), text) }, patience, patience/1000, text)
}

// person is a browser with its own address. It does not follow redirects.
type person struct {
	s      *site
	client *http.Client
}

// visitor returns a browser at this loopback address, which nginx sees as the
// client's.
func (s *site) visitor(address string) *person {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: s.ca.pool()},
		ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, _, to string) (net.Conn, error) {
			return dialer.DialContext(ctx, "tcp4", "127.0.0.1:"+portOf(to))
		},
	}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &person{s, &http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// reply is a response and its body.
type reply struct {
	*http.Response
	body string
}

// try sends a request. A target without a host is a path of the site.
func (p *person) try(method, target string, form url.Values, headers ...string) (reply, error) {
	if strings.HasPrefix(target, "/") {
		target = p.s.origin + target
	}
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequest(method, target, body)
	if err != nil {
		return reply{}, err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := p.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return reply{res, string(text)}, err
}

func (p *person) do(method, target string, form url.Values, headers ...string) reply {
	p.s.t.Helper()
	r, err := p.try(method, target, form, headers...)
	require.NoError(p.s.t, err)
	return r
}

func (p *person) get(target string, headers ...string) reply {
	p.s.t.Helper()
	return p.do(http.MethodGet, target, nil, headers...)
}

// signIn signs in and returns the authorization response and the response of the
// callback.
func (p *person) signIn(username string) (fakeidp.AuthResponse, reply) {
	p.s.t.Helper()
	begun := p.get("/login?return_to=/logout")
	require.Equal(p.s.t, http.StatusSeeOther, begun.StatusCode, begun.body)
	answer, err := p.s.idp.Authorize(begun.Header.Get("Location"), username)
	require.NoError(p.s.t, err)
	if !answer.FormPost {
		return answer, p.get(answer.URL())
	}
	return answer, p.do(http.MethodPost, answer.RedirectURI, answer.Values,
		"Origin", p.s.idp.BaseURL(), "Sec-Fetch-Site", "cross-site")
}
