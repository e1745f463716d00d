package apptest_test

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	webhttp "webapp/internal/adapters/http"
	"webapp/internal/test/apptest"
)

// loggedTo writes the application's log to w.
func loggedTo(w io.Writer) apptest.Option {
	return func(c *webhttp.Config) { c.Logger = slog.New(slog.NewTextHandler(w, nil)) }
}

// garbled returns the URL of an API that sends this response to every request.
func garbled(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.WriteString(conn, answer)
			_ = conn.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

// Some APIs, such as Azure Functions, take keys in the query.
func TestAKeyInTheAPIsAddressStaysHere(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("code") != "FUNCTION-KEY" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(api.Close)
	for name, c := range map[string]struct {
		origin string
		status int
		log    string
	}{
		"answers":       {api.URL, http.StatusOK, ""},
		"is down":       {"http://127.0.0.1:1", http.StatusBadGateway, "dial tcp 127.0.0.1:1: connect"},
		"hangs up":      {garbled(t, ""), http.StatusBadGateway, "EOF"},
		"is no API":     {garbled(t, "ada@contoso.example FUNCTION-KEY\r\n\r\n"), http.StatusBadGateway, "not HTTP"},
		"misdirects":    {garbled(t, "HTTP/1.1 302 Found\r\nLocation: http://ada@contoso.example:x/?code=FUNCTION-KEY\r\n\r\n"), http.StatusBadGateway, "not HTTP"},
		"has wrong TLS": {strings.Replace(httpsOf(t), "127.0.0.1", "localhost", 1), http.StatusBadGateway, "certificate"},
		"breaks off":    {garbled(t, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"), http.StatusBadGateway, "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			client := apptest.SignedIn(t, apptest.User{Name: "Ada Lovelace"}, loggedTo(&log),
				apptest.WithAPI(c.origin+"/f/x?code=FUNCTION-KEY&FUNCTION-KEY#FUNCTION-KEY", "api/read"))
			status, body := page(t, client, "/call_api")
			assert.Equal(t, c.status, status)
			assert.Contains(t, body, c.origin+"/", "the address without its query is no secret")
			assert.Contains(t, body, `action="/logout"`, "the person is still signed in")
			assert.NotContains(t, body, "FUNCTION-KEY")
			assert.Contains(t, log.String(), c.log)
			assert.NotContains(t, log.String(), "FUNCTION-KEY")
			assert.NotContains(t, log.String(), "contoso.example")
		})
	}
}

func httpsOf(t *testing.T) string {
	t.Helper()
	api := httptest.NewUnstartedServer(http.NotFoundHandler())
	api.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	api.StartTLS()
	t.Cleanup(api.Close)
	return api.URL
}

func TestAProgramGetsAPIErrorsAsProblemDocuments(t *testing.T) {
	apptest.NeedsPage(t, "/call_api")
	client := apptest.SignedIn(t, apptest.User{Name: "Ada Lovelace"}, apptest.WithAPI("http://127.0.0.1:1/", "api/read"))
	req, err := http.NewRequest(http.MethodGet, "/call_api", nil)
	require.NoError(t, err)
	req.Header.Set("Accept", "application/json")
	res, err := client.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusBadGateway, res.StatusCode)
	assert.Equal(t, "application/problem+json", res.Header.Get("Content-Type"))
	assert.Contains(t, string(body), "The API did not respond")
}
