//go:build integration && linux

package redis

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
	"webapp/internal/test/servertest"
)

// requireUnavailable asserts that the store returns an error with the reason in time,
// and without the password.
func requireUnavailable(t *testing.T, s *Store, why string) {
	t.Helper()
	began := time.Now()
	err := s.Ready(t.Context())
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	require.ErrorContains(t, err, why)
	_, findErr := s.Find(t.Context(), "k")
	require.ErrorIs(t, findErr, ports.ErrStoreUnavailable)
	require.Less(t, time.Since(began), 2*operationLimit+6*time.Second)
	require.NotContains(t, err.Error()+findErr.Error(), "hunter2")
}

func TestPassword(t *testing.T) {
	server := servertest.StartRedis(t, "--requirepass", "hunter2/@")
	at := func(userinfo string) *Store { return open(t, "redis://"+userinfo+server.Addr, nil) }
	require.NoError(t, at(":hunter2%2F%40@").Ready(t.Context()))
	require.NoError(t, at("default:hunter2%2F%40@").Ready(t.Context()))
	requireUnavailable(t, at(""), "requires a password")
	requireUnavailable(t, at(":hunter2@"), "refuses the user name or password")
	requireUnavailable(t, at("nobody:hunter2@"), "refuses the user name or password")
}

// documentedACL has the rights that the package comment lists.
const documentedACL = "+get +set +del +exists +eval +evalsha +getrange +ping " +
	"+zadd +zscore +zrem +zrange +zremrangebyscore +pttl +pexpire +time +zcount"

func TestAUserWithTheDocumentedRightsCanDoEverything(t *testing.T) {
	server, direct := single(t)
	ctx := t.Context()
	setUser(t, direct.nodes[0], "app", documentedACL+" +select")
	require.NoError(t, useAll(ctx, open(t, "redis://app:hunter2@"+server.Addr+"/2", nil)))

	for _, right := range strings.Fields(documentedACL) {
		if right == "+ping" { // needed in a Cluster alone
			continue
		}
		name := "without" + right[1:]
		setUser(t, direct.nodes[0], name, strings.Replace(documentedACL+" ", right+" ", "", 1))
		assert.Error(t, useAll(ctx, open(t, "redis://"+name+":hunter2@"+server.Addr, nil)), "%s is not needed", right)
	}
}

// setUser adds a user with these rights for the application's keys.
func setUser(t *testing.T, server *redis.Client, name, rights string) {
	cmd := []any{"acl", "setuser", name, "on", ">hunter2", "~webapp:*"}
	for _, right := range strings.Fields(rights) {
		cmd = append(cmd, right)
	}
	require.NoError(t, server.Do(t.Context(), cmd...).Err())
}

// useAll calls every method and returns the first error.
func useAll(ctx context.Context, s *Store) error {
	dead := record("dead", "v", "i")
	v, err := s.Create(ctx, dead)
	if err != nil {
		return err
	}
	if v, err = s.Replace(ctx, dead, v); err != nil {
		return err
	}
	if err = s.Delete(ctx, "dead", v); err != nil {
		return err
	}
	if err = s.Delete(ctx, "dead", ports.AnyVersion); err != nil {
		return err
	}
	if _, err = s.Keys(ctx, "i"); err != nil {
		return err
	}
	dead.Expires = time.Now()
	if _, err = s.Create(ctx, dead); err != nil {
		return err
	}
	if _, err = s.IndexedRecords(ctx, 0); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return s.Ready(ctx)
}

func TestUnsuitableServers(t *testing.T) {
	server, direct := single(t)
	requireUnavailable(t, open(t, "redis://"+server.Addr+"/99", nil), "no database with that number")
	requireUnavailable(t, open(t, "redis+cluster://"+server.Addr, nil), "use redis://")
	requireUnavailable(t, open(t, "redis+sentinel://"+server.Addr+"/main", nil), "no Sentinel responds")
	server.Kill()
	requireUnavailable(t, open(t, "redis://"+server.Addr, nil), "cannot connect: connection refused")
	server.Restart()
	require.NoError(t, direct.nodes[0].ConfigSet(t.Context(), "maxmemory", "1").Err())
	_, err := open(t, "redis://"+server.Addr, nil).Create(t.Context(), record("k", "v"))
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	require.ErrorContains(t, err, "memory is full")

	nodes := cluster(t)
	first, _, _ := strings.Cut(strings.TrimPrefix(nodes.url, "redis+cluster://"), ",")
	s := open(t, "redis://"+first, nil)
	var errs []string
	for _, key := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		if _, err := s.Find(t.Context(), key); err != nil {
			errs = append(errs, err.Error())
		}
	}
	require.Contains(t, strings.Join(errs, "\n"), "use redis+cluster://")
}

