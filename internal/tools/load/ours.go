package main

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"webapp/internal/adapters/session/memory"
	"webapp/internal/ports"
)

// ours keeps sessions as the application does, in memory.
type ours struct {
	app   *application
	store *memory.Store
	probe *probe
	// add completes a session before it begins.
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

// probe notes what goes on in a store.
type probe struct {
	ports.SessionStore
	created string // the key of the last record; sign-ins come one by one
	find    longest
	written atomic.Int64 // how often a record was changed
}

// Create notes the key.
func (p *probe) Create(ctx context.Context, r ports.Record) (ports.Version, error) {
	p.created = r.Key
	return p.SessionStore.Create(ctx, r)
}

// Find notes how long it took.
func (p *probe) Find(ctx context.Context, key string) (ports.Record, error) {
	defer p.find.since(time.Now())
	return p.SessionStore.Find(ctx, key)
}

// Replace counts.
func (p *probe) Replace(ctx context.Context, r ports.Record, v ports.Version) (ports.Version, error) {
	p.written.Add(1)
	return p.SessionStore.Replace(ctx, r, v)
}

// longest is the longest of several times.
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

// take returns the longest and begins anew.
func (l *longest) take() time.Duration { return time.Duration(l.nanoseconds.Swap(0)) }
