package main

import (
	"bufio"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/domain"
	"webapp/internal/test/redirecttest"
)

// Invariant 9: for every payload of the corpus, the browser is sent to the requested
// local path or to "/", and never to another host.
func TestNoPayloadLeadsElsewhere(t *testing.T) {
	payloads, err := redirecttest.Payloads()
	require.NoError(t, err)
	w := newWorld(t, nil)
	b := w.browser()
	kept := 0
	for _, p := range payloads {
		answer := b.approve(b.begin("/login?return_to="+url.QueryEscape(p.Text)), fakeidp.UserMember)
		r := b.callback(answer)
		assert.Equal(t, http.StatusSeeOther, r.StatusCode, "%s %q", p.Class, p.Text)
		location := r.Header.Get("Location")
		assertLocal(t, w, answer.URL(), p.Text, location)
		if location != "/" {
			kept++
		}
		if p.Class == redirecttest.Local && p.Text != "/" {
			assert.NotEqual(t, "/", location, "%q is a good local path", p.Text)
		}
	}
	assert.Positive(t, kept)
	assert.True(t, b.signedIn())
}

// assertLocal checks one Location as a browser reads it. asked is the requested path.
func assertLocal(t *testing.T, w *world, at, asked, location string) {
	t.Helper()
	for i := range len(location) {
		assert.True(t, location[i] > ' ' && location[i] < 0x7f, "%q is no Location", location)
	}
	require.LessOrEqual(t, len(location), domain.MaxReturnPath)
	got, err := redirecttest.Resolve(at, location)
	require.NoError(t, err, "%q", asked)
	assert.Equal(t, w.url, got.Origin, "%q became %q", asked, location)
	assert.False(t, strings.HasPrefix(got.Path, "//"), "%q became %q", asked, location)
	for _, route := range []string{"/login", "/logout", "/getAToken"} {
		assert.NotEqual(t, route, strings.TrimSuffix(got.Path, "/"), "%q became %q", asked, location)
	}
	byStandardLibrary, err := url.Parse(location)
	require.NoError(t, err, "%q", asked)
	assert.True(t, byStandardLibrary.Host == "" && byStandardLibrary.Scheme == "", "%q became %q", asked, location)
	if location == "/" {
		return
	}
	want, err := redirecttest.Resolve(at, asked)
	require.NoError(t, err, "%q", asked)
	assert.Equal(t, decoded(t, want), decoded(t, got), "%q became another place", asked)
}

// decoded returns the address with its path decoded, so that two spellings are equal.
func decoded(t *testing.T, a redirecttest.Address) redirecttest.Address {
	t.Helper()
	for _, part := range []*string{&a.Path, &a.Query, &a.Fragment} {
		if plain, err := url.PathUnescape(*part); err == nil {
			*part = strings.TrimRight(plain, " ") // a browser strips it, the rule encodes it
		}
	}
	return a
}

// A request for a protected page with an unusual target never leads to another host,
// although the target becomes the return path.
func TestOddRequestTargetsLeadNowhereElse(t *testing.T) {
	w := newWorld(t, nil)
	shown := 0
	for _, target := range oddTargets() {
		status, page := rawGet(t, w, target)
		assert.Less(t, status, 500, "%q", target)
		for _, path := range returnPaths(t, page) {
			at := w.url + "/call_api"
			assertLocal(t, w, at, path, path)
			b := w.browser()
			answer := b.approve(b.begin("/login?return_to="+url.QueryEscape(path)), fakeidp.UserMember)
			assertLocal(t, w, answer.URL(), path, b.callback(answer).Header.Get("Location"))
			shown++
		}
	}
	assert.GreaterOrEqual(t, shown, 10, "sign-in links of protected pages")
}

// oddTargets returns request targets (RFC 9112, section 3.2) that prepare to a protected
// page, or look like that.
func oddTargets() []string {
	targets := []string{"*", "http:call_api", "http://evil.example", "localhost:3000", "%2fcall_api", "/call_api%00", "/%63all_api", "/call_api%2f..", "/sessions?a=%zz", "/admin?x=" + strings.Repeat("y", 2000)}
	for _, page := range []string{"/call_api", "/sessions", "/admin"} {
		for _, form := range []string{"%s", "%s?x=1&y=%2Fa%20b", "%s?return_to=//evil.example", "%s?//evil.example", "%s?\\\\evil.example", "%s?x=\"><script>", "%s?x='y", "%s#//evil.example",
			"%s?a=\tb", "%s?\xff", "%s?日本", "http://evil.example%s", "https://evil.example%s?x", "http://a:b@evil.example%s", "//evil.example%s", "///evil.example%s", `/\evil.example%s`,
			"/.//evil.example/..%s", "/./%s", "/%s", "http:%s", "javascript:%s", "evil.example%s", "%s/", "%s//evil.example", "%s/../..//evil.example", "%s;x", "%s%3f//evil.example"} {
			targets = append(targets, strings.Replace(form, "%s", page, 1))
		}
	}
	return targets
}

// rawGet sends a request with exactly this target.
func rawGet(t *testing.T, w *world, target string) (status int, page string) {
	t.Helper()
	host := strings.TrimPrefix(w.url, "http://")
	conn, err := net.Dial("tcp", host)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "GET "+target+" HTTP/1.1\r\nHost: "+host+"\r\nAccept: text/html\r\nConnection: close\r\n\r\n")
	require.NoError(t, err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err, "%q", target)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Empty(t, res.Header.Get("Location"), "%q", target)
	return res.StatusCode, string(body)
}

// returnPaths returns the return paths in the sign-in links of a page.
func returnPaths(t *testing.T, page string) []string {
	t.Helper()
	var paths []string
	for _, link := range regexp.MustCompile(`href="(/login\?[^"]*)"`).FindAllStringSubmatch(page, -1) {
		u, err := url.Parse(html.UnescapeString(link[1]))
		require.NoError(t, err)
		paths = append(paths, u.Query().Get("return_to"))
	}
	return paths
}
