package http

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFromOrigin(t *testing.T) {
	const own, elsewhere = "https://app.example", "https://evil.example"
	for _, c := range []struct {
		name, method, host, site, origin, referer string
		want                                      bool
	}{
		{"a program", "POST", "app.example", "", "", "", true},
		{"our page", "POST", "app.example", "same-origin", own, "", true},
		{"our page, without a referrer", "POST", "app.example", "same-origin", "null", "", true},
		{"our page, in an old browser", "POST", "app.example", "", own, "", true},
		{"typed by the user", "POST", "app.example", "none", "", "", true},
		{"another site", "POST", "app.example", "cross-site", elsewhere, "", false},
		{"a sibling", "POST", "app.example", "same-site", "https://blog.app.example", "", false},
		{"another site, in an old browser", "POST", "app.example", "", elsewhere, "", false},
		{"no origin at all, in an old browser", "POST", "app.example", "", "null", "", false},
		{"plain http", "POST", "app.example", "", "http://app.example", "", false},
		{"another port", "POST", "app.example", "", own + ":8443", "", false},
		{"the origin in the Host header", "POST", "evil.example", "", elsewhere, "", false},
		{"the origin in the Host header, with http", "POST", "evil.example", "", "http://evil.example", "", false},
		{"an unknown value", "POST", "app.example", "elsewhere", own, "", false},
		{"a deletion from another site", "DELETE", "app.example", "cross-site", elsewhere, "", false},
		{"our page, in a browser that sends no Origin", "POST", "app.example", "", "", own + "/", true},
		{"our page, in a browser that sends no Origin and a whole Referer", "POST", "app.example", "", "", own + "/sessions?x=1", true},
		{"another site, in a browser that sends no Origin", "POST", "app.example", "", "", elsewhere + "/", false},
		{"a sibling, in a browser that sends no Origin", "POST", "app.example", "", "", "https://blog.app.example/", false},
		{"a host that begins like ours, in a browser that sends no Origin", "POST", "app.example", "", "", own + ".evil.example/", false},
		{"our page of the other scheme, in a browser that sends no Origin", "POST", "app.example", "", "", "http://app.example/", false},
		{"a Referer beside another Origin", "POST", "app.example", "", elsewhere, own + "/", false},
		{"a link from another site", "GET", "app.example", "cross-site", "", "", true},
		{"a HEAD from another site", "HEAD", "app.example", "cross-site", "", "", true},
	} {
		r := httptest.NewRequest(c.method, "/logout", nil)
		r.Host = c.host
		for name, value := range map[string]string{"Sec-Fetch-Site": c.site, "Origin": c.origin, "Referer": c.referer} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		assert.Equal(t, c.want, fromOrigin(r, own), c.name)
	}
	for configured, want := range map[string]string{
		"https://App.Example:443": own, "http://localhost:3000": "http://localhost:3000", "http://localhost:80": "http://localhost",
		"https://app.example:80": "https://app.example:80",
	} {
		assert.Equal(t, want, originOfBrowsers(configured))
	}
}
