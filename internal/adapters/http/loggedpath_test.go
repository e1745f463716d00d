package http

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
