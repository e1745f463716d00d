package session

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"webapp/internal/ports"
)

// exchange is one request of a browser and the response to it.
type exchange struct {
	request *http.Request
	header  http.Header // of the response

	// mu serialises the port methods on this exchange, so that a session is
	// loaded once however many goroutines of a handler ask.
	mu   sync.Mutex
	held held
	// revision is that of the session which scs is asked about, loaded the
	// one of the session that came with the request.
	revision *revision
	loaded   revision
	// written is what this response sets, by cookie name; deleted cookies
	// have an empty value. It counts before what the request sent.
	written map[string]string
}

// held is what an exchange knows of the browser's session.
type held struct {
	loaded  bool
	err     error           // why it could not be loaded
	token   string          // empty without a session
	session *keptSession    // never changed once it is here
	read    *revision       // of the session's record
	data    context.Context // carries the session data of scs
}

// key returns the session's record key. It is worked out only where it is
// needed, which a plain page view is not.
func (h held) key() string { return sessionKey(h.token) }

type exchangeKey struct{ m *Manager }

// Middleware makes the browser of each request known to the port methods. It
// reads nothing from the store: the session is loaded when it is first asked
// for. Port methods set cookies on the response's header, so they have to be
// called before the body is written.
func (m *Manager) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ex := &exchange{request: r, header: w.Header()}
		ex.revision = &ex.loaded
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), exchangeKey{m}, ex)))
	})
}

// enter returns the exchange of ctx, locked; the caller unlocks it.
func (m *Manager) enter(ctx context.Context) (*exchange, error) {
	ex, ok := m.exchange(ctx)
	if !ok {
		return nil, ports.ErrNoBrowser
	}
	ex.mu.Lock()
	return ex, nil
}

// exchange returns the exchange of ctx, to callers that have locked it.
func (m *Manager) exchange(ctx context.Context) (*exchange, bool) {
	ex, ok := ctx.Value(exchangeKey{m}).(*exchange)
	return ex, ok
}

// values returns what the browser holds under a cookie name. Several cookies
// can share one name where they were set for different paths or domains.
func (ex *exchange) values(name string) []string {
	if value, ok := ex.written[name]; ok {
		if value == "" {
			return nil
		}
		return []string{value}
	}
	var values []string
	for _, c := range ex.request.CookiesNamed(name) {
		values = append(values, c.Value)
	}
	return values
}

// set puts a cookie on the response, in place of one of the same name that was
// put there before. Such a response is not for any cache.
func (ex *exchange) set(c *http.Cookie) {
	line := c.String()
	cookies := ex.header["Set-Cookie"]
	kept := cookies[:0:0]
	for _, other := range cookies {
		if !strings.HasPrefix(other, c.Name+"=") {
			kept = append(kept, other)
		}
	}
	ex.header["Set-Cookie"] = append(kept, line)
	if ex.written == nil {
		ex.written = map[string]string{}
	}
	ex.written[c.Name] = c.Value
	if !strings.Contains(ex.header.Get("Cache-Control"), "no-store") {
		ex.header.Set("Cache-Control", "no-store")
	}
}

// dependsOnCookie tells caches that the response differs from browser to
// browser.
func (ex *exchange) dependsOnCookie() {
	for _, v := range ex.header["Vary"] {
		if strings.Contains(v, "Cookie") {
			return
		}
	}
	ex.header.Add("Vary", "Cookie")
}
