package portstest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// mapStore is a simple session store with at most one fault, which breaks one promise of
// ports.SessionStore.
type mapStore struct {
	clock *portstest.Clock
	fault string

	mu      sync.Mutex
	records map[string]ports.Record
	version ports.Version
	down    bool
}

// storeFaults are the faults of mapStore, each with the test of the suite that must fail.
var storeFaults = []struct{ fault, test string }{
	{"never removes expired records", "expired records are removed"},
	{"keeps a record for a day at most", "a record lives as long as it says"},
	{"finds expired records", "records expire"},
	{"creates over a record that is there", "a key is taken once"},
	{"replaces a record that is not there", "delete is final"},
	{"replaces any version", "replace needs the version that is there"},
	{"deletes any version", "delete of one version"},
	{"revives an expired record by replacing it", "a replace revives no expired record"},
	{"begins its versions anew with each record", "deleted and created again is another"},
	{"keeps the caller's slice", "values belong to the store"},
	{"finds by the first index alone", "records are found by their indexes"},
	{"forgets the indexes when it replaces", "records are found by their indexes"},
	{"finds expired records by their index", "an expired record leaves its indexes"},
	{"returns every key of an index", "more keys than Keys returns"},
	{"asks for a caller that has gone", "a context that has ended"},
	{"does not wrap its errors", "unreachable and reachable again"},
	{"has no record while it is down", "unreachable and reachable again"},
	{"is ready while it is down", "unreachable and reachable again"},
}

// is reports whether the store has this fault. It panics if storeFaults does not have it.
func (s *mapStore) is(fault string) bool {
	if !slices.ContainsFunc(storeFaults, func(f struct{ fault, test string }) bool { return f.fault == fault }) {
		panic(fault)
	}
	return s.fault == fault
}

var errNoAnswer = errors.New("connection refused")

// enter locks the store, or returns an error.
func (s *mapStore) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil && !s.is("asks for a caller that has gone") {
		return err
	}
	s.mu.Lock()
	if !s.down {
		return nil
	}
	s.mu.Unlock()
	switch {
	case s.is("does not wrap its errors"):
		return errNoAnswer
	case s.is("has no record while it is down"):
		return ports.ErrNoRecord
	}
	return ports.ErrStoreUnavailable
}

func (s *mapStore) expired(r ports.Record) bool { return !s.clock.Now().Before(r.Expires) }

// live returns the unexpired record with this key.
func (s *mapStore) live(key string) (ports.Record, bool) {
	r, there := s.records[key]
	return r, there && !s.expired(r)
}

func (s *mapStore) put(r ports.Record) ports.Version {
	s.version++
	r.Version = s.version
	if !s.is("keeps the caller's slice") {
		r.Value = slices.Clone(r.Value)
	}
	if latest := s.clock.Now().Add(24 * time.Hour); s.is("keeps a record for a day at most") && r.Expires.After(latest) {
		r.Expires = latest
	}
	s.records[r.Key] = r
	return r.Version
}

func (s *mapStore) Create(ctx context.Context, r ports.Record) (ports.Version, error) {
	if err := s.enter(ctx); err != nil {
		return ports.AnyVersion, err
	}
	defer s.mu.Unlock()
	if _, there := s.live(r.Key); there && !s.is("creates over a record that is there") {
		return ports.AnyVersion, ports.ErrRecordExists
	}
	if s.is("begins its versions anew with each record") {
		s.version = 0
	}
	return s.put(r), nil
}

func (s *mapStore) Find(ctx context.Context, key string) (ports.Record, error) {
	if err := s.enter(ctx); err != nil {
		return ports.Record{}, err
	}
	defer s.mu.Unlock()
	r, there := s.records[key]
	if !there || s.expired(r) && !s.is("finds expired records") {
		return ports.Record{}, ports.ErrNoRecord
	}
	if !s.is("keeps the caller's slice") {
		r.Value = slices.Clone(r.Value)
	}
	return r, nil
}

