package portstest

import (
	"context"
	"sync"

	"webapp/internal/ports"
)

// StoreCall is one call of a store's method.
type StoreCall struct {
	Method string // "Create", "Find", "Replace", "Delete" or "Keys"
	Key    string // the index, where the method is "Keys"
	// GivenUp tells a fault when the caller no longer waits, if that can be;
	// nil in what Calls returns.
	GivenUp <-chan struct{}
}

// FaultyStore stands in front of a store, notes every call and lets a test
// make calls fail. It is safe for concurrent use.
type FaultyStore struct {
	inner ports.SessionStore

	mu     sync.Mutex
	before func(StoreCall) error
	after  func(StoreCall) error
	spoil  func(ports.Record) ports.Record
	calls  []StoreCall
}

var _ ports.SessionStore = (*FaultyStore)(nil)

// NewFaultyStore returns a store that passes everything on to inner.
func NewFaultyStore(inner ports.SessionStore) *FaultyStore { return &FaultyStore{inner: inner} }

// Calls returns the calls since it was last asked.
func (f *FaultyStore) Calls() []StoreCall {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.calls
	f.calls = nil
	return calls
}

// Create implements ports.SessionStore.
func (f *FaultyStore) Create(ctx context.Context, r ports.Record) (ports.Version, error) {
	return faulty(ctx, f, "Create", r.Key, func() (ports.Version, error) { return f.inner.Create(ctx, r) })
}

// Find implements ports.SessionStore.
func (f *FaultyStore) Find(ctx context.Context, key string) (ports.Record, error) {
	return faulty(ctx, f, "Find", key, func() (ports.Record, error) {
		r, err := f.inner.Find(ctx, key)
		return f.spoiled(r, err), err
	})
}

// Replace implements ports.SessionStore.
func (f *FaultyStore) Replace(ctx context.Context, r ports.Record, v ports.Version) (ports.Version, error) {
	return faulty(ctx, f, "Replace", r.Key, func() (ports.Version, error) { return f.inner.Replace(ctx, r, v) })
}

// Delete implements ports.SessionStore.
func (f *FaultyStore) Delete(ctx context.Context, key string, v ports.Version) error {
	_, err := faulty(ctx, f, "Delete", key, func() (struct{}, error) { return struct{}{}, f.inner.Delete(ctx, key, v) })
	return err
}

// Keys implements ports.SessionStore.
func (f *FaultyStore) Keys(ctx context.Context, index string) ([]string, error) {
	return faulty(ctx, f, "Keys", index, func() ([]string, error) { return f.inner.Keys(ctx, index) })
}

// faulty notes a call and makes it, unless a fault comes first; a fault after
// it loses the answer. Faults run without the lock, so that they may block or
// call the store themselves.
func faulty[T any](ctx context.Context, f *FaultyStore, method, key string, do func() (T, error)) (answer T, err error) {
	call := StoreCall{Method: method, Key: key}
	f.mu.Lock()
	f.calls = append(f.calls, call)
	before, after := f.before, f.after
	f.mu.Unlock()
	call.GivenUp = ctx.Done()
	if before != nil {
		if err := before(call); err != nil {
			return answer, err
		}
	}
	done, err := do()
	if after != nil {
		if lost := after(call); lost != nil {
			return answer, lost
		}
	}
	return done, err
}
