//go:build integration && linux

package redis

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func requireCount(t *testing.T, s *Store, want int) {
	t.Helper()
	n, err := s.IndexedRecords(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, want, n)
}

func TestTheCountIsKeptWithTheRecords(t *testing.T) {
	s, servers, server := indexOn(t)
	ctx := t.Context()
	versions := map[string]ports.Version{}
	for i := range 100 {
		key := fmt.Sprint("k", i)
		versions[key] = create(t, s, record(key, "v", "index"))
	}
	requireCount(t, s, 100)
	require.NoError(t, server.Del(ctx, countKey).Err()) // evicted
	requireCount(t, s, 0)
	for key, v := range versions {
		_, err := s.Replace(ctx, record(key, "v", "index"), v)
		require.NoError(t, err)
	}
	requireCount(t, s, 100)

	servers.age(t, 59*time.Minute)
	create(t, s, record("late", "v", "index"))
	servers.age(t, 2*time.Minute)
	requireCount(t, s, 1)
	for range 7 { // each takes sixteen away
		create(t, s, record(fmt.Sprint(time.Now().UnixNano()), "v", "index"))
	}
	require.EqualValues(t, 8, server.ZCard(ctx, countKey).Val(), "what has expired does not stay")
	requireCount(t, s, 8)
	servers.age(t, 2*time.Hour)
	require.Zero(t, server.Exists(ctx, countKey).Val())
}

// Reads, and records that are no sessions, do not change the count.
func TestReadsAreNotCounted(t *testing.T) {
	s, _, server := indexOn(t)
	ctx := t.Context()
	create(t, s, record("session", "v", "index"))
	v := create(t, s, record("lease", "v"))
	require.NoError(t, server.ConfigResetStat(ctx).Err())
	_, err := s.Find(ctx, "session")
	require.NoError(t, err)
	_, err = s.Replace(ctx, record("lease", "w"), v)
	require.NoError(t, err)
	info, err := server.Info(ctx, "commandstats").Result()
	require.NoError(t, err)
	require.Contains(t, info, "cmdstat_get:calls=1,")
	require.NotContains(t, info, "zadd")
	require.NotContains(t, info, "zrem")
}

func TestNothingIsCountedInACluster(t *testing.T) {
	nodes := cluster(t)
	s := open(t, nodes.url, nil)
	v := create(t, s, record("k", "v", "index"))
	_, err := s.Replace(t.Context(), record("k", "w", "index"), v)
	require.NoError(t, err)
	require.NoError(t, s.Delete(t.Context(), "k", ports.AnyVersion))
	_, err = s.IndexedRecords(t.Context(), 0)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.NotErrorIs(t, err, ports.ErrStoreUnavailable)
	for _, node := range nodes.nodes {
		require.Zero(t, node.Exists(t.Context(), countKey).Val())
	}
}
