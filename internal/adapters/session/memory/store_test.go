package memory

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func newStore(t testing.TB) (*Store, *portstest.Clock) {
	clock := portstest.NewClock(start)
	s := New(clock.Now)
	t.Cleanup(func() { _ = s.Close() })
	return s, clock
}

func TestStore(t *testing.T) {
	portstest.SessionStore(t, func(t *testing.T) portstest.StoreHarness {
		s, clock := newStore(t)
		return portstest.StoreHarness{Store: s, Now: clock.Now, Advance: clock.Advance}
	})
}

func TestSweepRemovesWhatNobodyAsksFor(t *testing.T) {
	s, clock := newStore(t)
	for i := range 20_000 {
		r := ports.Record{Key: fmt.Sprint("key-", i), Value: []byte("value"), Expires: start.Add(time.Minute)}
		if i%10 == 0 {
			r.Expires = start.Add(time.Hour)
		}
		require.NoError(t, s.Create(t.Context(), r))
	}
	s.sweep()
	require.Equal(t, 20_000, s.Len())
	clock.Advance(2 * time.Minute)
	s.sweep()
	require.Equal(t, 2_000, s.Len())
	slots := 0
	for i := range s.shards {
		slots += len(s.shards[i].slots)
	}
	require.Less(t, slots, 16_000, "the tables shrink with their content")
	for i := 0; i < 20_000; i += 10 {
		_, err := s.Find(t.Context(), fmt.Sprint("key-", i))
		require.NoError(t, err)
	}
}

// TestWhatIsDueIsGoneBeforeItIsRemoved has more records run out at once than
// the operations on their shards remove.
func TestWhatIsDueIsGoneBeforeItIsRemoved(t *testing.T) {
	const records = 30 * shardCount
	for name, ask := range map[string]func(s *Store, r ports.Record) error{
		"find":    func(s *Store, r ports.Record) error { _, err := s.Find(t.Context(), r.Key); return err },
		"replace": func(s *Store, r ports.Record) error { return s.Replace(t.Context(), r) },
		"create": func(s *Store, r ports.Record) error {
			if err := s.Create(t.Context(), r); err != nil {
				return err
			}
			return ports.ErrNoRecord
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, clock := newStore(t)
			for i := range records {
				require.NoError(t, s.Create(t.Context(), ports.Record{Key: fmt.Sprint(i), Expires: start.Add(time.Minute)}))
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

func TestOneLockHoldRemovesABoundedNumber(t *testing.T) {
	s, clock := newStore(t)
	sh := &s.shards[0]
	for i := range 10 * sweepStep {
		sh.add(fmt.Sprint(i), nil, start.UnixNano())
	}
	clock.Advance(time.Second)
	require.True(t, sh.sweepStep(clock.Now().UnixNano()))
	require.Len(t, sh.index, 9*sweepStep)
}

func TestCloseStopsTheSweeperAndMayBeRepeated(t *testing.T) {
	s := New(nil)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	require.NoError(t, s.Ready(t.Context()))
}

// TestShardAgainstModel drives one shard with random operations beside a map.
func TestShardAgainstModel(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var sh shard
	model := map[string]int64{}
	now := int64(0)
	for range 50_000 {
		key := fmt.Sprint(random.IntN(300))
		i, found := sh.find(key)
		_, want := model[key]
		require.Equal(t, want, found)
		switch random.IntN(4) {
		case 0, 1:
			if found {
				sh.remove(i)
			}
			model[key] = now + int64(random.IntN(500))
			sh.add(key, []byte(key), model[key])
		case 2:
			if found {
				require.Equal(t, key, sh.slots[i].value())
				sh.remove(i)
				sh.shrink()
				delete(model, key)
			}
		case 3:
			now += int64(random.IntN(4))
			for sh.expire(now, 3) {
			}
			for k, expires := range model {
				if expires <= now {
					delete(model, k)
				}
			}
		}
		require.Len(t, sh.index, len(model))
		require.Len(t, sh.due, len(model))
	}
}
