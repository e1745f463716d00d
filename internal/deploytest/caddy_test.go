//go:build integration

package deploytest

import (
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
	"webapp/internal/browsertest"
)

// startCaddy runs the example with the names, addresses and files of this test
// in place of its own. Its log goes to its output.
func (s *site) startCaddy() *browsertest.Process {
	s.t.Helper()
	dir := s.t.TempDir()
	certificate, key := s.ca.issuePEM(s.t, "localhost")
	require.NoError(s.t, os.WriteFile(filepath.Join(dir, "fullchain.pem"), certificate, 0o600))
	require.NoError(s.t, os.WriteFile(filepath.Join(dir, "privkey.pem"), key, 0o600))
	text := edited(s.t, read(s.t, "deploy/caddy/Caddyfile"), [][2]string{
		{"\n{\n", fmt.Sprintf("\n{\nadmin off\ndefault_bind 127.0.0.1\nhttp_port %s\nhttps_port %s\n", portOf(s.plainAddr), portOf(s.tlsAddr))},
		{"\napp.example.com {\n", fmt.Sprintf("\nlocalhost {\ntls %s/fullchain.pem %s/privkey.pem\n", dir, dir)},
		{"127.0.0.1:3001", fmt.Sprintf("127.0.0.1:%d", s.ports[0])},
		{"127.0.0.1:3002", fmt.Sprintf("127.0.0.1:%d", s.ports[1])},
	})
	path := filepath.Join(dir, "Caddyfile")
	require.NoError(s.t, os.WriteFile(path, []byte(text), 0o600))
	caddy := browsertest.StartProcess(s.t, exec.Command("caddy", "run", "--config", path, "--adapter", "caddyfile"),
		map[string]string{"XDG_DATA_HOME": dir, "XDG_CONFIG_HOME": dir})
	s.t.Cleanup(caddy.Stop)
	s.awaitProxy()
	return caddy
}

func TestCaddyTakesTheFileAsItStands(t *testing.T) {
	path, err := filepath.Abs(filepath.Join(root, "deploy/caddy/Caddyfile"))
	require.NoError(t, err)
	cmd := exec.Command("caddy", "validate", "--config", path, "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+t.TempDir(), "XDG_CONFIG_HOME="+t.TempDir())
	out, err := cmd.CombinedOutput()
	assert.NoError(t, err, string(out))
	assert.Contains(t, string(out), "Valid configuration")
}

func TestSignInThroughCaddy(t *testing.T) {
	c := newCollector(t)
	s := newBareSite(t, c.env())
	s.start(0) // Caddy asks who is ready when it starts, and then each five seconds
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
