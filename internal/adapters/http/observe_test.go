package http

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/clientaddr"
)

func TestRequestIDComesFromTrustedProxiesOnly(t *testing.T) {
	logger := slog.New(slog.DiscardHandler)
	clients := clientaddr.NewFinder([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}, logger)
	for name, c := range map[string]struct {
		peer  string
		given []string
		taken bool
	}{
		"proxy":             {"10.1.2.3:4711", []string{"7f0b8a52-3c1d_x.Y"}, true},
		"proxy on IPv6":     {"[fd00::1%eth0]:4711", []string{"abc"}, true},
		"proxy, mapped":     {"[::ffff:10.1.2.3]:4711", []string{"abc"}, true},
		"longest":           {"10.1.2.3:1", []string{strings.Repeat("a", 64)}, true},
		"other client":      {"192.0.2.1:4711", []string{"abc"}, false},
		"no address":        {"@", []string{"abc"}, false},
		"none":              {"10.1.2.3:1", nil, false},
		"empty":             {"10.1.2.3:1", []string{""}, false},
		"two":               {"10.1.2.3:1", []string{"abc", "def"}, false},
		"too long":          {"10.1.2.3:1", []string{strings.Repeat("a", 65)}, false},
		"a line break":      {"10.1.2.3:1", []string{"abc\nlevel=ERROR"}, false},
		"an e-mail address": {"10.1.2.3:1", []string{"adele@contoso.example"}, false},
		"non-ASCII letters": {"10.1.2.3:1", []string{"аbc"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr, r.Header["X-Request-Id"] = c.peer, c.given
			_, fromProxy := clients.Find(r)
			id := requestID(r, fromProxy)
			if c.taken {
				assert.Equal(t, c.given[0], id)
				return
			}
			assert.Regexp(t, "^[0-9a-f]{16}$", id)
		})
	}
	_, fromProxy := clientaddr.NewFinder(nil, logger).Find(httptest.NewRequest(http.MethodGet, "/", nil))
	assert.False(t, fromProxy, "nobody is trusted by default")
	assert.Empty(t, RequestID(t.Context()))
}

func TestLoggedPath(t *testing.T) {
	service, sessions, _ := benchmarkSession(t)
	var log bytes.Buffer
	c := benchmarkConfig(service, sessions)
	c.Logger = slog.New(slog.NewTextHandler(&log, nil))
	c.Mounts = map[string]http.Handler{"/api": http.NotFoundHandler()}
	h, err := New(c)
	require.NoError(t, err)
	logged := regexp.MustCompile(` path=(\S+) `)
	for _, r := range []struct{ method, path, want string }{
		{"GET", "/", "/"},
		{"GET", "/login", "/login"},
		{"HEAD", "/frontchannel-logout?sid=x", "/frontchannel-logout"},
		{"PUT", "/getAToken", "/getAToken"},
		{"BREW", "/logout", "/logout"},
		{"GET", "/static/ada@contoso.example", "/static/*"},
		{"POST", "/static/ada@contoso.example", "/static/*"},
		{"GET", "/api", "/api"},
		{"GET", "/api/ada@contoso.example", "/api/*"},
		{"BREW", "/api/ada@contoso.example", "/api/*"},
		{"GET", "/missing", "/missing"},
		{"GET", "/login/", "/login/"},
		{"GET", "/wp-admin/setup.php", "/wp-admin/…"},
		{"GET", "/favicon.ico", "/…"},
		{"GET", "//login", "//…"},
		{"GET", "/nowhere/ada@contoso.example", "/nowhere/…"},
		{"GET", "/ada@contoso.example", "/…"},
		{"GET", "/ada%40contoso.example", "/…"},
		{"GET", "/ada%2540contoso.example/", "/…/"},
		{"GET", "/%6cogin%2Fada%40contoso.example", "/login/…"},
		{"GET", "/ＡＤＡ＠contoso.example", "/…"},
		{"GET", "/abcdefghijklmnopqrst", "/abcdefghijklmnopqrst"},
		{"GET", "/abcdefghijklmnopqrstu", "/…"},
		{"GET", "/eyJhbGciOiJSUzI1NiJ9", "/…"},
		{"GET", "/" + strings.Repeat("a/", 9999), "/a/…"},
		{"OPTIONS", "*", "/…"},
	} {
		log.Reset()
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(r.method, r.path, nil))
		found := logged.FindStringSubmatch(log.String())
		require.Len(t, found, 2, log.String())
		assert.Equal(t, r.want, strings.Trim(found[1], `"`), "%s %s", r.method, r.path)
		assert.NotContains(t, log.String(), "contoso")
	}
}

func TestTheLogHasStatusAndLengthOfTheResponse(t *testing.T) {
	service, sessions, _ := benchmarkSession(t)
	lines := make(chan string, 8)
	c := benchmarkConfig(service, sessions)
	c.Logger = slog.New(slog.NewTextHandler(writerFunc(func(line []byte) { lines <- string(line) }), nil))
	var handler http.HandlerFunc
	c.Mounts = map[string]http.Handler{"/api": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler(w, r) })}
	h, err := New(c)
	require.NoError(t, err)
	server := httptest.NewServer(h)
	defer server.Close()
	for name, one := range map[string]struct {
		handler http.HandlerFunc
		status  int
		length  int
	}{
		"nothing written": {func(http.ResponseWriter, *http.Request) {}, 200, 0},
		"status alone":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, 404, 0},
		"two writes": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "abc")
			_, _ = io.WriteString(w, "de")
		}, 200, 5},
		"early hints": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusTeapot)
		}, 418, 0},
		"copied": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, io.LimitReader(rand.Reader, 70_000)) }, 200, 70_000},
		"flushed": {func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			w.WriteHeader(http.StatusTeapot) // too late
		}, 200, 0},
		"another protocol": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			assert.NoError(t, err)
			_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
			_ = conn.Close()
		}, 200, 0},
	} {
		t.Run(name, func(t *testing.T) {
			handler = one.handler
			res, err := server.Client().Get(server.URL + "/api")
			require.NoError(t, err)
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			assert.Len(t, body, one.length)
			assert.Contains(t, <-lines, fmt.Sprintf(" status=%d bytes=%d ", one.status, one.length))
		})
	}
}

// writerFunc calls a function with each written text.
type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}
