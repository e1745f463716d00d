package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"

	"webapp/internal/adapters/session/memory"
	"webapp/internal/ports"
)

// ours keeps sessions in memory as the application does.
type ours struct {
	app   *application
	store *memory.Store
	probe *probe
	// add changes a session before it starts.
	add func(*ports.NewSession)
}

func newOurs(add func(*ports.NewSession)) (*ours, error) {
	o := &ours{add: add}
	o.store = memory.New(time.Now)
	o.probe = &probe{SessionStore: o.store}
	var err error
	o.app, err = newApplication(o.probe, noProvider, time.Now)
	return o, err
}

func (o *ours) signIn(i int) (cookie, key string, err error) {
	n := signedIn(i, time.Now())
	if o.add != nil {
		o.add(&n)
	}
	cookie, err = o.app.signIn(n)
	return cookie, o.probe.created, err
}

func (o *ours) expire(key string, at time.Time) error {
	r, err := o.store.Find(context.Background(), key)
	if err != nil {
		return err
	}
	r.Expires = at
	_, err = o.store.Replace(context.Background(), r, r.Version)
	return err
}

func (o *ours) page() http.Handler { return o.app.handler }

func (o *ours) close() { _ = o.store.Close() }

// probe is a store that records its operations.
type probe struct {
	ports.SessionStore
	created string // the key of the last record; sign-ins are sequential
	find    longest
	written atomic.Int64 // how often a record was changed
}

// Create records the key.
func (p *probe) Create(ctx context.Context, r ports.Record) (ports.Version, error) {
	p.created = r.Key
	return p.SessionStore.Create(ctx, r)
}

// Find records its duration.
func (p *probe) Find(ctx context.Context, key string) (ports.Record, error) {
	defer p.find.since(time.Now())
	return p.SessionStore.Find(ctx, key)
}

// Replace counts the call.
func (p *probe) Replace(ctx context.Context, r ports.Record, v ports.Version) (ports.Version, error) {
	p.written.Add(1)
	return p.SessionStore.Replace(ctx, r, v)
}

// longest is the maximum of several durations.
type longest struct{ nanoseconds atomic.Int64 }

func (l *longest) add(d time.Duration) {
	for {
		old := l.nanoseconds.Load()
		if int64(d) <= old || l.nanoseconds.CompareAndSwap(old, int64(d)) {
			return
		}
	}
}

func (l *longest) since(t time.Time) { l.add(time.Since(t)) }

// take returns the maximum and resets it.
func (l *longest) take() time.Duration { return time.Duration(l.nanoseconds.Swap(0)) }

// theirs keeps sessions as scs does: one record in its memstore with a value for
// each fact, encoded by gob.
type theirs struct {
	manager *scs.SessionManager
	store   *memstore.MemStore
	find    longest
	handler http.Handler
	add     func(*ports.NewSession)
}

// subject is the value that a page reads.
const subject = "subject"

// newTheirs returns sessions whose pages are served by bare after the session has
// been read. cleanup is the interval at which the memstore removes expired sessions.
func newTheirs(bare http.Handler, cleanup, idle time.Duration, add func(*ports.NewSession)) *theirs {
	t := &theirs{store: memstore.NewWithCleanupInterval(cleanup), add: add}
	// As in scs.New, except for the store: the goroutine of scs.New's store would
	// stay.
	t.manager = &scs.SessionManager{
		Lifetime: lifetime, IdleTimeout: idle, Store: timedStore{t.store, &t.find}, Codec: scs.GobCodec{},
		Cookie: scs.SessionCookie{Name: "session", HttpOnly: true, Path: "/", SameSite: http.SameSiteLaxMode, Persist: true},
		ErrorFunc: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		},
	}
	t.handler = t.manager.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if t.manager.GetString(r.Context(), subject) == "" {
			http.Error(w, "nobody is signed in", http.StatusUnauthorized)
			return
		}
		bare.ServeHTTP(w, r)
	}))
	return t
}

func (t *theirs) signIn(i int) (cookie, key string, err error) {
	ctx, err := t.manager.Load(context.Background(), "")
	if err != nil {
		return "", "", err
	}
	n := signedIn(i, time.Now())
	if t.add != nil {
		t.add(&n)
	}
	for name, value := range values(n) {
		t.manager.Put(ctx, name, value)
	}
	token, _, err := t.manager.Commit(ctx)
	return t.manager.Cookie.Name + "=" + token, token, err
}

// values returns the facts of a session in types that gob encodes shortest, without
// the description of a struct in every record.
func values(n ports.NewSession) map[string]any {
	id := n.Session.Identity
	v := map[string]any{
		"issuer": id.Issuer, subject: id.Subject, "tenant": id.TenantID, "object": id.ObjectID,
		"name": id.Name, "username": id.Username, "roles": strings.Join(id.Roles, " "), "sid": id.ProviderSession,
		"device": n.Session.Device, "started": n.Session.Started.Unix(), "seen": n.Session.Seen.Unix(),
	}
	for _, c := range n.Claims {
		v[c.Name] = c.Value
	}
	if n.Tokens.RefreshToken != "" {
		v["refresh_token"] = n.Tokens.RefreshToken
	}
	for _, t := range n.Tokens.AccessTokens {
		v["access_token"], v["access_token_expires"] = t.Value, t.Expires.Unix()
	}
	return v
}

func (t *theirs) expire(key string, at time.Time) error {
	value, found, err := t.store.Find(key)
	if err != nil || !found {
		return errors.New("the memstore has lost a session")
	}
	return t.store.Commit(key, value, at)
}

func (t *theirs) page() http.Handler { return t.handler }

// close stops the cleanup goroutine. Find takes the same lock as the cleanup and so
// sees the fields that its goroutine has set.
func (t *theirs) close() {
	_, _, _ = t.store.Find("")
	t.store.StopCleanup()
}

// timedStore records the longest duration of Find.
type timedStore struct {
	*memstore.MemStore
	find *longest
}

// Find records its duration.
func (s timedStore) Find(token string) ([]byte, bool, error) {
	defer s.find.since(time.Now())
	return s.MemStore.Find(token)
}
