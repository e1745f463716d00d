//go:build integration

package deploytest

import (
	"bufio"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// patience bounds the wait for an event that usually happens at once.
const patience = 10 * time.Second

const hsts = "Strict-Transport-Security"

func TestSignInThroughNginx(t *testing.T) {
	s := newSite(t, nil)
	s.start(0)
	p := s.visitor("127.0.0.2")
	home := p.get("/")
	assert.Equal(t, 2, home.ProtoMajor, "HTTP/2")
	assert.Empty(t, home.Cookies(), "a visitor gets no cookie")

	answer, landed := p.signIn(fakeidp.UserMember)
	require.True(t, answer.FormPost)
	require.Equal(t, http.StatusSeeOther, landed.StatusCode, landed.body)
	assert.NotEmpty(t, landed.Cookies())
	for _, c := range landed.Cookies() {
		assert.Regexp(t, "^__Host-", c.Name)
		assert.True(t, c.Secure && c.HttpOnly && c.Path == "/" && c.Domain == "", c.Name)
	}
	in := p.get("/")
	assert.Contains(t, in.body, "Welcome Adele Vance!")

	stylesheet := p.get(between(t, in.body, `rel="stylesheet" href="`, `"`))
	assert.Contains(t, stylesheet.Header.Get("Cache-Control"), "immutable")
	out := p.do(http.MethodPost, "/logout", url.Values{}, "Origin", s.origin, "Sec-Fetch-Site", "same-origin")
	require.Equal(t, http.StatusSeeOther, out.StatusCode, out.body)
	assert.Contains(t, out.Header.Get("Location"), url.QueryEscape(s.origin+"/"), "back to the public origin")
	gone := p.get("/")
	assert.NotContains(t, gone.body, "Welcome")
	other := p.do(http.MethodPost, "/logout", url.Values{}, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	assert.Equal(t, http.StatusForbidden, other.StatusCode)

	for _, r := range []reply{home, landed, in, stylesheet, out, gone, other, p.get("/missing"), p.get("/healthz")} {
		assert.Equal(t, []string{"max-age=31536000"}, r.Header.Values(hsts), r.Request.URL.Path)
	}
	s.awaitLog(`"GET /healthz" 200`)
	secrets := []string{answer.Values.Get("code"), answer.Values.Get("state")}
	for _, c := range landed.Cookies() {
		if c.MaxAge >= 0 {
			secrets = append(secrets, c.Value)
		}
	}
	require.Greater(t, len(secrets), 2)
	for _, secret := range secrets {
		assert.NotContains(t, s.log(), secret)
	}
}

func between(t *testing.T, text, before, after string) string {
	t.Helper()
	_, rest, _ := strings.Cut(text, before)
	found, _, ok := strings.Cut(rest, after)
	require.True(t, ok, "%s…%s", before, after)
	return found
}

func TestLogShowsTheRealClient(t *testing.T) {
	s := newSite(t, nil)
	s.start(0)
	for _, claim := range [][]string{
		nil,
		{"X-Forwarded-For", "203.0.113.7"},
		{"X-Forwarded-For", "203.0.113.7, 127.0.0.1", "X-Real-IP", "203.0.113.7", "True-Client-IP", "203.0.113.7"},
		{"Forwarded", "for=203.0.113.7"},
	} {
		s.visitor("127.0.0.2").get("/healthz", claim...)
	}
	app := s.visitor("127.0.0.3")
	app.get(s.apps[0].URL+"/missing", "X-Forwarded-For", "203.0.113.7")
	s.apps[0].WaitForOutput(`"path":"/missing"`)
	log := s.apps[0].Output()
	assert.Equal(t, 4, strings.Count(log, `"client":"127.0.0.2"`), "through nginx: the client's address, whatever it claims")
	assert.Equal(t, 1, strings.Count(log, `"client":"127.0.0.3"`), "past nginx: nobody to believe")
	assert.NotContains(t, log, "203.0.113.7")
}

// Entra's callbacks are longer than 4096 bytes. The proxy must pass on all requests
// that the application accepts, and refuse larger ones.
func TestSizesThroughNginx(t *testing.T) {
	s := newSite(t, nil)
	s.start(0)
	p := s.visitor("127.0.0.2")
	const refusedByApp = `<html lang=`

	long := url.Values{"code": {strings.Repeat("c", 12<<10)}, "state": {"unknown"}}
	r := p.do(http.MethodPost, "/getAToken", long)
	assert.Equal(t, http.StatusBadRequest, r.StatusCode)
	assert.Contains(t, r.body, refusedByApp)

	cookies := []string{"Cookie", strings.Repeat("__Host-other="+strings.Repeat("v", 1000)+"; ", 8)}
	r = p.get("/missing?"+url.Values{"code": {strings.Repeat("c", 9000)}}.Encode(), cookies...)
	assert.Equal(t, http.StatusNotFound, r.StatusCode)
	assert.Contains(t, r.body, refusedByApp)

	many := s.visitor("127.0.0.2")
	for range 60 {
		require.Equal(t, http.StatusSeeOther, many.get("/login").StatusCode)
	}
	assert.Equal(t, http.StatusOK, many.get("/").StatusCode, "sixty sign-ins in one browser")

	r = p.do(http.MethodPost, "/getAToken", url.Values{"code": {strings.Repeat("c", 70<<10)}})
	assert.Equal(t, http.StatusRequestEntityTooLarge, r.StatusCode)
	assert.Equal(t, []string{"max-age=31536000"}, r.Header.Values(hsts), "also where nginx answers")
	assert.NotContains(t, r.Header.Get("Server"), "/", "no version")
	s.apps[0].WaitForOutput(`"path":"/missing"`)
	assert.Equal(t, 1, strings.Count(s.apps[0].Output(), `"route":"/getAToken"`), "the second POST never reached the app")
}

func TestPlainHTTPIsRedirected(t *testing.T) {
	s := newSite(t, nil)
	p := s.visitor("127.0.0.2")
	r := p.get("http://localhost:"+portOf(s.plainAddr)+"/call_api?x=1", "X-Forwarded-Host", "evil.example")
	assert.Equal(t, http.StatusMovedPermanently, r.StatusCode)
	assert.Equal(t, s.origin+"/call_api?x=1", r.Header.Get("Location"))
	assert.Empty(t, r.Header.Values(hsts), "never over http (RFC 6797, section 7.2)")
}

func TestOtherHostNamesGetNothing(t *testing.T) {
	s := newSite(t, nil)
	conn, err := tls.Dial("tcp", s.tlsAddr, &tls.Config{ServerName: "evil.example", RootCAs: s.ca.pool()})
	if err == nil {
		_ = conn.Close()
	}
	assert.ErrorContains(t, err, "unrecognized name")

	plain, err := net.Dial("tcp", s.plainAddr)
	require.NoError(t, err)
	defer func() { _ = plain.Close() }()
	_, err = plain.Write([]byte("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"))
	require.NoError(t, err)
	_, err = bufio.NewReader(plain).ReadByte()
	assert.Error(t, err, "closed without an answer")
}

func TestNginxWithoutInstances(t *testing.T) {
	s := newSite(t, map[string]string{"RESPONSE_MODE": "query"})
	p := s.visitor("127.0.0.2")
	r := p.get("/getAToken?code=S3cretCode&state=S3cretState")
	assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode)
	assert.Equal(t, "5", r.Header.Get("Retry-After"))
	assert.Equal(t, "no-store", r.Header.Get("Cache-Control"))
	assert.Equal(t, []string{"max-age=31536000"}, r.Header.Values(hsts))
	assert.Contains(t, r.body, "try again")
	s.awaitLog(`"GET /getAToken" 503`)
	assert.NotContains(t, s.log(), "S3cret")

	s.start(1)
	_, landed := p.signIn(fakeidp.UserMember)
	assert.Equal(t, http.StatusSeeOther, landed.StatusCode, "it heals by itself; %s", landed.body)
	assert.Contains(t, p.get("/").body, "Welcome")
}
