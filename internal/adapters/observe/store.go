package observe

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/trace"

	"webapp/internal/ports"
)

// Store returns a store that passes all operations to inner, records their
// durations in metrics and creates a span for each. metrics and tracer can be nil.
// If both are nil, it returns inner. The result implements ports.StoreReadiness if
// inner does.
func Store(inner ports.SessionStore, metrics *Metrics, tracer *Tracer) ports.SessionStore {
	if metrics == nil && tracer == nil {
		return inner
	}
	s := &store{inner: inner, metrics: metrics, tracer: tracer}
	if ready, ok := inner.(ports.StoreReadiness); ok {
		return readyStore{s, ready}
	}
	return s
}

type store struct {
	inner   ports.SessionStore
	metrics *Metrics
	tracer  *Tracer
}

// readyStore is a store that implements ports.StoreReadiness. Readiness probes are
// not recorded.
type readyStore struct {
	*store
	ports.StoreReadiness
}

var (
	_ ports.SessionStore   = (*store)(nil)
	_ ports.StoreReadiness = readyStore{}
)

// Create implements ports.SessionStore.
func (s *store) Create(ctx context.Context, r ports.Record) (ports.Version, error) {
	c := s.begin(ctx, opCreate)
	v, err := s.inner.Create(c.ctx, r)
	c.end(err)
	return v, err
}

// Find implements ports.SessionStore.
func (s *store) Find(ctx context.Context, key string) (ports.Record, error) {
	c := s.begin(ctx, opFind)
	r, err := s.inner.Find(c.ctx, key)
	c.end(err)
	return r, err
}

// Replace implements ports.SessionStore.
func (s *store) Replace(ctx context.Context, r ports.Record, v ports.Version) (ports.Version, error) {
	c := s.begin(ctx, opReplace)
	next, err := s.inner.Replace(c.ctx, r, v)
	c.end(err)
	return next, err
}

// Delete implements ports.SessionStore.
func (s *store) Delete(ctx context.Context, key string, v ports.Version) error {
	c := s.begin(ctx, opDelete)
	err := s.inner.Delete(c.ctx, key, v)
	c.end(err)
	return err
}

// Keys implements ports.SessionStore.
func (s *store) Keys(ctx context.Context, index string) ([]string, error) {
	c := s.begin(ctx, opKeys)
	keys, err := s.inner.Keys(c.ctx, index)
	c.end(err)
	return keys, err
}

// storeCall is a running operation. It is not a pointer, to save an allocation for
// each read.
type storeCall struct {
	store *store
	ctx   context.Context
	op    operation
	start time.Time
	span  trace.Span
}

func (s *store) begin(ctx context.Context, op operation) storeCall {
	c := storeCall{store: s, ctx: ctx, op: op}
	if s.tracer != nil {
		c.ctx, c.span = s.tracer.storeSpan(ctx, op)
	}
	if s.metrics != nil {
		c.start = s.metrics.now()
	}
	return c
}

func (c storeCall) end(err error) {
	o := outcomeOf(err)
	if m := c.store.metrics; m != nil {
		m.stores[c.op][o].Observe(m.now().Sub(c.start).Seconds())
	}
	if c.span != nil {
		endStoreSpan(c.span, o)
	}
}

// outcomeOf returns the outcome of an operation. The errors that the port defines
// are not failures of the store.
func outcomeOf(err error) outcome {
	switch {
	case err == nil, errors.Is(err, ports.ErrNoRecord), errors.Is(err, ports.ErrRecordExists), errors.Is(err, ports.ErrRecordChanged):
		return answered
	case errors.Is(err, context.Canceled):
		return canceled
	}
	return unavailable
}

// operation is an operation of a session store.
type operation int

const (
	opCreate operation = iota
	opFind
	opReplace
	opDelete
	opKeys
	operations // the number of operations
)

func (o operation) String() string {
	return [operations]string{"create", "find", "replace", "delete", "keys"}[o]
}

// outcome is the outcome of an operation of a session store.
type outcome int

const (
	answered outcome = iota
	canceled
	unavailable
	outcomes // the number of outcomes
)

func (o outcome) String() string { return [outcomes]string{"answered", "canceled", "unavailable"}[o] }

// registerStores adds the durations of store operations. It creates all their time
// series, so that an operation need not look one up.
func (m *Metrics) registerStores() {
	times := durations("session_store_operation_duration_seconds", "Operations of the session store by outcome: answered, canceled by the caller, or unavailable.",
		[]float64{.00001, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}, "operation", "outcome")
	m.registry.MustRegister(times)
	for op := range operations {
		for o := range outcomes {
			m.stores[op][o] = times.WithLabelValues(op.String(), o.String())
		}
	}
}
