//go:build integration

package journeys

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/browsertest"
)

// Behind a proxy that terminates TLS, with response_mode=form_post. The callback is
// a cross-site POST, for which browsers send no SameSite=Lax cookie.
func TestFormPostOnHTTPS(t *testing.T) {
	port := browsertest.FreePort(t)
	origin := startTLSProxy(t, port)
	y := startTenancyAt(t, port, arrangement{
		client: func(c *fakeidp.Client, _ string) { c.RedirectURIs = []string{origin + "/getAToken"} },
		env:    map[string]string{"REDIRECT_URI": origin + "/getAToken", "RESPONSE_MODE": "form_post"},
	})
	y.app.URL = origin
	tab := shared.browser.Visitor(t).Tab()
	tab.TrustAnyCertificate()

	require.Equal(t, http.StatusUnauthorized, tab.Open(origin+"/call_api?x=1"))
	goToPicker(t, tab)
	tab.Follow("button", member) // the next page submits its form
	tab.Arrive(origin)

	y.requireCalled(t, tab, "/call_api?x=1")
	cookies := tab.Cookies(origin)
	require.NotEmpty(t, cookies)
	for _, c := range cookies {
		require.True(t, strings.HasPrefix(c.Name, "__Host-"), c.Name)
		require.True(t, c.Secure && c.HttpOnly, c.Name)
	}
	tab.Open(origin)
	require.Equal(t, http.StatusOK, tab.Follow("button", "Sign out"))
	require.True(t, tab.Has("heading", "You are signed out"), tab.Text())
}

// startTLSProxy terminates TLS in front of the application on port and returns the
// origin.
func startTLSProxy(t *testing.T, port int) string {
	t.Helper()
	app, err := url.Parse(fmt.Sprintf("http://localhost:%d", port))
	require.NoError(t, err)
	srv := httptest.NewUnstartedServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(app)
		r.Out.Host = r.In.Host
	}})
	// The browser makes a first attempt before it trusts the certificate.
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)
}
