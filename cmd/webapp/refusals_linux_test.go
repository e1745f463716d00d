package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// say sends bytes on a new connection and returns the last response.
func (p *publicServer) say(before, request string) (*http.Response, string) {
	p.t.Helper()
	conn, err := net.Dial("tcp", p.address)
	require.NoError(p.t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(p.t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	in := bufio.NewReader(conn)
	var res *http.Response
	var body []byte
	for _, one := range []string{before, request} {
		if one == "" {
			continue
		}
		_, err = io.WriteString(conn, one)
		require.NoError(p.t, err)
		res, err = http.ReadResponse(in, nil)
		require.NoError(p.t, err)
		body, err = io.ReadAll(res.Body)
		require.NoError(p.t, err)
	}
	return res, string(body)
}

// Every response has the security headers, a request ID and a log line, also to a
// malformed request, which never reaches a handler.
func TestWhatIsNoRequestIsAnsweredLikeOne(t *testing.T) {
	const usual = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for name, c := range map[string]struct {
		request string
		status  int
		says    string
	}{
		"a header without end":   {"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: " + strings.Repeat("v", 40<<10), http.StatusRequestHeaderFieldsTooLarge, "The request is too large"},
		"an endless address":     {"GET /" + strings.Repeat("v", 40<<10), http.StatusRequestHeaderFieldsTooLarge, "The request is too large"},
		"no HTTP":                {"hello\r\n\r\n", http.StatusBadRequest, "400 Bad Request"},
		"no host":                {"GET / HTTP/1.1\r\n\r\n", http.StatusBadRequest, "missing required Host header"},
		"a strange host":         {"GET / HTTP/1.1\r\nHost: <script>\r\n\r\n", http.StatusBadRequest, "malformed Host header"},
		"two hosts":              {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", http.StatusBadRequest, "400 Bad Request"},
		"a strange header":       {"GET / HTTP/1.1\r\nHost: localhost\r\n<script>: x\r\n\r\n", http.StatusBadRequest, "400 Bad Request"},
		"a strange body":         {"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", http.StatusNotImplemented, "Unsupported transfer encoding"},
		"two lengths":            {"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", http.StatusBadRequest, "400 Bad Request"},
		"another version":        {"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", http.StatusHTTPVersionNotSupported, "unsupported protocol version"},
		"HTTP/2 unasked":         {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", http.StatusNotFound, ""},
		"an odd expectation":     {"GET / HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\n\r\n", http.StatusExpectationFailed, "417 Expectation Failed"},
		"the server's options":   {"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", http.StatusNotFound, ""},
		"a tunnel":               {"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n", http.StatusNotFound, ""},
		"the last 4 kB":          {"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("v", 33<<10) + "\r\n\r\n", http.StatusRequestHeaderFieldsTooLarge, "The request is too large"},
		"the last 4 kB, to JSON": {"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nX: " + strings.Repeat("v", 33<<10) + "\r\n\r\n", http.StatusRequestHeaderFieldsTooLarge, `"status":431`},
	} {
		for order, before := range map[string]string{"first": "", "on a kept connection": usual} {
			t.Run(name+" "+order, func(t *testing.T) {
				w := newWorld(t, nil)
				p := w.public()
				res, body := p.say(before, c.request)
				assert.Equal(t, c.status, res.StatusCode)
				assert.Contains(t, body, c.says)
				assert.NotContains(t, body, "<script>")
				for header, value := range map[string]string{
					"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
					"Referrer-Policy": "strict-origin", "X-Frame-Options": "DENY", "Cross-Origin-Resource-Policy": "same-origin",
				} {
					assert.Contains(t, res.Header.Get(header), value)
				}
				id := res.Header.Get("X-Request-Id")
				require.NotEmpty(t, id)
				require.Eventually(t, func() bool { return strings.Contains(w.logs.String(), id) }, 10*time.Second, time.Millisecond)
				assert.NotContains(t, w.logs.String(), "<script>")
			})
		}
	}
}

// These responses have HSTS if all others have it.
func TestWhatIsNoRequestIsToldOfHTTPS(t *testing.T) {
	w := newWorld(t, map[string]string{"REDIRECT_URI": "https://app.example/getAToken"})
	p := w.public()
	res, _ := p.say("", "hello\r\n\r\n")
	assert.Equal(t, "max-age=31536000", res.Header.Get("Strict-Transport-Security"))
}