func (s *mapStore) Replace(ctx context.Context, r ports.Record, v ports.Version) (ports.Version, error) {
	if err := s.enter(ctx); err != nil {
		return ports.AnyVersion, err
	}
	defer s.mu.Unlock()
	was, there := s.live(r.Key)
	if s.is("revives an expired record by replacing it") {
		was, there = s.records[r.Key]
	}
	switch {
	case !there && !s.is("replaces a record that is not there"):
		return ports.AnyVersion, ports.ErrNoRecord
	case there && was.Version != v && !s.is("replaces any version"):
		return ports.AnyVersion, ports.ErrRecordChanged
	}
	r.Indexes = was.Indexes
	if s.is("forgets the indexes when it replaces") {
		r.Indexes = nil
	}
	return s.put(r), nil
}

func (s *mapStore) Delete(ctx context.Context, key string, v ports.Version) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if was, there := s.live(key); v != ports.AnyVersion && !s.is("deletes any version") {
		if !there {
			return ports.ErrNoRecord
		}
		if was.Version != v {
			return ports.ErrRecordChanged
		}
	}
	delete(s.records, key)
	return nil
}

func (s *mapStore) Keys(ctx context.Context, index string) ([]string, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var keys []string
	for key, r := range s.records {
		if s.expired(r) && !s.is("finds expired records by their index") {
			continue
		}
		at := slices.Index(r.Indexes, index)
		if at < 0 || at > 0 && s.is("finds by the first index alone") {
			continue
		}
		if len(keys) < ports.MaxKeys || s.is("returns every key of an index") {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

func (s *mapStore) Ready(ctx context.Context) error {
	if s.is("is ready while it is down") {
		return nil
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	s.mu.Unlock()
	return nil
}

func (s *mapStore) sweep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, r := range s.records {
		if s.expired(r) && !s.is("never removes expired records") {
			delete(s.records, key)
		}
	}
}

// faultyHarness returns harnesses of a mapStore with one fault, or with none.
func faultyHarness(fault string) func(*testing.T) portstest.StoreHarness {
	return func(*testing.T) portstest.StoreHarness {
		clock := portstest.NewClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
		s := &mapStore{clock: clock, fault: fault, records: map[string]ports.Record{}}
		return portstest.StoreHarness{
			Store: s, Now: clock.Now, Advance: clock.Advance, Sweep: s.sweep,
			Kept: func(*testing.T) int {
				s.mu.Lock()
				defer s.mu.Unlock()
				return len(s.records)
			},
			Outage: func(down bool) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.down = down
			},
		}
	}
}

func TestStoreWithoutFaults(t *testing.T) {
	portstest.SessionStore(t, faultyHarness(""))
	portstest.SessionStoreModel(t, faultyHarness(""))
}

// runFaultyStore is the variable with the fault that a child process runs the
// suite with: a test that has to fail would fail this process.
const runFaultyStore = "PORTSTEST_STORE_FAULT"

func TestSessionStoreFindsEachFault(t *testing.T) {
	if fault := os.Getenv(runFaultyStore); fault != "" {
		portstest.SessionStore(t, faultyHarness(fault))
		return
	}
	program, err := os.Executable()
	require.NoError(t, err)
	for _, f := range storeFaults {
		t.Run(f.fault, func(t *testing.T) {
			t.Parallel()
			only := "^TestSessionStoreFindsEachFault$/^" + strings.ReplaceAll(f.test, " ", "_") + "$"
			run := exec.CommandContext(t.Context(), program, "-test.run", only)
			run.Env = append(os.Environ(), runFaultyStore+"="+f.fault)
			out, err := run.CombinedOutput()
			require.Error(t, err, "the suite passes")
			require.Contains(t, string(out), "--- FAIL: ")
			require.NotContains(t, string(out), "panic:")
		})
	}
}
