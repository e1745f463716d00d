package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

var updateGolden = flag.Bool("update", false, "write the golden files anew")

// goldenFile returns the absolute path of the file with the expected output.
func goldenFile(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", "doctor", name+".golden"))
	require.NoError(t, err)
	return path
}

// golden compares text with a file, but ignores ports, IDs and times.
func golden(t *testing.T, path, text string) {
	t.Helper()
	text = regexp.MustCompile(`(127\.0\.0\.1|localhost):\d{4,5}`).ReplaceAllString(text, "$1:PORT")
	text = regexp.MustCompile(`correlation ID [0-9a-f-]{36}, time [0-9 :-]{19}Z`).ReplaceAllString(text, "correlation ID GUID, time TIME")
	if *updateGolden {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update to write it")
	assert.Equal(t, string(want), text)
}

// The doctor finds no fault in the real application with the demo provider.
func TestDoctorFindsNothingWrong(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"ok-https":     {"REDIRECT_URI": "https", "TRUSTED_PROXIES": "10.0.0.0/8"},
		"ok-form-post": {"RESPONSE_MODE": "form_post", "TRUSTED_PROXIES": "10.0.0.0/8"},
		"ok-http":      {},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, env)
			w.s.SessionStore = "sqlite:" + filepath.Join(t.TempDir(), "sessions.db")
			w.s.ListenAddr = "localhost:" + port(w.url)
			public, err := url.Parse(w.url)
			require.NoError(t, err)
			transport := &http.Transport{TLSClientConfig: w.tls}
			t.Cleanup(transport.CloseIdleConnections)
			var out bytes.Buffer
			err = examine(t.Context(), doctorConfig(w.s, nil, public, doctorDeps{now: w.clock.Now, transport: transport}), false, &out)
			require.NoError(t, err, out.String())
			golden(t, goldenFile(t, name), out.String())
			assert.NotContains(t, out.String(), "warning")
		})
	}
}

// doctorRun runs the command and returns its output and exit status.
func doctorRun(t *testing.T, vars map[string]string, args ...string) (string, int) {
	t.Helper()
	t.Chdir(t.TempDir()) // no .env but the test's
	if dotEnv, ok := vars[".env"]; ok {
		require.NoError(t, os.WriteFile(".env", []byte(dotEnv), 0o600))
	}
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), append([]string{"doctor"}, args...), lookupIn(vars), &stdout, &stderr)
	assert.Empty(t, stderr.String())
	if err != nil {
		stdout.WriteString("(" + err.Error() + ")\n")
	}
	return stdout.String(), exitCode(err)
}

