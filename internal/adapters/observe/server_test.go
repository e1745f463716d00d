package observe

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A browser cannot use a response of the metrics server, whatever its status.
func TestMetricsResponsesHaveSecurityHeaders(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	server.Config = NewMetrics("v1", time.Now).NewServer(slog.New(slog.DiscardHandler))
	server.Start()
	defer server.Close()
	for request, status := range map[string]int{
		"GET /metrics": http.StatusOK, "POST /metrics": http.StatusMethodNotAllowed,
		"GET /": http.StatusNotFound, "GET //metrics": http.StatusTemporaryRedirect, "OPTIONS *": http.StatusBadRequest,
	} {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		require.NoError(t, err)
		_, err = io.WriteString(conn, request+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
		require.NoError(t, err)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		assert.Equal(t, status, res.StatusCode, request)
		for header, value := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
		} {
			assert.Equal(t, []string{value}, res.Header[header], request)
		}
		assert.Contains(t, res.Header.Get("Content-Security-Policy"), "default-src 'none'", request)
		require.NoError(t, conn.Close())
	}
}
