//go:build unix

package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
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
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/apptest"
	"webapp/internal/test/logtest"
)

// fakeIDPProcess is a running "webapp fakeidp".
type fakeIDPProcess struct {
	cmd    *exec.Cmd
	env    []string // the lines of the .env
	stdout *bufio.Reader
	log    *logtest.Buffer
}

// startFakeIDP starts "webapp fakeidp" and reads its .env, which has this many lines.
func startFakeIDP(t *testing.T, lines int, args ...string) *fakeIDPProcess {
	t.Helper()
	p := &fakeIDPProcess{cmd: program(t, append([]string{"fakeidp"}, args...)), log: &logtest.Buffer{}}
	p.cmd.Stderr = p.log
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); _ = p.cmd.Wait() })
	p.stdout = bufio.NewReader(stdout)
	for range lines {
		line, err := p.stdout.ReadString('\n')
		require.NoError(t, err, p.log.String())
		p.env = append(p.env, strings.TrimSuffix(line, "\n"))
	}
	return p
}

// value returns the value of a variable in the .env.
func (p *fakeIDPProcess) value(t *testing.T, name string) string {
	t.Helper()
	for _, line := range p.env {
		if value, ok := strings.CutPrefix(line, name); ok {
			return value
		}
	}
	require.Fail(t, "the .env has no "+name)
	return ""
}

// stop sends signal and returns what the process printed to stdout after the .env.
func (p *fakeIDPProcess) stop(t *testing.T, signal os.Signal) string {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(signal))
	var rest bytes.Buffer
	_, err := rest.ReadFrom(p.stdout)
	require.NoError(t, err)
	assert.NoError(t, p.cmd.Wait(), "exit status 0")
	return rest.String()
}

// trusting returns a client that trusts only this certificate authority.
func trusting(t *testing.T, certificate string) *http.Client {
	t.Helper()
	text, err := os.ReadFile(certificate)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(text))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestFakeIDPPrintsAnEnvAndThenNothing(t *testing.T) {
	dir := t.TempDir()
	p := startFakeIDP(t, 5, "-addr", "localhost:0", "-dir", dir)
	assert.Equal(t, "CLIENT_ID="+fakeidp.DefaultClientID, p.env[0])
	assert.Equal(t, "CLIENT_SECRET="+fakeidp.DefaultClientSecret, p.env[1])
	assert.Regexp(t, `^AUTHORITY=https://localhost:\d+/`+fakeidp.ContosoTenantID+`$`, p.env[2])
	assert.Equal(t, "REDIRECT_URI=http://localhost:3000/getAToken", p.env[3])
	certificate := filepath.Join(dir, "ca.pem")
	assert.Equal(t, "# CA certificate: "+certificate, p.env[4])

	client := trusting(t, certificate)
	keySet := func() string {
		r, err := client.Get(p.value(t, "AUTHORITY=") + "/discovery/v2.0/keys")
		require.NoError(t, err)
		defer func() { _ = r.Body.Close() }()
		var text bytes.Buffer
		_, err = text.ReadFrom(r.Body)
		require.NoError(t, err)
		return text.String()
	}
	before := regexp.MustCompile(`"kid":"[^"]*"`).FindAllString(keySet(), -1)
	require.Len(t, before, 2)
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGHUP))
	require.Eventually(t, func() bool { return strings.Contains(p.log.String(), "signing keys are replaced") }, 20*time.Second, time.Millisecond)
	after := keySet()
	assert.Less(t, strings.Index(after, before[1]), strings.Index(after, before[0]), "the next key is the first one now")
	assert.Contains(t, after, before[0])

	assert.Empty(t, p.stop(t, syscall.SIGTERM))
	assert.Contains(t, p.log.String(), "It is a demo")
	assert.Contains(t, p.log.String(), "path=/"+fakeidp.ContosoTenantID+"/discovery/v2.0/keys status=200")
}

func TestFakeIDPStopsWithStatus0AtCtrlC(t *testing.T) {
	p := startFakeIDP(t, 4, "-addr", "127.0.0.1:0", "-http")
	assert.Regexp(t, `^http://127\.0\.0\.1:\d+/`, p.value(t, "AUTHORITY="))
	assert.Empty(t, p.stop(t, os.Interrupt), "no CA certificate with -http")
}

func TestFakeIDPKeepsItsAuthorityInTheUsersCache(t *testing.T) {
	cache := t.TempDir()
	var certificates []string
	for range 2 {
		cmd := program(t, []string{"fakeidp", "-addr", "127.0.0.1:0"}, "XDG_CACHE_HOME="+cache, "HOME="+cache)
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewScanner(stdout)
		for lines.Scan() && !strings.HasPrefix(lines.Text(), "# CA certificate: ") {
		}
		path := strings.TrimPrefix(lines.Text(), "# CA certificate: ")
		assert.True(t, strings.HasPrefix(path, cache), path)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		certificates = append(certificates, string(text))
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, cmd.Wait())
	}
	assert.Equal(t, certificates[0], certificates[1])
}

