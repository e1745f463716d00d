//go:build integration && linux

package servertest

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRedisKeepsItsDataWhenItIsKilled(t *testing.T) {
	r := StartRedis(t)
	_, err := command(r.Addr, "SET k v")
	require.NoError(t, err)

	r.Kill()
	r.Kill()
	_, err = command(r.Addr, "GET k")
	require.Error(t, err)

	r.Restart()
	got, err := command(r.Addr, "GET k")
	require.NoError(t, err)
	assert.Equal(t, "v", got)
}

func TestRedisHangsWhilePaused(t *testing.T) {
	r := StartRedis(t)
	r.Pause()
	answered := make(chan error, 1)
	go func() { _, err := command(r.Addr, "PING"); answered <- err }()
	select {
	case err := <-answered:
		assert.Fail(t, "a paused server answered", "%v", err)
	case <-time.After(100 * time.Millisecond):
	}
	r.Resume()
	require.NoError(t, <-answered)
}

func TestRedisTakesSettings(t *testing.T) {
	r := StartRedis(t, "--requirepass", "x")
	_, err := command(r.Addr, "GET k")
	require.ErrorContains(t, err, "NOAUTH")
}

func TestRedisClusterServesAgain(t *testing.T) {
	c := StartRedisCluster(t)
	require.Len(t, c.Addrs(), 3)
	c.Nodes[1].Kill()
	c.Nodes[1].Restart()
	c.Await()
	c.Kill()
	c.Restart()
}

func TestPostgreSQLKeepsItsDataWhenItIsKilled(t *testing.T) {
	p := StartPostgreSQL(t)
	db := p.NewDatabase()
	query := func(sql string) (string, error) {
		out, err := exec.Command(p.binary("psql"), "-X", "-q", "-A", "-t", "-c", sql, db).CombinedOutput()
		return string(out), err
	}
	out, err := query("CREATE TABLE t (v int); INSERT INTO t VALUES (7)")
	require.NoError(t, err, out)

	p.Kill()
	_, err = query("SELECT 1")
	require.Error(t, err)

	p.Restart()
	out, err = query("SELECT v FROM t")
	require.NoError(t, err, out)
	assert.Equal(t, "7\n", out)
}

func TestServersEndWithTheTest(t *testing.T) {
	var server *PostgreSQL
	t.Run("with a server", func(t *testing.T) { server = StartPostgreSQL(t) })
	_, err := os.Stat(server.argv[2])
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Empty(t, children(server.cmd.Process.Pid))
	<-server.log.ended
}
