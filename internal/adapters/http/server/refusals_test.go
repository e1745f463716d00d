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

// refusing is a handler that says "well", and has a handler for refusals.
type refusing struct{ refusals http.HandlerFunc }

func (refusing) ServeHTTP(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "well") }
func (h refusing) Refusals() http.Handler                         { return h.refusals }

// serving serves h, and returns what says something on a connection of its own
// and reads all of the answer, and where the end of serving would be told.
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

// The server asks for the words of a refusal where nothing recovers: whatever
// goes wrong there, the client gets the server's own, and the process lives on.
func TestARefusalThatPanicsEndsNothing(t *testing.T) {
	say, done := serving(t, refusing{func(http.ResponseWriter, *http.Request) { panic("broken") }})
	for range 3 {
		assert.True(t, strings.HasPrefix(say("no request\r\n\r\n"), "HTTP/1.1 400 "))
		assert.Contains(t, say(usual), "well")
	}
	assert.Empty(t, done, "it serves on")
}

func TestAHandlerHasTheWordsOfARefusal(t *testing.T) {
	say, _ := serving(t, refusing{func(w http.ResponseWriter, r *http.Request) {
		said := RefusalOf(r.Context())
		w.Header().Set("X-Words", "ours")
		w.WriteHeader(said.Status)
		_, _ = io.WriteString(w, r.RemoteAddr+" "+said.Text)
	}})
	answer := say("GET / HTTP/1.1\r\n\r\n")
	assert.True(t, strings.HasPrefix(answer, "HTTP/1.1 400 "), answer)
	assert.Contains(t, answer, "X-Words: ours\r\n")
	assert.Regexp(t, `127\.0\.0\.1:\d+ 400 Bad Request: missing required Host header$`, answer)
	assert.Contains(t, say(usual), "well")
	assert.Zero(t, RefusalOf(t.Context()), "where nothing was refused")
}
