//go:build integration && linux

package redis

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
	"webapp/internal/test/servertest"
)

func TestSentinelFailover(t *testing.T) {
	ctx := t.Context()
	servers := servertest.StartRedisSentinel(t)
	s := open(t, "redis+sentinel://"+servers.Addr+"/"+servertest.SentinelMaster, nil)
	require.NoError(t, s.Ready(ctx))
	v := create(t, s, record("k", "v", "index"))
	gone := create(t, s, record("signed out", "v", "index"))
	require.NoError(t, s.Delete(ctx, "signed out", gone))
	replicas := direct(t, servers.Master.Addr).Wait(ctx, 1, 5*time.Second)
	require.EqualValues(t, 1, replicas.Val(), "the replica has it")

	servers.Master.Kill()
	_, err := s.Find(ctx, "k")
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	require.Eventually(t, func() bool {
		next, err := s.Replace(ctx, record("k", "w", "index"), v)
		if errors.Is(err, ports.ErrRecordChanged) { // done, and its answer lost
			var r ports.Record
			if r, err = s.Find(ctx, "k"); err == nil {
				next = r.Version
			}
		}
		if err == nil {
			v = next
		}
		return err == nil
	}, 90*time.Second, 20*time.Millisecond)

	r, err := s.Find(ctx, "k")
	require.NoError(t, err)
	require.Equal(t, "w", string(r.Value))
	require.Equal(t, v, r.Version)
	keys, err := s.Keys(ctx, "index")
	require.NoError(t, err)
	require.Equal(t, []string{"k"}, keys)
	require.NoError(t, s.Ready(ctx))
}

func TestSentinelDoesNotKnowTheMaster(t *testing.T) {
	servers := servertest.StartRedisSentinel(t)
	requireUnavailable(t, open(t, "redis+sentinel://"+servers.Addr+"/other", nil), "no Sentinel responds, or none knows a master with that name")
}
