//go:build integration

package clients

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"html"
	"io"
	"math/big"
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
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/test/browsertest"
)

// binary is the built cmd/webapp.
var binary string

func TestMain(m *testing.M) {
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "clients:", err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "clients-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if binary, err = browsertest.Build(context.Background(), dir); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

const (
	member = "adele.vance@contoso.example"
	// clientID is an application with every kind of credential, and apiID an API.
	clientID = "5b3f6c1e-90d7-4f28-8a6b-e1c04d7295fa"
	apiID    = "d51b1f0c-9a37-4b0e-8f6d-3c2a7e94b810"
)

// provider is a running `webapp fakeidp`.
type provider struct {
	env map[string]string // that it has printed
	ca  string            // file of the certificate authority
	pid int
}

// startProvider runs `webapp fakeidp` until the end of the test.
func startProvider(t *testing.T, arguments ...string) provider {
	t.Helper()
	dir := t.TempDir()
	command := exec.Command(binary, append([]string{"fakeidp", "-addr", "127.0.0.1:" + freePort(t), "-dir", dir}, arguments...)...)
	command.Dir = dir
	process := browsertest.StartProcess(t, command, nil)
	process.WaitForOutput("# CA certificate: ")
	p := provider{env: make(map[string]string), pid: command.Process.Pid}
	for line := range strings.Lines(process.Output()) {
		line = strings.TrimSpace(line)
		if path, ok := strings.CutPrefix(line, "# CA certificate: "); ok {
			p.ca = path
			continue
		}
		if name, value, ok := strings.Cut(line, "="); ok && regexp.MustCompile(`^[A-Z_]+$`).MatchString(name) {
			p.env[name] = value
		}
	}
	require.Equal(t, clientID, p.env["CLIENT_ID"])
	return p
}

// environment returns the printed .env with a redirect URI on port, and the
// variables that make the libraries trust the certificate authority.
func (p provider) environment(port string) map[string]string {
	env := map[string]string{
		"NODE_EXTRA_CA_CERTS": p.ca, "REQUESTS_CA_BUNDLE": p.ca, "SSL_CERT_FILE": p.ca,
	}
	for name, value := range p.env {
		env[name] = value
	}
	env["REDIRECT_URI"] = "http://localhost:" + port + "/getAToken"
	return env
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// person returns an HTTP client with cookies that trusts the certificate authority.
func (p provider) person(t *testing.T) *http.Client {
	t.Helper()
	certificate, err := os.ReadFile(p.ca)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(certificate))
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &http.Client{Jar: jar, Timeout: 20 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
}

var formAction = regexp.MustCompile(`<form method="post" action="([^"]+)"`)

// signIn opens an application, picks the member at the provider and returns the
// application's page.
func (p provider) signIn(t *testing.T, application string) string {
	t.Helper()
	person := p.person(t)
	picker, page := p.read(t, func() (*http.Response, error) { return retryRefused(person, application) })
	found := formAction.FindStringSubmatch(page)
	require.NotNil(t, found, page)
	action, err := picker.Parse(html.UnescapeString(found[1]))
	require.NoError(t, err)
	_, page = p.read(t, func() (*http.Response, error) {
		return person.PostForm(action.String(), url.Values{"account": {member}})
	})
	return page
}

func (p provider) read(t *testing.T, request func() (*http.Response, error)) (*url.URL, string) {
	t.Helper()
	response, err := request()
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.Request.URL, string(body)
}

// retryRefused opens address. It repeats that while nothing listens there, for at
// most 30 seconds.
func retryRefused(client *http.Client, address string) (*http.Response, error) {
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		response, err := client.Get(address)
		if err == nil || !errors.Is(err, syscall.ECONNREFUSED) || time.Now().After(until) {
			return response, err
		}
	}
}

// example returns the code block of docs/fake-entra.md after the comment
// "ci:example name".
func example(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/fake-entra.md")
	require.NoError(t, err)
	_, after, ok := strings.Cut(string(text), "<!-- ci:example "+name+" -->\n```")
	require.True(t, ok, "docs/fake-entra.md has no example %s", name)
	_, after, _ = strings.Cut(after, "\n")
	code, _, ok := strings.Cut(after, "\n```")
	require.True(t, ok)
	return code + "\n"
}

// TestExamples runs each example of the document and signs somebody in.
func TestExamples(t *testing.T) {
	p := startProvider(t)
	modules, err := filepath.Abs("testdata/node_modules")
	require.NoError(t, err)
	for name, run := range map[string]func(dir, file string) *exec.Cmd{
		"msal.mjs":          func(_, file string) *exec.Cmd { return exec.Command("node", file) },
		"openid-client.mjs": func(_, file string) *exec.Cmd { return exec.Command("node", file) },
		"app.py":            func(_, file string) *exec.Cmd { return exec.Command("/usr/bin/python3", file) },
		"msal.go":           func(dir, file string) *exec.Cmd { return build(t, dir, file) },
		"go-oidc.go":        func(dir, file string) *exec.Cmd { return build(t, dir, file) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, port := t.TempDir(), freePort(t)
			require.NoError(t, os.Symlink(modules, filepath.Join(dir, "node_modules")))
			file := filepath.Join(dir, name)
			code := strings.ReplaceAll(example(t, name), "3000", port)
			require.NoError(t, os.WriteFile(file, []byte(code), 0o600))
			command := run(dir, file)
			command.Dir = dir
			browsertest.StartProcess(t, command, p.environment(port))
			assert.Contains(t, p.signIn(t, "http://localhost:"+port+"/"), "Welcome Adele Vance")
		})
	}
}

// build compiles a Go file with the modules of testdata/go and returns the command
// that runs it.
func build(t *testing.T, dir, file string) *exec.Cmd {
	t.Helper()
	program := filepath.Join(dir, "program")
	command := exec.Command("go", "build", "-o", program, file)
	command.Dir = "testdata/go"
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	return exec.Command(program)
}

// TestFlows runs testdata/flows.mjs: the other flows of Microsoft's library for Node
// and of openid-client.
func TestFlows(t *testing.T) {
	dir := t.TempDir()
	certificate, key := filepath.Join(dir, "client.pem"), filepath.Join(dir, "client.key")
	writeCertificate(t, certificate, key)
	pemText, err := os.ReadFile(certificate)
	require.NoError(t, err)
	config, err := json.Marshal(map[string]any{"clients": []any{
		map[string]any{"id": clientID, "name": "An application", "secrets": []string{"secret-of-the-application"}, "certificates": []string{string(pemText)}},
		map[string]any{"id": apiID, "name": "An API", "secrets": []string{"secret-of-the-api"}},
	}})
	require.NoError(t, err)
	file := filepath.Join(dir, "fakeidp.json")
	require.NoError(t, os.WriteFile(file, config, 0o600))
	p := startProvider(t, "-config", file)

	command := exec.Command("node", "--test", "--test-reporter=spec", "flows.mjs")
	command.Dir = "testdata"
	command.Env = append(os.Environ(), "CERTIFICATE_FILE="+certificate, "KEY_FILE="+key, "API_ID="+apiID, "API_SECRET=secret-of-the-api",
		"PROVIDER_PID="+strconv.Itoa(p.pid))
	for name, value := range p.environment("3000") {
		command.Env = append(command.Env, name+"="+value)
	}
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	require.NoError(t, command.Run(), output.String())
}

// writeCertificate writes a self-signed certificate and its key as PEM.
func writeCertificate(t *testing.T, certificate, key string) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "client"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), 0o600))
}
