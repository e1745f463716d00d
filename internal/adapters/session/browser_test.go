package session_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/session"
	"webapp/internal/adapters/session/memory"
	"webapp/internal/ports/portstest"
)

var (
	start  = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	oneKey = [][]byte{[]byte("0123456789abcdef0123456789abcdef")}
)

// world is a Manager behind a real HTTP server, with its store and clock.
type world struct {
	t       *testing.T
	clock   *portstest.Clock
	memory  *memory.Store
	store   *portstest.FaultyStore
	manager *session.Manager
	server  *httptest.Server

	mu      sync.Mutex
	waiting map[string]chan *turn
	serial  int
}

// turn is a request whose handler waits for the test.
type turn struct {
	w    http.ResponseWriter
	ctx  context.Context
	done chan struct{}
}

func newWorld(t *testing.T, change ...func(*session.Config)) *world {
	t.Helper()
	w := &world{t: t, clock: portstest.NewClock(start), waiting: map[string]chan *turn{}}
	w.memory = memory.New(w.clock.Now)
	t.Cleanup(func() { _ = w.memory.Close() })
	w.store = portstest.NewFaultyStore(w.memory)
	w.manager = w.instance(change...)
	cfg := w.config(change...)
	w.server = httptest.NewUnstartedServer(w.manager.Middleware(http.HandlerFunc(w.serve)))
	if cfg.Secure {
		w.server.StartTLS()
	} else {
		w.server.Start()
	}
	t.Cleanup(w.server.Close)
	return w
}

func (w *world) config(change ...func(*session.Config)) session.Config {
	cfg := session.Config{Store: w.store, Keys: oneKey, Lifetime: 12 * time.Hour, Clock: w.clock.Now}
	for _, c := range change {
		c(&cfg)
	}
	return cfg
}

// instance returns another Manager on the same store.
func (w *world) instance(change ...func(*session.Config)) *session.Manager {
	w.t.Helper()
	m, err := session.New(w.config(change...))
	require.NoError(w.t, err)
	return m
}

func secure(cfg *session.Config)   { cfg.Secure = true }
func formPost(cfg *session.Config) { cfg.Secure, cfg.CrossSiteCallback = true, true }

// serve passes the request to the goroutine that sent it.
func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	waiting := w.waiting[r.URL.Query().Get("turn")]
	w.mu.Unlock()
	turn := &turn{w: rw, ctx: r.Context(), done: make(chan struct{})}
	waiting <- turn
	<-turn.done
}

// browser is a browser whose cookies a test can read and change, unlike those of
// net/http/cookiejar.
type browser struct {
	w *world
	// crossSite makes requests come from a form of another site, without the
	// SameSite=Lax cookies.
	crossSite bool

	mu      sync.Mutex
	cookies []*http.Cookie
	last    *http.Response
}

func (w *world) newBrowser() *browser { return &browser{w: w} }

// Do implements portstest.Browser with one real request.
func (b *browser) Do(ctx context.Context, exchange func(ctx context.Context)) {
	b.w.t.Helper()
	turns, id := b.w.expect()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.w.server.URL+"/?turn="+id, nil)
	require.NoError(b.w.t, err)
	b.mu.Lock()
	for _, c := range b.cookies {
		if !b.crossSite || c.SameSite == http.SameSiteNoneMode {
			req.Header.Add("Cookie", c.Name+"="+c.Value)
		}
	}
	b.mu.Unlock()
	if many := req.Header["Cookie"]; len(many) > 1 {
		req.Header.Set("Cookie", strings.Join(many, "; "))
	}
	answered := make(chan *http.Response, 1)
	go func() {
		resp, err := b.w.server.Client().Do(req)
		if err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
		answered <- resp
	}()
	turn := <-turns
	func() {
		defer close(turn.done)
		exchange(turn.ctx)
	}()
	resp := <-answered
	require.NotNil(b.w.t, resp)
	b.keep(resp)
}

func (w *world) expect() (chan *turn, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.serial++
	id := strconv.Itoa(w.serial)
	turns := make(chan *turn)
	w.waiting[id] = turns
	return turns, id
}

func (b *browser) keep(resp *http.Response) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last = resp
	for _, c := range resp.Cookies() {
		b.put(c)
	}
}

// put stores a cookie. The caller has locked mu.
func (b *browser) put(c *http.Cookie) {
	kept := b.cookies[:0:0]
	for _, old := range b.cookies {
		if old.Name != c.Name {
			kept = append(kept, old)
		}
	}
	if c.MaxAge >= 0 {
		kept = append(kept, c)
	}
	b.cookies = kept
}

// Clone implements portstest.Browser.
func (b *browser) Clone() portstest.Browser { return b.copy() }

func (b *browser) copy() *browser {
	b.mu.Lock()
	defer b.mu.Unlock()
	return &browser{w: b.w, cookies: append([]*http.Cookie(nil), b.cookies...)}
}

// named returns the cookie whose name has this prefix.
func (b *browser) named(prefix string) *http.Cookie {
	b.w.t.Helper()
	for _, c := range b.cookies {
		if strings.HasPrefix(c.Name, prefix) {
			return c
		}
	}
	require.Failf(b.w.t, "no cookie", "%s", prefix)
	return nil
}

func (b *browser) size() int {
	n := 0
	for _, c := range b.cookies {
		n += len(c.Name) + len(c.Value) + len("=; ")
	}
	return n
}

func harness(change ...func(*session.Config)) func(t *testing.T) portstest.SessionHarness {
	return func(t *testing.T) portstest.SessionHarness {
		w := newWorld(t, change...)
		return portstest.SessionHarness{
			Sessions:   w.manager,
			NewBrowser: func() portstest.Browser { return w.newBrowser() },
			Now:        w.clock.Now,
			Advance:    w.clock.Advance,
			Down:       w.store.SetDown,
		}
	}
}

func TestContract(t *testing.T) {
	for name, change := range map[string]func(*session.Config){
		"http":      func(*session.Config) {},
		"https":     secure,
		"form_post": formPost,
	} {
		t.Run(name, func(t *testing.T) {
			t.Run("Sessions", func(t *testing.T) { portstest.Sessions(t, harness(change)) })
			t.Run("SessionTokens", func(t *testing.T) { portstest.SessionTokens(t, harness(change)) })
			t.Run("SessionDirectory", func(t *testing.T) { portstest.SessionDirectory(t, harness(change)) })
			t.Run("OneTimeIDs", func(t *testing.T) { portstest.OneTimeIDs(t, harness(change)) })
			t.Run("PendingSignIns", func(t *testing.T) { portstest.PendingSignIns(t, harness(change)) })
		})
	}
}
