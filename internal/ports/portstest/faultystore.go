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
}

// FaultyStore stands in front of a store, notes every call and lets a test
// make calls fail. It is safe for concurrent use.
type FaultyStore struct {
	inner ports.SessionStore

	mu    sync.Mutex
	fault func(StoreCall) error
	calls []StoreCall
}

var _ ports.SessionStore = (*FaultyStore)(nil)

// NewFaultyStore answers a store that passes everything on to inner.
func NewFaultyStore(inner ports.SessionStore) *FaultyStore { return &FaultyStore{inner: inner} }

// SetFault makes each call ask fault first; an error is answered in place of
// the call. nil makes the store well again.
func (f *FaultyStore) SetFault(fault func(StoreCall) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = fault
}

// SetDown makes every call fail with ports.ErrStoreUnavailable, or none.
func (f *FaultyStore) SetDown(down bool) {
	if !down {
		f.SetFault(nil)
		return
	}
	f.SetFault(func(StoreCall) error { return ports.ErrStoreUnavailable })
}

// Calls answers the calls since it was last asked.
func (f *FaultyStore) Calls() []StoreCall {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.calls
	f.calls = nil
	return calls
}

// Create implements ports.SessionStore.
func (f *FaultyStore) Create(ctx context.Context, r ports.Record) (ports.Version, error) {
	if err := f.note("Create", r.Key); err != nil {
		return 0, err
	}
	return f.inner.Create(ctx, r)
}

// Find implements ports.SessionStore.
func (f *FaultyStore) Find(ctx context.Context, key string) (ports.Record, error) {
	if err := f.note("Find", key); err != nil {
		return ports.Record{}, err
	}
	return f.inner.Find(ctx, key)
}

// Replace implements ports.SessionStore.
func (f *FaultyStore) Replace(ctx context.Context, r ports.Record, v ports.Version) (ports.Version, error) {
	if err := f.note("Replace", r.Key); err != nil {
		return 0, err
	}
	return f.inner.Replace(ctx, r, v)
}

// Delete implements ports.SessionStore.
func (f *FaultyStore) Delete(ctx context.Context, key string, v ports.Version) error {
	if err := f.note("Delete", key); err != nil {
		return err
	}
	return f.inner.Delete(ctx, key, v)
}

// Keys implements ports.SessionStore.
func (f *FaultyStore) Keys(ctx context.Context, index string) ([]string, error) {
	if err := f.note("Keys", index); err != nil {
		return nil, err
	}
	return f.inner.Keys(ctx, index)
}

// note records a call. The fault runs without the lock, so that it may block
// or call the store itself.
func (f *FaultyStore) note(method, key string) error {
	call := StoreCall{Method: method, Key: key}
	f.mu.Lock()
	f.calls = append(f.calls, call)
	fault := f.fault
	f.mu.Unlock()
	if fault == nil {
		return nil
	}
	return fault(call)
}
