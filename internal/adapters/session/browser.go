package session

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"

	"webapp/internal/ports"
)

// browserRequest is one request of a browser, with the header of its response.
type browserRequest struct {
	request *http.Request
	header  http.Header // of the response

	// mu serialises the port methods on this request, so that the session is
	// loaded once however many goroutines of a handler ask for it.
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

// held is the browser's session as this request knows it.
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

type browserRequestKey struct{ m *Manager }

// Middleware makes the browser of each request known to the port methods. It
// reads nothing from the store: the session is loaded when it is first asked
// for. Port methods set cookies on the response's header, so they have to be
// called before the body is written.
func (m *Manager) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := &browserRequest{request: r, header: w.Header()}
		req.revision = &req.loaded
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), browserRequestKey{m}, req)))
	})
}

// enter returns the browser's request of ctx, locked. The caller unlocks it.
func (m *Manager) enter(ctx context.Context) (*browserRequest, error) {
	req, ok := m.requestOf(ctx)
	if !ok {
		return nil, ports.ErrNoBrowser
	}
	req.mu.Lock()
	return req, nil
}

// requestOf returns the browser's request of ctx. The caller has locked it.
func (m *Manager) requestOf(ctx context.Context) (*browserRequest, bool) {
	req, ok := ctx.Value(browserRequestKey{m}).(*browserRequest)
	return req, ok
}

// values returns what the browser holds under a cookie name. Several cookies
// can share one name where they were set for different paths or domains.
func (req *browserRequest) values(name string) []string {
	if value, ok := req.written[name]; ok {
		if value == "" {
			return nil
		}
		return []string{value}
	}
	var values []string
	for _, c := range req.request.CookiesNamed(name) {
		values = append(values, c.Value)
	}
	return values
}

// set puts a cookie on the response, in place of one of the same name that was
// put there before. Such a response is not for any cache.
func (req *browserRequest) set(c *http.Cookie) {
	line := c.String()
	cookies := req.header["Set-Cookie"]
	kept := cookies[:0:0]
	for _, other := range cookies {
		if !strings.HasPrefix(other, c.Name+"=") {
			kept = append(kept, other)
		}
	}
	req.header["Set-Cookie"] = append(kept, line)
	if req.written == nil {
		req.written = map[string]string{}
	}
	req.written[c.Name] = c.Value
	if !strings.Contains(req.header.Get("Cache-Control"), "no-store") {
		req.header.Set("Cache-Control", "no-store")
	}
}

// dependsOnCookie tells caches that the response differs from browser to
// browser.
func (req *browserRequest) dependsOnCookie() {
	for _, v := range req.header["Vary"] {
		if strings.Contains(v, "Cookie") {
			return
		}
	}
	req.header.Add("Vary", "Cookie")
}

// tokenSize is the length of a session token and of its hash: 32 bytes in
// base64url without padding.
const tokenSize = 43

// maxTokens bounds how many sessions one request can end.
const maxTokens = 4

// isToken reports whether s has the form of a token. Nothing else is worth
// asking the store for.
func isToken(s string) bool {
	if len(s) != tokenSize {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// token returns the session token that the browser sent. Two cookies of that
// name mean that somebody else could set one of them: then there is none.
func (m *Manager) token(req *browserRequest) (string, bool) {
	sent := req.values(m.cookies.session)
	if len(sent) != 1 || !isToken(sent[0]) {
		return "", false
	}
	return sent[0], true
}

// ReferencedSession returns the session that the reference cookie names. Without
// CrossSiteCallback there is no such cookie, and no session.
func (m *Manager) ReferencedSession(ctx context.Context) (ports.Session, error) {
	req, err := m.enter(ctx)
	if err != nil {
		return ports.Session{}, err
	}
	defer req.mu.Unlock()
	sent := req.values(m.cookies.reference)
	if !m.cookies.crossSite || len(sent) != 1 || !isToken(sent[0]) {
		return ports.Session{}, ports.ErrNoSession
	}
	s, err := m.readSession(ctx, sent[0])
	if err != nil {
		return ports.Session{}, err
	}
	if s == nil {
		return ports.Session{}, ports.ErrNoSession
	}
	return s.Session, nil
}

// HandOver implements ports.SessionHandOver.
func (m *Manager) HandOver(ctx context.Context) (give func(context.Context) error, err error) {
	req, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer req.mu.Unlock()
	token, key := req.held.token, req.held.key()
	if token == "" {
		return nil, ports.ErrNoSession
	}
	return func(ctx context.Context) error {
		other, err := m.enter(ctx)
		if err != nil {
			return err
		}
		defer other.mu.Unlock()
		other.held = held{}
		m.setSession(other, token, key)
		return nil
	}, nil
}

// setSession puts the cookies of a session on the response.
func (m *Manager) setSession(req *browserRequest, token, key string) {
	req.set(m.cookies.make(m.cookies.session, token, 0))
	if m.cookies.crossSite {
		req.set(m.cookies.make(m.cookies.reference, key, 0))
	}
}

// presented returns the record keys of all sessions that the browser names.
// They are to be ended, so every copy counts here, and with CrossSiteCallback
// the reference too: a cross-site POST comes without the session cookie.
func (m *Manager) presented(req *browserRequest) []string {
	var keys []string
	add := func(key string) {
		if len(keys) < maxTokens && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	for _, token := range req.values(m.cookies.session) {
		if isToken(token) {
			add(sessionKey(token))
		}
	}
	if !m.cookies.crossSite {
		return keys
	}
	for _, key := range req.values(m.cookies.reference) {
		if isToken(key) {
			add(key)
		}
	}
	return keys
}
