package apptest_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	webhttp "webapp/internal/adapters/http"
	"webapp/internal/test/apptest"
)

// FuzzHeaders sends any values of the headers that the application reads, through a
// trusted proxy. Each request has a response without a server error and one line in
// the log, and no header signs anybody in.
func FuzzHeaders(f *testing.F) {
	var log bytes.Buffer
	app := apptest.New(f, func(c *webhttp.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	unreadable := httptest.NewRequest(http.MethodGet, "/", nil)
	unreadable.Header.Set("X-Forwarded-For", "unknown")
	app.Handler.ServeHTTP(httptest.NewRecorder(), unreadable) // the process warns of it once
	require.Contains(f, log.String(), "level=WARN")
	names := []string{
		"X-Forwarded-For", "X-Request-Id", "Accept", "Accept-Language", "User-Agent", "Origin", "Sec-Fetch-Site",
		"Cookie", "Content-Type", "Traceparent", "If-None-Match", "Range", "Authorization", "X-Forwarded-Host",
	}
	paths := []string{"/", "/login", "/sessions", "/getAToken?code=c&state=s", "/nowhere", "/static/style.css", "/readyz"}
	f.Add(byte(0), byte(0), false, "203.0.113.7, 2001:db8::1%eth0, unknown")
	f.Add(byte(1), byte(1), false, "id\r\nlevel=ERROR")
	f.Add(byte(2), byte(2), false, "application/json;q=0.5, */*;q=2")
	f.Add(byte(3), byte(0), true, "zh-Hans-CN,de;q=0.9,*;q=x")
	f.Add(byte(5), byte(2), true, "https://evil.example")
	f.Add(byte(7), byte(2), false, `session=x; session="y"; =; a`)
	f.Fuzz(func(t *testing.T, name, path byte, post bool, value string) {
		method := http.MethodGet
		if post {
			method = http.MethodPost
		}
		r := httptest.NewRequest(method, paths[int(path)%len(paths)], nil)
		r.Header[names[int(name)%len(names)]] = []string{value}
		w := httptest.NewRecorder()
		log.Reset()
		app.Handler.ServeHTTP(w, r)
		require.Less(t, w.Code, 500)
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'")
		require.NotContains(t, w.Body.String(), "Welcome ")
		require.Equal(t, 1, strings.Count(log.String(), "msg=request"), log.String())
		require.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
	})
}
