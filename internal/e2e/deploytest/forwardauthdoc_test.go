//go:build integration

package deploytest

import (
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/browsertest"
)

// The example in docs/forward-auth.md works as it is written, on other ports.
func TestTheExampleOfForwardAuthentication(t *testing.T) {
	e := newWrittenExample(t)
	p := e.visitor(t)

	res, _ := p.get(e.origin + "/reports")
	assert.Equal(t, http.StatusUnauthorized, res.StatusCode, "a program is not redirected")
	res, _ = p.get(e.origin+"/reports", "X-Auth-Request-User", "megan", "Connection", "X-Auth-Request-User")
	assert.Equal(t, http.StatusUnauthorized, res.StatusCode)
	res, _ = p.get(e.origin + "/_signin/verify")
	assert.Equal(t, http.StatusNotFound, res.StatusCode)

	_, page := p.signIn("/reports?year=2026&page=2", fakeidp.UserAdmin)
	assert.Contains(t, page, "Hello Megan Bowen, this is /reports?year=2026&amp;page=2. Your roles: Admin.")
	_, page = p.get(e.origin+"/admin", "X-Auth-Request-Name", "Mallory", "X_Auth_Request_Name", "Mallory")
	assert.Contains(t, page, "Hello Megan Bowen, this is /admin.")
	action := regexp.MustCompile(`<form method="post" action="([^"]*)">`).FindStringSubmatch(page)
	require.NotEmpty(t, action)
	res, _ = p.send(http.MethodPost, e.origin+action[1], url.Values{}, "Origin", e.origin)
	assert.Equal(t, "/_signin/", res.Request.URL.Path)
	res, _ = p.get(e.origin + "/reports")
	assert.Equal(t, http.StatusUnauthorized, res.StatusCode, "the sign-out counts at once")

	res, page = p.signIn("/admin", fakeidp.UserMember)
	assert.Equal(t, http.StatusForbidden, res.StatusCode)
	assert.Contains(t, page, "your account may not open this page")
	_, page = p.get(e.origin + "/reports")
	assert.Contains(t, page, "Hello Adele Vance, this is /reports. Your roles: none.")
}

// writtenExample is the example of a document, running.
type writtenExample struct{ origin string }

func newWrittenExample(t *testing.T) writtenExample {
	t.Helper()
	var ports [3]string // of the proxy, the application and webapp
	for i := range ports {
		ports[i] = strconv.Itoa(browsertest.FreePort(t))
	}
	onOurPorts := strings.NewReplacer("localhost:8000", "localhost:"+ports[0], "8080", ports[1], ":3000", ":"+ports[2]).Replace
	blocks := regexp.MustCompile("(?ms)^   ```(\\w*)\n(.*?)^   ```").FindAllStringSubmatch(read(t, "docs/forward-auth.md"), -1)
	require.Len(t, blocks, 3)
	dir := t.TempDir()
	texts := map[string]string{}
	for _, block := range blocks {
		texts[block[1]] = onOurPorts(regexp.MustCompile("(?m)^   ").ReplaceAllString(block[2], ""))
	}
	for file, kind := range map[string]string{"app.py": "python", "Caddyfile": ""} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(texts[kind]), 0o600))
	}
	env := map[string]string{"XDG_DATA_HOME": dir, "XDG_CONFIG_HOME": dir, "LISTEN_ADDR": "localhost:" + ports[2]}
	for _, assignment := range regexp.MustCompile(`\b([A-Z_]+)=(\S+)`).FindAllStringSubmatch(texts["sh"], -1) {
		env[assignment[1]] = assignment[2]
	}
	require.Len(t, env, 7)
	for _, command := range []*exec.Cmd{
		exec.Command(binary, "-demo"), exec.Command("/usr/bin/python3", "app.py"), exec.Command(caddyBinary(), "run"),
	} {
		command.Dir = dir
		browsertest.StartProcess(t, command, env)
	}
	e := writtenExample{"http://localhost:" + ports[0]}
	require.Eventually(t, func() bool {
		app, err := net.Dial("tcp", "127.0.0.1:"+ports[1])
		if err != nil {
			return false
		}
		_ = app.Close()
		res, err := http.Get(e.origin + "/_signin/")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	}, 20*time.Second, 50*time.Millisecond)
	return e
}

// writtenVisitor is a browser in front of the example. It follows redirects.
type writtenVisitor struct {
	t      *testing.T
	e      writtenExample
	client *http.Client
}

func (e writtenExample) visitor(t *testing.T) writtenVisitor {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return writtenVisitor{t, e, &http.Client{Jar: jar, Timeout: 10 * time.Second}}
}

func (v writtenVisitor) get(target string, headers ...string) (*http.Response, string) {
	v.t.Helper()
	return v.send(http.MethodGet, target, nil, headers...)
}

func (v writtenVisitor) send(method, target string, form url.Values, headers ...string) (*http.Response, string) {
	v.t.Helper()
	req, err := http.NewRequest(method, target, strings.NewReader(form.Encode()))
	require.NoError(v.t, err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header[headers[i]] = []string{headers[i+1]}
	}
	res, err := v.client.Do(req)
	require.NoError(v.t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(v.t, err)
	return res, string(body)
}

// signIn opens a page of the application and picks an account at the provider.
func (v writtenVisitor) signIn(path, username string) (*http.Response, string) {
	v.t.Helper()
	res, page := v.get(v.e.origin+path, "Accept", "text/html")
	action := regexp.MustCompile(`<form method="post" action="([^"]*)">`).FindStringSubmatch(page)
	require.NotEmpty(v.t, action, page)
	target, err := res.Request.URL.Parse(html.UnescapeString(action[1]))
	require.NoError(v.t, err)
	return v.send(http.MethodPost, target.String(), url.Values{"account": {username}}, "Accept", "text/html")
}