func TestFakeIDPExitStatus(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	bad := filepath.Join(t.TempDir(), "bad.json")
	require.NoError(t, os.WriteFile(bad, []byte(`{"acounts":[]}`), 0o600))
	for name, c := range map[string]struct {
		args   []string
		status int
		stderr []string
	}{
		"unknown option": {[]string{"-adr", "127.0.0.1:0"}, 2, []string{"-adr", "Usage:"}},
		"an argument":    {[]string{"start"}, 2, []string{`"start"`, "Usage:"}},
		"no port":        {[]string{"-addr", "127.0.0.1"}, 2, []string{"-addr", "Usage:"}},
		"every address":  {[]string{"-http", "-addr", ":0"}, 1, []string{"-addr", "loopback", "127.0.0.1:8443"}},
		"other machines": {[]string{"-http", "-addr", "0.0.0.0:0"}, 1, []string{"loopback"}},
		"port in use":    {[]string{"-http", "-addr", taken.Addr().String()}, 1, []string{"-addr " + taken.Addr().String(), "Another program"}},
		"configuration":  {[]string{"-http", "-addr", "127.0.0.1:0", "-config", bad}, 1, []string{"-config", bad, "acounts: is unknown"}},
		"no such file":   {[]string{"-config", bad + "x"}, 1, []string{"-config", "does not exist"}},
		"no cache":       {[]string{"-addr", "127.0.0.1:0"}, 1, []string{"-dir"}},
		"help":           {[]string{"-help"}, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := program(t, append([]string{"fakeidp"}, c.args...))
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			_ = cmd.Run() // the status says how it ended
			assert.Equal(t, c.status, cmd.ProcessState.ExitCode())
			for _, text := range c.stderr {
				assert.Contains(t, stderr.String(), text)
			}
			assert.Equal(t, c.status == 0, strings.Contains(stdout.String(), "-config FILE"), "only -help prints to stdout")
		})
	}
	var usage bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-help"}, lookupIn(nil), &usage, &usage))
	assert.Contains(t, usage.String(), "webapp fakeidp")
}

// The application needs only the .env of the command: if it trusts the certificate
// authority, a person can sign in over https.
func TestWebappSignsInAtTheFakeIDPCommand(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Go reads SSL_CERT_FILE on Linux only")
	}
	apptest.NeedsPage(t, "/call_api")
	p := startFakeIDP(t, 5, "-addr", "localhost:0", "-dir", t.TempDir())
	certificate := p.value(t, "# CA certificate: ")
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	app := "localhost:" + port(free.Addr().String())
	require.NoError(t, free.Close())
	idp, _ := url.Parse(p.value(t, "AUTHORITY="))
	cmd := program(t, nil, "SSL_CERT_FILE="+certificate, "LISTEN_ADDR="+app, "REDIRECT_URI=http://"+app+"/getAToken", "SCOPE=User.Read", "ENDPOINT=https://"+idp.Host+"/v1.0/me")
	require.NoError(t, os.WriteFile(filepath.Join(cmd.Dir, ".env"), []byte(strings.Join(p.env, "\n")), 0o600))
	var log logtest.Buffer
	cmd.Stderr = &log
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(stdout)
	require.True(t, lines.Scan(), log.String())
	require.Contains(t, lines.Text(), "is ready")

	browser := trusting(t, certificate)
	browser.Jar, err = cookiejar.New(nil)
	require.NoError(t, err)
	page := func(r *http.Response, err error) string {
		require.NoError(t, err)
		defer func() { _ = r.Body.Close() }()
		text, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, r.StatusCode, string(text)+log.String())
		return string(text)
	}
	picker := page(browser.Get("http://" + app + "/login?return_to=/call_api"))
	action := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(picker)
	require.Len(t, action, 2, picker)
	back := page(browser.PostForm("https://"+idp.Host+html.UnescapeString(action[1]), url.Values{"account": {fakeidp.UserAdmin}}))
	assert.Contains(t, back, "megan.bowen@contoso.example", "Graph's response, in the page that the sign-in was for")
	assert.Contains(t, page(browser.Get("http://"+app+"/")), "Welcome Megan Bowen!")

	require.NoError(t, p.cmd.Process.Signal(syscall.SIGHUP))
	require.Eventually(t, func() bool { return strings.Contains(p.log.String(), "signing keys are replaced") }, 20*time.Second, time.Millisecond)
	again := page(browser.Get("http://" + app + "/login"))
	action = regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(again)
	require.Len(t, action, 2, again)
	assert.Contains(t, page(browser.PostForm("https://"+idp.Host+html.UnescapeString(action[1]), url.Values{"account": {fakeidp.UserMember}})), "Welcome Adele Vance!")
	assert.Equal(t, 1, strings.Count(p.log.String(), "/discovery/v2.0/keys"), "the new key was in the key set that the application had read")
}
