package domain

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/test/redirecttest"
)

// With a home page below a path, most paths belong to another application on the same
// origin. Invalid return paths still lead to this application's home page.
func TestReturnPathWithAnotherHome(t *testing.T) {
	rule := newReturnRule("/_signin/", []string{"/_signin/login", "/_signin/logout", "/getAToken", "/ends/in/a/slash/"})
	for raw, want := range map[string]string{
		"": "/_signin/", "/": "/", "/reports?a=1&b=2": "/reports?a=1&b=2", "/login": "/login", "/_signin/": "/_signin/",
		"//evil.example": "/_signin/", "/_signin/../..//evil.example": "/_signin/", "/_signin/\\evil.example": "/_signin/",
		"/_signin/login?return_to=/": "/_signin/", "/x/../_signin/%6cogout/": "/_signin/", "/getAToken?code=c": "/_signin/",
		"/ends/in/a/slash/?code=c": "/_signin/", "/ends/in/a/slash": "/_signin/",
	} {
		assert.Equal(t, want, rule.check(raw), raw)
	}
}

func TestReturnPathKeepsLocalPaths(t *testing.T) {
	rule := newReturnRule("", []string{"/login", "/logout", "/getAToken"})
	for raw, want := range map[string]string{
		"/":                       "/",
		"/reports":                "/reports",
		"/call_api?x=1&y=a%20b":   "/call_api?x=1&y=a%20b",
		"/a/b/?q=http://evil.com": "/a/b/?q=http://evil.com",
		"/a?next=//evil.com":      "/a?next=//evil.com",
		"/a#part":                 "/a#part",
		"/a b":                    "/a%20b",
		"/日本?q=語":                 "/%E6%97%A5%E6%9C%AC?q=%E8%AA%9E",
		`/a?q=x\y`:                "/a?q=x%5Cy",
		"/a/../b":                 "/a/../b",
		"/@evil.com":              "/@evil.com",
		"/%2f%2fevil.com":         "/%2f%2fevil.com",
		"/loginfoo":               "/loginfoo",
	} {
		assert.Equal(t, want, rule.check(raw), "%q", raw)
	}
}

func TestReturnPathRefusesTheRest(t *testing.T) {
	rule := newReturnRule("", []string{"/login", "/logout", "/getAToken"})
	for _, raw := range []string{
		"", "reports", "./reports", "../x", "?x", "#x", "@evil.com",
		"//evil.com", "///evil.com", "////evil.com/%2f..", `/\evil.com`, `\/evil.com`, `\\evil.com`, `/a\b`, `/a/..\//evil.com`,
		"http://evil.com", "https:evil.com", "https:/evil.com", "HTTPS://evil.com", "javascript:alert(1)", "data:text/html,x",
		"///evil.com/../../..", "////evil.com/%2e%2e/../../..", "///../../evil.com", "/\t/evil.com", "/\n/evil.com", "/\r\n/evil.com", "\t//evil.com", " //evil.com", "/\x00/evil.com", "/\u2028/evil.com", "/\u0085",
		"/.//evil.com", "/..//evil.com", "/a/..//evil.com", "/%2e//evil.com", "/%2E%2e//evil.com", "/././/evil.com", "/.%2e//evil.com", "/.//.", "/%2e//%2E",
		"/100%", "/%zz", "/\xff\xfe", "/a\r\nSet-Cookie: x=1",
		"/login", "/login/", "/login?return_to=/x", "/./login", "/a/../login", "/%2e/%6cogin", "/login/.", "/logout", "/getAToken?code=x",
		"/" + strings.Repeat("a", MaxReturnPath), "/" + strings.Repeat("語", MaxReturnPath/4),
	} {
		assert.Equal(t, "/", rule.check(raw), "%q", raw)
	}
}

// FuzzReturnPath compares the rule with a URL parser for browsers and with net/url.
func FuzzReturnPath(f *testing.F) {
	payloads, err := redirecttest.Payloads()
	require.NoError(f, err)
	for _, p := range payloads {
		f.Add(p.Text)
	}
	rule := newReturnRule("", []string{"/login"})
	const at = "https://app.example/login?return_to=x"
	base, err := url.Parse(at)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, raw string) {
		got := rule.check(raw)
		inBrowser, err := redirecttest.Resolve(at, got)
		require.NoError(t, err)
		assert.Equal(t, "https://app.example", inBrowser.Origin, "%q became %q", raw, got)
		assert.False(t, strings.HasPrefix(inBrowser.Path, "//"), "%q became %q", raw, got)
		assert.NotEqual(t, "/login", strings.TrimSuffix(inBrowser.Path, "/"), "%q became %q", raw, got)
		resolved, err := base.Parse(got)
		require.NoError(t, err)
		assert.Equal(t, "https://app.example", resolved.Scheme+"://"+resolved.Host)
		assert.LessOrEqual(t, len(got), MaxReturnPath)
		assert.Equal(t, got, rule.check(got), "checking twice changes nothing")
	})
}
