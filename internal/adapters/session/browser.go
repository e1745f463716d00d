package session

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"

	"webapp/internal/ports"
)

// browserRequest is one HTTP request of a browser, with the header of its
// response. It is the context of the handlers, in which requestOf finds it.
type browserRequest struct {
	context.Context // of the request

	manager *Manager
	request *http.Request
	header  http.Header // of the response
	keys    *sealer     // for the whole request; never replaced

	// mu is locked by each port method, so that the session is loaded once even
	// if a handler uses several goroutines.
	mu      sync.Mutex
	current loadedSession
	// record belongs to the session that scs reads or writes.
	record sessionRecord
	// written has the cookies that this response sets, by name. They replace
	// those of the request. A deleted cookie has an empty value.
	written map[string]*http.Cookie
}

// loadedSession is the browser's session as this request has loaded it.
type loadedSession struct {
	loaded  bool
	err     error         // the store's error, if loading failed
	token   string        // empty without a session
	session *keptSession  // replaced, never changed
	version ports.Version // of the session's record
}

// key returns the session's record key. A plain page view does not need this
// hash.
func (s loadedSession) key() string { return sessionKey(s.token) }

type browserRequestKey struct{ m *Manager }

// Value implements context.Context.
func (req *browserRequest) Value(key any) any {
	if key == (browserRequestKey{req.manager}) {
		return req
	}
	return req.Context.Value(key)
}

// Middleware puts the browser of each request into its context, for the port
// methods. It does not use the store: the first call that needs the session loads
// it. Port methods set cookies, so call them before the body is written.
func (m *Manager) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := &browserRequest{Context: r.Context(), manager: m, request: r, header: w.Header(), keys: m.keys.Load()}
		next.ServeHTTP(w, r.WithContext(req))
	})
}

// enter returns the request in ctx and locks it. The caller unlocks it.
func (m *Manager) enter(ctx context.Context) (*browserRequest, error) {
	req, ok := m.requestOf(ctx)
	if !ok {
		return nil, ports.ErrNoBrowser
	}
	req.mu.Lock()
	return req, nil
}

// requestOf returns the request in ctx, which the caller has locked.
func (m *Manager) requestOf(ctx context.Context) (*browserRequest, bool) {
	req, ok := ctx.Value(browserRequestKey{m}).(*browserRequest)
	return req, ok
}

// keysOf returns the keys to use with ctx: those with which the request or withKeys began,
// and otherwise the newest.
func (m *Manager) keysOf(ctx context.Context) *sealer {
	if req, ok := m.requestOf(ctx); ok {
		return req.keys
	}
	if keys, ok := ctx.Value(keysKey{m}).(*sealer); ok {
		return keys
	}
	return m.keys.Load()
}

// withKeys returns a context in which keysOf always returns the same keys. Port methods
// that need no browser call it if they use the keys more than once.
func (m *Manager) withKeys(ctx context.Context) context.Context {
	return context.WithValue(ctx, keysKey{m}, m.keysOf(ctx))
}

type keysKey struct{ m *Manager }

// cookies returns the browser's cookies of this name. There can be several, set
// for different paths or domains.
func (req *browserRequest) cookies(name string) []*http.Cookie {
	c, ok := req.written[name]
	switch {
	case !ok:
		return req.request.CookiesNamed(name)
	case c.Value == "":
		return nil
	}
	return []*http.Cookie{c}
}

// set adds a cookie to the response, or replaces one of the same name. It also
// forbids caches to store the response.
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
		req.written = map[string]*http.Cookie{}
	}
	req.written[c.Name] = c
	if !strings.Contains(req.header.Get("Cache-Control"), "no-store") {
		req.header.Set("Cache-Control", "no-store")
	}
}

// dependsOnCookie tells caches that the response depends on cookies.
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

// maxTokens is how many sessions one request can end.
const maxTokens = 4

// isToken reports whether s has the form of a token. The store is not asked for
// anything else.
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

// token returns the session token that the browser sent. If there are two such
// cookies, another site may have set one, and token returns none.
func (m *Manager) token(req *browserRequest) (string, bool) {
	sent := req.cookies(m.cookies.session)
	if len(sent) != 1 || !isToken(sent[0].Value) {
		return "", false
	}
	return sent[0].Value, true
}

// ReferencedSession implements ports.SessionReferences. The reference cookie
// exists only with CrossSiteCallback.
func (m *Manager) ReferencedSession(ctx context.Context) (ports.Session, error) {
	req, err := m.enter(ctx)
	if err != nil {
		return ports.Session{}, err
	}
	defer req.mu.Unlock()
	sent := req.cookies(m.cookies.reference)
	if !m.cookies.crossSite || len(sent) != 1 || !isToken(sent[0].Value) {
		return ports.Session{}, ports.ErrNoSession
	}
	s, err := m.readSession(ctx, sent[0].Value)
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
	token, key := req.current.token, req.current.key()
	if token == "" {
		return nil, ports.ErrNoSession
	}
	return func(ctx context.Context) error {
		other, err := m.enter(ctx)
		if err != nil {
			return err
		}
		defer other.mu.Unlock()
		other.current = loadedSession{}
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

// namedKeys returns the record keys of all sessions that the browser's cookies
// name, for ending them. With CrossSiteCallback it includes the reference cookie,
// because a cross-site POST comes without the session cookie.
func (m *Manager) namedKeys(req *browserRequest) []string {
	var keys []string
	add := func(key string) {
		if len(keys) < maxTokens && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	for _, c := range req.cookies(m.cookies.session) {
		if isToken(c.Value) {
			add(sessionKey(c.Value))
		}
	}
	if !m.cookies.crossSite {
		return keys
	}
	for _, c := range req.cookies(m.cookies.reference) {
		if isToken(c.Value) {
			add(c.Value)
		}
	}
	return keys
}