func TestAServerThatHangsIsUnavailableInTime(t *testing.T) {
	server, direct := single(t)
	s := open(t, direct.url, nil)
	v := create(t, s, record("k", "v", "index"))
	server.Pause()
	t.Cleanup(server.Resume)
	var wg sync.WaitGroup
	for range 50 { // more than there are connections
		wg.Go(func() {
			began := time.Now()
			_, err := s.Find(t.Context(), "k")
			assert.ErrorIs(t, err, ports.ErrStoreUnavailable)
			_, err = s.Replace(t.Context(), record("k", "x", "index"), v)
			assert.ErrorIs(t, err, ports.ErrStoreUnavailable)
			assert.Less(t, time.Since(began), 2*operationLimit+6*time.Second)
		})
	}
	wg.Wait()
	server.Resume()
	require.Eventually(t, func() bool { return s.Ready(t.Context()) == nil }, 10*time.Second, 10*time.Millisecond)
	r, err := s.Find(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, "v", string(r.Value), "an index is entered first, and the writes behind it were not sent")
}

// A restart or an operator empties the server's cache of scripts.
func TestForgottenScripts(t *testing.T) {
	_, direct := single(t)
	s := open(t, direct.url, nil)
	ctx := t.Context()
	forget := func() { require.NoError(t, direct.nodes[0].ScriptFlush(ctx).Err()) }
	forget()
	v := create(t, s, record("k", "1", "one", "two"))
	forget()
	v, err := s.Replace(ctx, record("k", "2", "one", "two"), v)
	require.NoError(t, err)
	forget()
	require.NoError(t, s.Delete(ctx, "k", v))
	forget()
	keys, err := s.Keys(ctx, "two")
	require.NoError(t, err)
	require.Empty(t, keys)
	require.Zero(t, direct.nodes[0].Exists(ctx, indexPrefix+"two").Val(), "pruned")
}

func TestBrokenConnectionsAreReplaced(t *testing.T) {
	_, direct := single(t)
	s := open(t, direct.url, nil)
	v := create(t, s, record("k", "v"))
	for range 5 {
		require.NoError(t, direct.nodes[0].ClientKillByFilter(t.Context(), "TYPE", "normal", "SKIPME", "yes").Err())
		_, err := s.Find(t.Context(), "k")
		require.NoError(t, err)
		v, err = s.Replace(t.Context(), record("k", "v"), v)
		require.NoError(t, err)
	}
}

func TestLargeValues(t *testing.T) {
	_, direct := single(t)
	s := open(t, direct.url, nil)
	large := record("k", strings.Repeat("v", maxValue))
	v := create(t, s, large)
	r, err := s.Find(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, large.Value, r.Value)
	_, err = s.Replace(t.Context(), large, v)
	require.NoError(t, err)

	tooLarge := record("k", strings.Repeat("v", maxValue+1))
	_, err = s.Create(t.Context(), tooLarge)
	require.ErrorContains(t, err, "is larger than")
	_, err = s.Replace(t.Context(), tooLarge, v)
	require.ErrorContains(t, err, "is larger than")
}

func TestDatabasesAreSeparate(t *testing.T) {
	_, direct := single(t)
	one, two := open(t, direct.url+"/1", nil), open(t, direct.url+"/2?pool_size=1", nil)
	create(t, one, record("k", "v"))
	_, err := two.Find(t.Context(), "k")
	require.ErrorIs(t, err, ports.ErrNoRecord)
	create(t, two, record("k", "w"))
}

func TestAForeignKeyIsNoRecord(t *testing.T) {
	_, direct := single(t)
	s := open(t, direct.url, nil)
	require.NoError(t, direct.nodes[0].Set(t.Context(), recordPrefix+"short", "x", 0).Err())
	require.NoError(t, direct.nodes[0].SAdd(t.Context(), recordPrefix+"set", "x").Err())
	for _, key := range []string{"short", "set"} {
		_, err := s.Find(t.Context(), key)
		require.ErrorIs(t, err, ports.ErrStoreUnavailable)
		require.ErrorContains(t, err, "has a value of another program")
	}
}

func TestAClosedStoreSaysSo(t *testing.T) {
	_, direct := single(t)
	s := open(t, direct.url, nil)
	require.NoError(t, s.Close())
	_, err := s.Find(t.Context(), "k")
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	require.ErrorContains(t, err, "has been closed")
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a socket.sock")
	servertest.StartRedis(t, "--requirepass", "hunter2/@", "--unixsocket", path)
	at := func(userinfo, parameters string) *Store {
		return open(t, "redis+unix://"+userinfo+strings.ReplaceAll(path, " ", "%20")+parameters, nil)
	}
	s := at("default:hunter2%2F%40@", "?db=3")
	require.NoError(t, useAll(t.Context(), s))
	create(t, s, record("k", "v", "index"))
	_, err := at(":hunter2%2F%40@", "").Find(t.Context(), "k")
	require.ErrorIs(t, err, ports.ErrNoRecord, "another database")
	_, err = at(":hunter2%2F%40@", "?db=3").Find(t.Context(), "k")
	require.NoError(t, err)
	requireUnavailable(t, at("", ""), "requires a password")
	requireUnavailable(t, at(":hunter2@", ""), "refuses the user name or password")
}
