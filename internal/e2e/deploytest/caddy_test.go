//go:build integration

package deploytest

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/browsertest"
)

// caddyBinary returns the Caddy under test: Debian's, or the one in the variable CADDY.
func caddyBinary() string { return cmp.Or(os.Getenv("CADDY"), "caddy") }

// startCaddy runs the example Caddyfile with the second instance. Caddy logs to its
// output. options are more global options.
func (s *site) startCaddy(options ...string) *browsertest.Process {
	s.t.Helper()
	return s.runCaddy("deploy/caddy/Caddyfile", options,
		[2]string{"to 127.0.0.1:3000", fmt.Sprintf("to 127.0.0.1:%d", s.ports[0])},
		[2]string{"# to 127.0.0.1:3001", fmt.Sprintf("to 127.0.0.1:%d", s.ports[1])})
}

// runCaddy runs an example with the names, addresses and files of this test. edits
// replace more texts of the example.
func (s *site) runCaddy(example string, options []string, edits ...[2]string) *browsertest.Process {
	s.t.Helper()
	dir := s.t.TempDir()
	certificate, key := s.ca.issuePEM(s.t, "localhost")
	require.NoError(s.t, os.WriteFile(filepath.Join(dir, "fullchain.pem"), certificate, 0o600))
	require.NoError(s.t, os.WriteFile(filepath.Join(dir, "privkey.pem"), key, 0o600))
	text := edited(s.t, read(s.t, example), append(edits, [][2]string{
		{"\n{\n", fmt.Sprintf("\n{\nadmin off\ndefault_bind 127.0.0.1\nhttp_port %s\nhttps_port %s\n%s", portOf(s.plainAddr), portOf(s.tlsAddr), strings.Join(options, "\n"))},
		{"\napp.example.com {\n", fmt.Sprintf("\nlocalhost {\ntls %s/fullchain.pem %s/privkey.pem\n", dir, dir)},
	}...))
	path := filepath.Join(dir, "Caddyfile")
	require.NoError(s.t, os.WriteFile(path, []byte(text), 0o600))
	caddy := browsertest.StartProcess(s.t, exec.Command(caddyBinary(), "run", "--config", path, "--adapter", "caddyfile"),
		map[string]string{"XDG_DATA_HOME": dir, "XDG_CONFIG_HOME": dir})
	s.t.Cleanup(caddy.Stop)
	s.awaitProxy()
	return caddy
}

func TestCaddyAcceptsTheExamples(t *testing.T) {
	for _, example := range []string{"Caddyfile", "forward-auth.Caddyfile"} {
		path, err := filepath.Abs(filepath.Join(root, "deploy/caddy", example))
		require.NoError(t, err)
		cmd := exec.Command(caddyBinary(), "validate", "--config", path, "--adapter", "caddyfile")
		cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+t.TempDir(), "XDG_CONFIG_HOME="+t.TempDir())
		out, err := cmd.CombinedOutput()
		assert.NoError(t, err, string(out))
		assert.Contains(t, string(out), "Valid configuration")
	}
}

