package portstest

import (
	"context"

	"webapp/internal/ports"
)

// SetFault makes each call ask fault first; an error is answered in place of
// the call. nil makes the store well again.
func (f *FaultyStore) SetFault(fault func(StoreCall) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before = fault
}

// SetLoss makes each call ask fault once it has taken effect; an error is
// answered in place of what the store said, as where a connection breaks before
// the answer is through. nil makes the store well again.
func (f *FaultyStore) SetLoss(fault func(StoreCall) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.after = fault
}

// SetSpoiled makes what is found pass through change, as where a record has
// been damaged. nil makes the store well again.
func (f *FaultyStore) SetSpoiled(change func(ports.Record) ports.Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.spoil = change
}

// SetDown makes every call fail with ports.ErrStoreUnavailable, or none.
func (f *FaultyStore) SetDown(down bool) {
	if !down {
		f.SetFault(nil)
		return
	}
	f.SetFault(func(StoreCall) error { return ports.ErrStoreUnavailable })
}

// SetHanging makes every call wait until its caller gives up, or none.
func (f *FaultyStore) SetHanging(hanging bool) {
	if !hanging {
		f.SetFault(nil)
		return
	}
	f.SetFault(func(call StoreCall) error {
		<-call.GivenUp
		return context.DeadlineExceeded
	})
}

// SetSlow makes every call wait until the channel is closed, and then take its
// effect, unless its caller has given up. nil makes the store well again.
func (f *FaultyStore) SetSlow(until <-chan struct{}) {
	if until == nil {
		f.SetFault(nil)
		return
	}
	f.SetFault(func(call StoreCall) error {
		select {
		case <-until:
			return nil
		case <-call.GivenUp:
			return context.DeadlineExceeded
		}
	})
}

// spoiled returns what Find returns of a record.
func (f *FaultyStore) spoiled(r ports.Record, err error) ports.Record {
	f.mu.Lock()
	change := f.spoil
	f.mu.Unlock()
	if err != nil || change == nil {
		return r
	}
	return change(r)
}
