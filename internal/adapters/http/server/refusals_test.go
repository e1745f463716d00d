package server

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// refusing is a handler that responds "well" and has a handler for refusals.
type refusing struct{ refusals http.HandlerFunc }

func (refusing) ServeHTTP(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "well") }
func (h refusing) Refusals() http.Handler                         { return h.refusals }

// serving serves h. say sends a request on a new connection and returns the whole
// response. done receives when Serve returns.
func serving(t *testing.T, h http.Handler) (say func(request string) string, done <-chan error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- Serve(t.Context(), New(h, slog.New(slog.DiscardHandler)), l) }()
	return func(request string) string {
		conn, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		_, err = io.WriteString(conn, request)
		require.NoError(t, err)
		answer, err := io.ReadAll(conn)
		require.NoError(t, err)
		return string(answer)
	}, ended
}

const usual = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

// net/http recovers no panic at this point. The client still gets the response of
// net/http, and the process keeps running.
func TestAPanicInRefusalsIsRecovered(t *testing.T) {
	say, done := serving(t, refusing{func(http.ResponseWriter, *http.Request) { panic("broken") }})
	for range 3 {
		assert.True(t, strings.HasPrefix(say("no request\r\n\r\n"), "HTTP/1.1 400 "))
		assert.Contains(t, say(usual), "well")
	}
	assert.Empty(t, done, "it is still serving")
}

func TestAHandlerWritesRefusals(t *testing.T) {
	say, _ := serving(t, refusing{func(w http.ResponseWriter, r *http.Request) {
		refusal := RefusalOf(r.Context())
		w.Header().Set("X-Words", "ours")
		w.WriteHeader(refusal.Status)
		_, _ = io.WriteString(w, r.RemoteAddr+" "+refusal.Text)
	}})
	answer := say("GET / HTTP/1.1\r\n\r\n")
	assert.True(t, strings.HasPrefix(answer, "HTTP/1.1 400 "), answer)
	assert.Contains(t, answer, "X-Words: ours\r\n")
	assert.Regexp(t, `127\.0\.0\.1:\d+ 400 Bad Request: missing required Host header$`, answer)
	assert.Contains(t, say(usual), "well")
	assert.Zero(t, RefusalOf(t.Context()), "without a refusal")
}