func TestDoctorOfAConfiguration(t *testing.T) {
	for name, c := range map[string]struct {
		vars map[string]string // in addition to demoVars
		exit int
	}{
		"nothing-configured": {map[string]string{"AUTHORITY": "", "CLIENT_ID": "", "CLIENT_SECRET": ""}, 1},
		"two-authorities":    {map[string]string{"OIDC_AUTHORITY": "https://idp.invalid"}, 1},
		"no-secret":          {map[string]string{"CLIENT_SECRET": ""}, 1},
		"two-credentials":    {map[string]string{"CLIENT_CERTIFICATE_FILE": "/nowhere.pem"}, 1},
		"wrong-secret":       {map[string]string{"CLIENT_SECRET": "Wr0ng~Secret"}, 1},
		"wrong-secret-file":  {map[string]string{"CLIENT_SECRET": "", "CLIENT_SECRET_FILE": inFile(t, []byte("Wr0ng~Secret"))}, 1},
		"missing-file":       {map[string]string{"CLIENT_SECRET": "", "CLIENT_CERTIFICATE_FILE": "/nowhere.pem"}, 1},
		"redirect-on-http":   {map[string]string{"REDIRECT_URI": "http://app.example.com/getAToken"}, 1},
		"unknown-store":      {map[string]string{"SESSION_STORE": "floppy:S3cret~Disk"}, 1},
		"store-without-key":  {map[string]string{"SESSION_STORE": "redis://:S3cret~Pass@127.0.0.1:1"}, 1},
		"malformed-store":    {map[string]string{"SESSION_STORE": "redis://:S3cret~Pass/x@y@127.0.0.1:1", "SESSION_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}, 1},
		"postgres-down":      {map[string]string{"SESSION_STORE": "postgres://me:S3cret~Pass@127.0.0.1:1/db?sslmode=disable", "SESSION_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}, 1},
		"session-files": {map[string]string{
			"SESSION_STORE_FILE": inFile(t, []byte("redis://:S3cret~Pass/x@y@127.0.0.1:1\n")),
			"SESSION_KEY_FILE":   inFile(t, []byte("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\nS3cret~Key\n")),
		}, 1},
		"malformed-dotenv": {map[string]string{".env": "S3cret~Line without a sign\n"}, 1},
		"memory":           {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			vars, expected := demoVars(t), goldenFile(t, name)
			scheme, _, _ := strings.Cut(c.vars["SESSION_STORE"], ":")
			if sessionStores()[scheme].open == nil && scheme != "" && scheme != "floppy" {
				t.Skipf("the store %s has been removed", scheme)
			}
			for k, v := range c.vars {
				vars[k] = v
			}
			out, exit := doctorRun(t, vars)
			assert.Equal(t, c.exit, exit)
			for _, secret := range []string{"S3cret~", "Wr0ng~", fakeidp.DefaultClientSecret, "MDEyMzQ1"} {
				assert.NotContains(t, out, secret)
			}
			if name == "memory" {
				assert.Contains(t, out, "Look at the warning")
			}
			golden(t, expected, out)
		})
	}
}

func TestDoctorForMachines(t *testing.T) {
	vars := demoVars(t)
	for secret, exit := range map[string]int{fakeidp.DefaultClientSecret: 0, "Wr0ng~Secret": 1} {
		vars["CLIENT_SECRET"] = secret
		out, got := doctorRun(t, vars, "-json")
		assert.Equal(t, exit, got)
		var document struct {
			OK     *bool `json:"ok"`
			Checks []map[string]string
		}
		decoder := json.NewDecoder(bytes.NewBufferString(out))
		require.NoError(t, decoder.Decode(&document), out)
		require.NotNil(t, document.OK)
		assert.Equal(t, exit == 0, *document.OK)
		require.NotEmpty(t, document.Checks)
		for _, c := range document.Checks {
			assert.Len(t, c, 5)
			assert.NotEmpty(t, c["name"])
			assert.Contains(t, []string{"ok", "warning", "failed", "skipped"}, c["status"])
			assert.NotEmpty(t, c["summary"])
		}
		assert.NotContains(t, out, "Wr0ng")
	}
}

func TestDoctorsCommandLine(t *testing.T) {
	for _, c := range []struct {
		args []string
		exit int
		text string
	}{
		{[]string{"-help"}, 0, "-json"},
		{[]string{"-nonsense"}, 2, "Usage:"},
		{[]string{"nonsense"}, 2, "Usage:"},
		{[]string{"-url", "app.example.com"}, 2, "https://app.example.com"},
		{[]string{"-url", "ftp://app.example.com"}, 2, "https://app.example.com"},
		{[]string{"-url", "https://me:S3cret@app.example.com"}, 2, "https://app.example.com"},
		{[]string{"-url", "https://app.example.com/path?S3cret"}, 2, "https://app.example.com"},
		{[]string{"-demo", "-url", "http://localhost:3000"}, 2, "without it"},
		{[]string{"-demo"}, 0, "credential           The provider accepts it."},
	} {
		out, exit := doctorRun(t, nil, c.args...)
		assert.Equal(t, c.exit, exit, c.args)
		assert.Contains(t, out, c.text)
		assert.NotContains(t, out, "S3cret")
	}
}

// As the demo, webapp doctor -demo refuses to run beside a real provider.
func TestDoctorsDemoRefusesAnythingReal(t *testing.T) {
	out, exit := doctorRun(t, map[string]string{"OIDC_AUTHORITY": "https://idp.invalid"}, "-demo")
	assert.Equal(t, 1, exit)
	assert.Contains(t, out, "-demo refuses to start beside it")
}

// The doctor does not use LISTEN_ADDR, because it runs beside the application.
func TestDoctorLeavesTheListenAddressAlone(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	vars := demoVars(t)
	vars["LISTEN_ADDR"] = "localhost:" + port(listener.Addr().String())
	vars["REDIRECT_URI"] = "http://" + vars["LISTEN_ADDR"] + "/getAToken"
	out, exit := doctorRun(t, vars)
	assert.Zero(t, exit, out)
}

// A value that looks like a mistake is a warning. All other checks still run.
func TestDoctorTellsWhatLooksLikeAMistake(t *testing.T) {
	vars := demoVars(t)
	vars[".env"] = "SCOPES=User.Read\n"
	out, exit := doctorRun(t, vars)
	assert.Equal(t, 0, exit)
	assert.Contains(t, out, "warning  configuration")
	assert.Contains(t, out, "SCOPES is in .env, but webapp does not know it.")
	assert.Contains(t, out, "Did you mean SCOPE?")
	assert.Contains(t, out, "ok       metadata")

	vars = demoVars(t)
	vars["REDIRECT_URI"], vars["AZURE_FEDERATED_TOKEN_FILE"] = "https://app.example.com/getAToken/", "/nowhere"
	out, exit = doctorRun(t, vars)
	assert.Equal(t, 0, exit)
	for _, warned := range []string{"TRUSTED_PROXIES is not set", "REDIRECT_URI ends in a slash", "AZURE_FEDERATED_TOKEN_FILE is set beside CLIENT_SECRET"} {
		assert.Contains(t, out, warned)
	}
}

// For GitHub the doctor checks the connection, and skips metadata and keys.
func TestDoctorOfGitHub(t *testing.T) {
	github := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(github.Close)
	s, err := load(lookupIn(githubVars(t)), false)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, examine(t.Context(), doctorConfig(s, nil, nil, doctorDeps{
		transport:  transportTo(t, github),
		lookupHost: func(context.Context, string) ([]string, error) { return []string{"192.0.2.1"}, nil },
	}), false, &out))
	for _, check := range []string{"metadata", "keys", "credential"} {
		assert.Regexp(t, `(?m)^skipped +`+check+` `, out.String())
	}
	assert.Regexp(t, `(?m)^ok +authority-connection `, out.String())
}

// The doctor asks for the routes below BASE_PATH.
func TestDoctorWithABasePath(t *testing.T) {
	w := newWorldBelow(t, nil)
	public, err := url.Parse(w.url)
	require.NoError(t, err)
	w.s.ListenAddr = "localhost:" + port(w.url)
	var out bytes.Buffer
	require.NoError(t, examine(t.Context(), doctorConfig(w.s, nil, public, doctorDeps{now: w.clock.Now}), false, &out), out.String())
	assert.Contains(t, out.String(), below+"/login redirects to the provider")
	lines := slices.Collect(strings.Lines(w.logs.String()))
	asked := slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, "path="+below+"/healthz") })
	assert.True(t, asked, w.logs.String())
}
