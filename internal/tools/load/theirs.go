package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"

	"webapp/internal/ports"
)

// theirs keeps sessions as scs does by itself: one record in its memstore, with
// a value for each thing to know, written by gob.
type theirs struct {
	manager *scs.SessionManager
	store   *memstore.MemStore
	find    longest
	handler http.Handler
	add     func(*ports.NewSession)
}

// subject is the value that a page asks for.
const subject = "subject"

// newTheirs answers pages by bare, once the session has been read. cleanup is
// how often the memstore looks for what has expired.
func newTheirs(bare http.Handler, cleanup, idle time.Duration, add func(*ports.NewSession)) *theirs {
	t := &theirs{store: memstore.NewWithCleanupInterval(cleanup), add: add}
	// As scs.New has it, but for that one's store, whose goroutine would stay.
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

// values are the same facts as in a session of ours, in the types that gob
// writes shortest: without the description of a struct in every record.
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

// close stops the clean-up, which must have run before. Find takes the lock
// that the clean-up has taken, and so sees what its goroutine has set up.
func (t *theirs) close() {
	_, _, _ = t.store.Find("")
	t.store.StopCleanup()
}

// timedStore notes how long its longest Find took.
type timedStore struct {
	*memstore.MemStore
	find *longest
}

// Find notes how long it took.
func (s timedStore) Find(token string) ([]byte, bool, error) {
	defer s.find.since(time.Now())
	return s.MemStore.Find(token)
}
