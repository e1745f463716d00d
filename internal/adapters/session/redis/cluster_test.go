//go:build integration && linux

package redis

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
	"webapp/internal/test/servertest"
)

func TestAUserWithTheDocumentedRightsCanDoEverythingInACluster(t *testing.T) {
	nodes := cluster(t)
	for _, node := range nodes.nodes {
		setUser(t, node, "app", documentedACL+" +cluster|slots")
	}
	s := open(t, strings.Replace(nodes.url, "://", "://app:hunter2@", 1), nil)
	require.NoError(t, useAll(t.Context(), s))
	nodes.empty(t)
	require.NoError(t, useAll(t.Context(), s))
}

func TestOneNodeOfAClusterIsGone(t *testing.T) {
	c := servertest.StartRedisCluster(t)
	ctx := t.Context()
	// The URL names only the first node, which reports the others.
	s := open(t, "redis+cluster://"+c.Nodes[0].Addr, nil)
	require.NoError(t, s.Ready(ctx))
	keys := strings.Split("abcdefghij", "")
	for _, key := range keys {
		create(t, s, record(key, "v", "index-"+key))
	}
	c.Nodes[0].Kill()
	unavailable := 0
	for _, key := range keys {
		began := time.Now()
		if _, err := s.Find(ctx, key); err != nil {
			require.ErrorIs(t, err, ports.ErrStoreUnavailable)
			unavailable++
		}
		require.Less(t, time.Since(began), operationLimit+3*time.Second)
	}
	require.NotZero(t, unavailable)
	require.ErrorIs(t, s.Ready(ctx), ports.ErrStoreUnavailable)

	c.Nodes[0].Restart()
	c.Await()
	require.Eventually(t, func() bool { return s.Ready(ctx) == nil }, 15*time.Second, 20*time.Millisecond)
	for _, key := range keys {
		found, err := s.Keys(ctx, "index-"+key)
		require.NoError(t, err)
		require.Equal(t, []string{key}, found)
	}
}
