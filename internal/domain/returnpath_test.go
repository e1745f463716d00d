package domain

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReturnPathKeepsLocalPaths(t *testing.T) {
	rule := newReturnRule([]string{"/login", "/logout", "/getAToken"})
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
	rule := newReturnRule([]string{"/login", "/logout", "/getAToken"})
	for _, raw := range []string{
		"", "reports", "./reports", "../x", "?x", "#x", "@evil.com",
		"//evil.com", "///evil.com", "////evil.com/%2f..", `/\evil.com`, `\/evil.com`, `\\evil.com`, `/a\b`, `/a/..\//evil.com`,
		"http://evil.com", "https:evil.com", "https:/evil.com", "HTTPS://evil.com", "javascript:alert(1)", "data:text/html,x",
		"/\t/evil.com", "/\n/evil.com", "/\r\n/evil.com", "\t//evil.com", " //evil.com", "/\x00/evil.com", "/\u2028/evil.com", "/\u0085",
		"/.//evil.com", "/..//evil.com", "/a/..//evil.com", "/%2e//evil.com", "/%2E%2e//evil.com", "/././/evil.com", "/.%2e//evil.com", "/.//.", "/%2e//%2E",
		"/100%", "/%zz", "/\xff\xfe", "/a\r\nSet-Cookie: x=1",
		"/login", "/login/", "/login?return_to=/x", "/logout", "/getAToken?code=x",
		"/" + strings.Repeat("a", MaxReturnPath), "/" + strings.Repeat("語", MaxReturnPath/4),
	} {
		assert.Equal(t, "/", rule.check(raw), "%q", raw)
	}
}

// FuzzReturnPath holds the rule against the standard library's resolver, with
// the two ways in which browsers read more than RFC 3986 says.
func FuzzReturnPath(f *testing.F) {
	for _, seed := range []string{"/", "//e", "/\\e", "/a?b#c", "/.//e", "/\t/e", "https://e", "/%2e//e", "/%2f", "/日本"} {
		f.Add(seed)
	}
	rule := newReturnRule(nil)
	base, err := url.Parse("https://app.example/login")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, raw string) {
		got := rule.check(raw)
		asBrowser := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(strings.TrimSpace(got))
		resolved, err := base.Parse(asBrowser)
		require.NoError(t, err)
		assert.Equal(t, "https", resolved.Scheme)
		assert.Equal(t, "app.example", resolved.Host)
		assert.False(t, strings.HasPrefix(resolved.EscapedPath(), "//"), "%q", got)
		assert.LessOrEqual(t, len(got), MaxReturnPath)
		assert.Equal(t, got, rule.check(got), "checking twice changes nothing")
	})
}