func TestSignInThroughCaddy(t *testing.T) {
	c := newCollector(t)
	s := newBareSite(t, c.env())
	s.start(0) // Caddy checks the instances at its start and then every five seconds
	caddy := s.startCaddy()
	p := s.visitor("127.0.0.2")
	answer, landed := p.signIn(fakeidp.UserMember)
	require.True(t, answer.FormPost)
	require.Equal(t, http.StatusSeeOther, landed.StatusCode, landed.body)
	in := p.get("/")
	assert.Contains(t, in.body, "Welcome Adele Vance!")
	assert.Equal(t, 2, in.ProtoMajor, "HTTP/2")
	out := p.do(http.MethodPost, "/logout", url.Values{}, "Origin", s.origin, "Sec-Fetch-Site", "same-origin")
	require.Equal(t, http.StatusSeeOther, out.StatusCode, out.body)
	assert.Contains(t, out.Header.Get("Location"), url.QueryEscape(s.origin+"/"), "back to the public origin")
	assert.NotContains(t, p.get("/").body, "Welcome")
	for _, r := range []reply{landed, in, out, p.get("/missing")} {
		assert.Equal(t, []string{"max-age=31536000"}, r.Header.Values(hsts), r.Request.URL.Path)
	}
	large := p.do(http.MethodPost, "/getAToken", url.Values{"code": {strings.Repeat("c", 70<<10)}})
	assert.GreaterOrEqual(t, large.StatusCode, 400)
	long := p.get("/missing?" + url.Values{"code": {"S3cretCode" + strings.Repeat("c", 9000)}}.Encode())
	assert.Equal(t, http.StatusNotFound, long.StatusCode, "Entra's callbacks pass 4096 bytes")
	plain := p.get("http://localhost:" + portOf(s.plainAddr) + "/call_api?x=1")
	assert.Equal(t, http.StatusPermanentRedirect, plain.StatusCode)
	assert.Equal(t, "https://localhost/call_api?x=1", plain.Header.Get("Location"), "Caddy's own https port is left out")

	secrets := []string{answer.Values.Get("code"), answer.Values.Get("state"), "S3cretCode"}
	for _, cookie := range landed.Cookies() {
		if cookie.MaxAge >= 0 {
			secrets = append(secrets, cookie.Value)
		}
	}
	require.Greater(t, len(secrets), 3)
	caddy.WaitForOutput(`/missing?"`)
	for _, secret := range secrets {
		assert.NotContains(t, caddy.Output(), secret)
	}
	s.checkForgedHeaders(c)
}

func TestCaddyWithoutInstances(t *testing.T) {
	s := newBareSite(t, map[string]string{"RESPONSE_MODE": "query"})
	// Caddy 2.6 logs an error that handle_errors has handled only at this level.
	// Later versions always log it.
	caddy := s.startCaddy("debug")
	p := s.visitor("127.0.0.2")
	r := p.get("/getAToken?code=S3cretCode&state=S3cretState", "Referer", "https://idp.example/?code=S3cretReferer", "Cookie", "own=S3cretCookie")
	assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode)
	assert.Equal(t, "5", r.Header.Get("Retry-After"))
	assert.Equal(t, "no-store", r.Header.Get("Cache-Control"))
	assert.Equal(t, "text/plain; charset=utf-8", r.Header.Get("Content-Type"))
	assert.Equal(t, []string{"max-age=31536000"}, r.Header.Values(hsts))
	assert.Contains(t, r.body, "try again")
	for _, log := range []string{"http.log.error", "http.log.access"} {
		caddy.WaitForOutput(`"logger":"` + log)
	}
	assert.GreaterOrEqual(t, strings.Count(caddy.Output(), `"uri":"/getAToken?"`), 2, "the error's entry names the address too")
	assert.NotContains(t, caddy.Output(), "S3cret")

	s.start(1)
	_, landed := p.signIn(fakeidp.UserMember)
	assert.Equal(t, http.StatusSeeOther, landed.StatusCode, "it heals by itself; %s", landed.body)
	assert.Contains(t, p.get("/").body, "Welcome")
	large := p.do(http.MethodPost, "/getAToken", url.Values{"code": {strings.Repeat("c", 70<<10)}})
	assert.Equal(t, http.StatusRequestEntityTooLarge, large.StatusCode, "not every error is an outage")
	assert.Equal(t, []string{"max-age=31536000"}, large.Header.Values(hsts))
}

// The application's page about an unavailable provider reaches the browser.
func TestProviderDownBehindCaddy(t *testing.T) {
	s := newBareSite(t, nil)
	require.NoError(t, s.idp.Close())
	s.start(0)
	caddy := s.startCaddy()
	p := s.visitor("127.0.0.2")
	home := p.get("/", "Accept", "text/html")
	assert.Equal(t, http.StatusOK, home.StatusCode)
	assert.Contains(t, home.body, `<html lang=`)
	begun := p.get("/login", "Accept", "text/html")
	assert.Equal(t, http.StatusServiceUnavailable, begun.StatusCode)
	assert.Contains(t, begun.body, `<html lang=`, "the app's own page")
	assert.Equal(t, http.StatusServiceUnavailable, p.get("/readyz").StatusCode)
	assert.NotContains(t, caddy.Output(), "unexpected status", "no health check has failed")
}
