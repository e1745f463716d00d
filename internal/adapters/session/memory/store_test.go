package memory

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func openStore(t testing.TB) (*Store, *portstest.Clock) {
	clock := portstest.NewClock(start)
	s := New(clock.Now)
	t.Cleanup(func() { _ = s.Close() })
	return s, clock
}

// sweep removes all expired records.
func (s *Store) sweep() {
	for i := range s.shards {
		s.sweepShard(i)
	}
}

func newHarness(t *testing.T) portstest.StoreHarness {
	clock, ticks := portstest.NewClock(start), make(chan time.Time)
	s := newStore(clock.Now, ticks)
	t.Cleanup(func() { _ = s.Close() })
	return portstest.StoreHarness{
		Store: s, Now: clock.Now, Advance: clock.Advance,
		Sweep: func() {
			for range shardCount + 1 { // the last is taken when all shards have been visited
				ticks <- time.Time{}
			}
		},
		Kept: func(*testing.T) int { return s.Len() },
	}
}

func TestStore(t *testing.T) { portstest.SessionStore(t, newHarness) }

// TestStoreBehindAnOutage runs the suite with a store that can fail.
func TestStoreBehindAnOutage(t *testing.T) {
	portstest.SessionStore(t, func(t *testing.T) portstest.StoreHarness {
		h := newHarness(t)
		faulty := portstest.NewFaultyStore(h.Store)
		h.Store, h.Outage = faulty, faulty.SetDown
		return h
	})
}

func TestStoreAgainstModel(t *testing.T) { portstest.SessionStoreModel(t, newHarness) }

func mustCreate(t *testing.T, s *Store, r ports.Record) {
	t.Helper()
	_, err := s.Create(t.Context(), r)
	require.NoError(t, err)
}

func TestSweepRemovesExpiredRecords(t *testing.T) {
	s, clock := openStore(t)
	for i := range 20_000 {
		r := ports.Record{Key: fmt.Sprint("key-", i), Value: []byte("value"), Expires: start.Add(time.Minute)}
		if i%10 == 0 {
			r.Expires = start.Add(time.Hour)
		}
		mustCreate(t, s, r)
	}
	s.sweep()
	require.Equal(t, 20_000, s.Len())
	clock.Advance(2 * time.Minute)
	s.sweep()
	require.Equal(t, 2_000, s.Len())
	slots := 0
	for i := range s.shards {
		slots += int(s.shards[i].slots.used)
	}
	require.Less(t, slots, 16_000, "the tables shrink with their content")
	for i := 0; i < 20_000; i += 10 {
		_, err := s.Find(t.Context(), fmt.Sprint("key-", i))
		require.NoError(t, err)
	}
}

// More records expire at the same time than the operations on their shards remove.
func TestExpiredRecordsAreInvisibleBeforeTheyAreRemoved(t *testing.T) {
	const records = 30 * shardCount
	for name, ask := range map[string]func(s *Store, r ports.Record) error{
		"find":    func(s *Store, r ports.Record) error { _, err := s.Find(t.Context(), r.Key); return err },
		"replace": func(s *Store, r ports.Record) error { _, err := s.Replace(t.Context(), r, 1); return err },
		"create": func(s *Store, r ports.Record) error {
			if _, err := s.Create(t.Context(), r); err != nil {
				return err
			}
			return ports.ErrNoRecord
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, clock := openStore(t)
			for i := range records {
				mustCreate(t, s, ports.Record{Key: fmt.Sprint(i), Expires: start.Add(time.Minute)})
			}
			clock.Advance(time.Minute)
			for i := range 2 * shardCount {
				r := ports.Record{Key: fmt.Sprint(i), Expires: start.Add(time.Hour)}
				require.ErrorIs(t, ask(s, r), ports.ErrNoRecord)
			}
			require.Greater(t, s.Len(), records/2, "most of them still wait to be removed")
		})
	}
}

func TestASweepStepIsBounded(t *testing.T) {
	sh := &shard{seed: maphash.MakeSeed(), indexes: maphash.MakeSeed()} // which no sweeper visits meanwhile
	for i := range 10 * sweepStep {
		sh.add(ports.Record{Key: fmt.Sprint(i), Expires: start, Indexes: []string{"one", fmt.Sprint("of ", i)}})
	}
	require.True(t, sh.sweepStep(start.Add(time.Second).UnixNano()))
	require.Equal(t, 9*sweepStep, sh.slots.len())
	require.Equal(t, 2*9*sweepStep, sh.entries.len())
}

func TestCloseStopsTheSweeperAndMayBeRepeated(t *testing.T) {
	s := New(nil)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	require.NoError(t, s.Ready(t.Context()))
}

// TestShardAgainstModel compares random operations on one shard with a map.
func TestShardAgainstModel(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	sh := shard{seed: maphash.MakeSeed(), indexes: maphash.MakeSeed()}
	hash := func(index string) uint64 { return maphash.String(sh.indexes, index) }
	type modelled struct {
		expires int64
		index   string
	}
	model := map[string]modelled{}
	now := int64(0)
	for round := range 50_000 {
		key := fmt.Sprint(random.IntN(300))
		if random.IntN(2) == 0 {
			key = hashed(key)
		}
		i, found := sh.find(key)
		_, want := model[key]
		require.Equal(t, want, found)
		switch random.IntN(5) {
		case 0, 1:
			if found {
				sh.remove(i)
			}
			m := modelled{now + 1 + int64(random.IntN(500)), fmt.Sprint("index", random.IntN(40))}
			model[key] = m
			sh.add(ports.Record{Key: key, Value: []byte(key), Expires: time.Unix(0, m.expires), Indexes: []string{m.index, "all"}})
		case 2:
			if found {
				m := modelled{now + 1 + int64(random.IntN(500)), model[key].index}
				model[key] = m
				sh.replace(sh.slots.at(i), ports.Record{Key: key, Value: []byte(key), Expires: time.Unix(0, m.expires)})
			}
		case 3:
			if found {
				require.Equal(t, key, sh.slots.at(i).value())
				require.Equal(t, key, sh.slots.at(i).key())
				sh.remove(i)
				sh.shrink()
				delete(model, key)
			}
		case 4:
			now += int64(random.IntN(4))
			for sh.expire(now, 3) {
			}
			for k, m := range model {
				if m.expires <= now {
					delete(model, k)
				}
			}
		}
		require.Equal(t, len(model), sh.slots.len())
		require.Len(t, sh.due, len(model))
		require.Equal(t, 2*len(model), sh.entries.len())
		if round%50 != 0 {
			continue
		}
		index := fmt.Sprint("index", random.IntN(40))
		var under []string
		for k, m := range model {
			if m.index == index {
				under = append(under, k)
			}
		}
		require.ElementsMatch(t, under, sh.keys(nil, hash(index), now, ports.MaxKeys))
		require.Len(t, sh.keys(nil, hash("all"), now, ports.MaxKeys), len(model))
		require.Len(t, sh.keys(nil, hash("all"), now, 5), min(5, len(model)))
	}
}

// hashed returns a key like that of a session.
func hashed(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
