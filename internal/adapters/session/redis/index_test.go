//go:build integration && linux

package redis

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func indexOn(t *testing.T) (*Store, *servers, *redis.Client) {
	_, s := single(t)
	return open(t, s.url, nil), s, s.nodes[0]
}

// beforeSet runs a function between the two times that Create enters a record.
type beforeSet struct {
	dialErrors
	sets string // the name of the script that makes the record
	do   func()
}

func (h beforeSet) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "evalsha" && cmd.Args()[1] == h.sets {
			h.do()
		}
		return next(ctx, cmd)
	}
}

// One instance reads an index while another creates a record in it, and finds an entry
// without a record.
func TestAReaderKeepsARecordThatIsBeingCreated(t *testing.T) {
	ctx := t.Context()
	for name, late := range map[string]bool{"pruned before the record is there": false, "pruned when Create has returned": true} {
		t.Run(name, func(t *testing.T) {
			s, servers, server := indexOn(t)
			reader := open(t, servers.url, nil)
			var dead []any
			prune := func() {
				_, err := reader.run(ctx, reader.scripts.prune, []string{indexPrefix + "index"}, dead...)
				require.NoError(t, err)
			}
			s.client.AddHook(beforeSet{sets: s.scripts.create.sha, do: func() {
				entries, err := server.ZRangeWithScores(ctx, indexPrefix+"index", 0, -1).Result()
				require.NoError(t, err)
				_, dead, err = reader.partition(ctx, entries)
				require.NoError(t, err)
				require.Len(t, dead, 2)
				if !late {
					prune()
				}
			}})
			create(t, s, record("k", "v", "index"))
			if late {
				prune()
			}
			keys, err := reader.Keys(ctx, "index")
			require.NoError(t, err)
			require.Equal(t, []string{"k"}, keys)
		})
	}
}

func TestAnIndexShrinksWithItsRecords(t *testing.T) {
	s, servers, server := indexOn(t)
	ctx := t.Context()
	for i := range 20 {
		create(t, s, record(fmt.Sprint("expires-", i), "v", "index"))
	}
	servers.age(t, time.Hour+indexGrace-time.Minute)
	r := record("new", "v", "index")
	create(t, s, r)
	require.EqualValues(t, 21, server.ZCard(ctx, indexPrefix+"index").Val(), "within the grace")
	servers.age(t, 2*time.Minute)
	create(t, s, record("newer", "v", "index"))
	require.EqualValues(t, 2, server.ZCard(ctx, indexPrefix+"index").Val(), "entries that nobody reads go with the next one")
	servers.age(t, time.Hour+2*indexGrace)
	require.Zero(t, server.DBSize(ctx).Val(), "nothing is left for good")
}

func TestAnIndexOutlivesItsRecords(t *testing.T) {
	s, servers, server := indexOn(t)
	ctx := t.Context()
	short := record("k", "v", "index")
	short.Expires = time.Now().Add(time.Minute)
	v := create(t, s, short)
	long := record("k", "v", "index")
	long.Expires = time.Now().Add(10 * time.Hour)
	v, err := s.Replace(ctx, long, v)
	require.NoError(t, err)
	create(t, s, func() ports.Record { r := short; r.Key = "other"; return r }())
	require.Greater(t, server.PTTL(ctx, indexPrefix+"index").Val(), 10*time.Hour)
	servers.age(t, 9*time.Hour)
	keys, err := s.Keys(ctx, "index")
	require.NoError(t, err)
	require.Equal(t, []string{"k"}, keys)
	require.NoError(t, s.Delete(ctx, "k", v))
}

func TestManyInvalidEntriesDoNotHideValidOnes(t *testing.T) {
	s, _, server := indexOn(t)
	ctx := t.Context()
	create(t, s, record("first", "v", "index"))
	dead := make([]redis.Z, 0, 4*ports.MaxKeys)
	now := float64(time.Now().UnixMilli())
	for i := range cap(dead) {
		dead = append(dead, redis.Z{Score: now + float64(i), Member: origin(newVersion()) + fmt.Sprint("dead-", i)})
	}
	require.NoError(t, server.ZAdd(ctx, indexPrefix+"index", dead...).Err())
	create(t, s, record("last", "v", "index"))
	keys, err := s.Keys(ctx, "index")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"first", "last"}, keys)
	require.EqualValues(t, 2, server.ZCard(ctx, indexPrefix+"index").Val())
}

// Records expire after a duration, whatever the server's clock shows.
func TestTheServersClockMayDiffer(t *testing.T) {
	_, direct := single(t)
	for _, skew := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		clock := func() time.Time { return time.Now().Add(skew) }
		s := open(t, direct.url, clock)
		r := record(skew.String(), "v", "index")
		r.Expires = clock().Add(time.Hour)
		create(t, s, r)
		ttl := direct.nodes[0].PTTL(t.Context(), recordPrefix+r.Key).Val()
		require.InDelta(t, time.Hour, ttl, float64(time.Minute))
	}
	keys, err := open(t, direct.url, nil).Keys(t.Context(), "index")
	require.NoError(t, err)
	require.Len(t, keys, 2)
}
