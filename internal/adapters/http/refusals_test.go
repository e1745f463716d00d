package http

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The server asks for the words of a refusal where nothing recovers: whatever
// goes wrong there, the client gets the server's own, and the process lives on.
func TestARefusalThatPanicsEndsNothing(t *testing.T) {
	broken := &application{refusals: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("broken") })}
	routes := chi.NewRouter()
	routes.Get("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "well") })
	broken.router = routes
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- Serve(t.Context(), NewServer(broken, slog.New(slog.DiscardHandler)), l) }()
	say := func(request string) string {
		conn, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		_, err = io.WriteString(conn, request)
		require.NoError(t, err)
		answer, err := io.ReadAll(conn)
		require.NoError(t, err)
		return string(answer)
	}
	for range 3 {
		assert.True(t, strings.HasPrefix(say("no request\r\n\r\n"), "HTTP/1.1 400 "))
		assert.Contains(t, say("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "well")
	}
	assert.Empty(t, done, "it serves on")
}
