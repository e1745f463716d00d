package forwardauth_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	webhttp "webapp/internal/adapters/http"
	"webapp/internal/ports"
)

// FuzzVerify sends any query and forwarded headers through a trusted proxy. No header
// lets an anonymous browser pass or leads it to another origin. A person passes only
// with a demand that is met.
func FuzzVerify(f *testing.F) {
	app := start(f, func(c *webhttp.Config) {
		c.PublicOrigin = "https://app.example"
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("192.0.2.0/24")}
		c.Logger = slog.New(slog.DiscardHandler)
	})
	client := signInWith(f, app, ada(), ports.Groups{IDs: []string{engineers}, AsOf: app.Clock.Now()})
	res := ask(f, client, http.MethodGet, "/sessions")
	cookie := res.Request.Header.Get("Cookie")
	require.NotEmpty(f, cookie)
	for _, c := range [][5]string{
		{"", "GET", "app.example", "/reports?a=b", "text/html"}, {"role=Admin&group=" + engineers, "GET", "app.example", "//evil.example", "text/html"},
		{"role=%zz", "POST", "evil.example", "/\\evil.example", "*/*;q=x"}, {"role=&role=Admin", "GET", "APP.EXAMPLE:443", "/a#b", "text/html;q=0"}, {"rolé=x;group", "get", "", "", ""},
	} {
		f.Add(c[0], c[1], c[2], c[3], c[4])
	}
	f.Fuzz(func(t *testing.T, query, method, host, uri, accept string) {
		for _, session := range []string{"", cookie} {
			r := httptest.NewRequest(http.MethodGet, "/verify", nil)
			r.URL.RawQuery = query
			r.Header = http.Header{"X-Forwarded-Method": {method}, "X-Forwarded-Host": {host}, "X-Forwarded-Uri": {uri}, "Accept": {accept}}
			if session != "" {
				r.Header.Set("Cookie", session)
			}
			w := recorderOf(app, r)
			require.Less(t, w.Code, 500)
			require.Empty(t, w.Header().Values("Set-Cookie"))
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			switch w.Code {
			case http.StatusNoContent:
				require.NotEmpty(t, session)
				values, err := url.ParseQuery(query)
				require.NoError(t, err)
				require.True(t, values["role"] == nil || slices.Contains(values["role"], "Admin") || slices.Contains(values["role"], "Reader"))
				require.True(t, values["group"] == nil || slices.ContainsFunc(values["group"], func(id string) bool { return strings.EqualFold(id, engineers) }))
			case http.StatusSeeOther:
				require.Empty(t, session)
				require.Equal(t, "GET", method)
				to, err := url.Parse(w.Header().Get("Location"))
				require.NoError(t, err)
				require.Equal(t, "/login", to.Path)
				require.Empty(t, to.Host)
				requireLocal(t, to.Query().Get("return_to"))
			}
		}
	})
}
