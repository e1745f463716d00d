package portstest

import (
	"context"
	"sync"
	"time"

	"webapp/internal/ports"
)

// StoreCall is one call of a store's method.
type StoreCall struct {
	Method string // "Create", "Find", "Replace", "Delete" or "Keys"
	Key    string // the index if Method is "Keys"
	// Done is closed when the context of the call ends, or after faultyLimit. Calls
	// leaves it nil.
	Done <-chan struct{}
}

// faultyLimit is the time limit of each call of a FaultyStore. ports.SessionStore
// requires one of every store.
const faultyLimit = 3 * time.Second

// FaultyStore is a store that records every call and passes it on to another store. A test
// can make it fail. It is safe for concurrent use.
type FaultyStore struct {
	inner ports.SessionStore

	mu      sync.Mutex
	before  func(StoreCall) error
	after   func(StoreCall) error
	corrupt func(ports.Record) ports.Record
	calls   []StoreCall
}

var _ ports.SessionStore = (*FaultyStore)(nil)

// NewFaultyStore returns a FaultyStore in front of inner, without a fault.
func NewFaultyStore(inner ports.SessionStore) *FaultyStore { return &FaultyStore{inner: inner} }

// Calls returns the calls since the last call of Calls.
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
		return f.corrupted(r, err), err
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

// faulty records a call and passes it on with do. A fault before the call replaces it; a
// fault after the call replaces only its result. Faults run without the lock, so that
// they can block or use the store.
func faulty[T any](ctx context.Context, f *FaultyStore, method, key string, do func() (T, error)) (result T, err error) {
	call := StoreCall{Method: method, Key: key}
	f.mu.Lock()
	f.calls = append(f.calls, call)
	before, after := f.before, f.after
	f.mu.Unlock()
	limited, cancel := context.WithTimeout(ctx, faultyLimit)
	defer cancel()
	call.Done = limited.Done()
	if before != nil {
		if err := before(call); err != nil {
			return result, err
		}
	}
	done, err := do()
	if after != nil {
		if lost := after(call); lost != nil {
			return result, lost
		}
	}
	return done, err
}

// SetFault makes each call run fault first. If fault returns an error, the call returns
// it and has no effect. nil removes the fault.
func (f *FaultyStore) SetFault(fault func(StoreCall) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before = fault
}

// SetLostResponse makes each call run fault after it has taken effect. If fault returns an
// error, the call returns it, as if the connection broke before the response arrived.
// nil removes the fault.
func (f *FaultyStore) SetLostResponse(fault func(StoreCall) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.after = fault
}

// SetCorrupted makes Find return change of each record, as if the record was damaged. nil
// removes the fault.
func (f *FaultyStore) SetCorrupted(change func(ports.Record) ports.Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.corrupt = change
}

// SetDown makes every call fail with ports.ErrStoreUnavailable (true) or work again
// (false).
func (f *FaultyStore) SetDown(down bool) {
	if !down {
		f.SetFault(nil)
		return
	}
	f.SetFault(func(StoreCall) error { return ports.ErrStoreUnavailable })
}

// SetHanging makes every call wait until its time limit (true) or work again (false).
func (f *FaultyStore) SetHanging(hanging bool) {
	if !hanging {
		f.SetFault(nil)
		return
	}
	f.SetFault(func(call StoreCall) error {
		<-call.Done
		return context.DeadlineExceeded
	})
}

// SetSlow makes every call wait until the channel is closed, or fail at its time limit.
// nil removes the fault.
func (f *FaultyStore) SetSlow(until <-chan struct{}) {
	if until == nil {
		f.SetFault(nil)
		return
	}
	f.SetFault(func(call StoreCall) error {
		select {
		case <-until:
			return nil
		case <-call.Done:
			return context.DeadlineExceeded
		}
	})
}

// corrupted returns the record that Find returns in place of r.
func (f *FaultyStore) corrupted(r ports.Record, err error) ports.Record {
	f.mu.Lock()
	change := f.corrupt
	f.mu.Unlock()
	if err != nil || change == nil {
		return r
	}
	return change(r)
}
