//go:build integration && linux

package redis

import (
	"net"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

// lossy is a proxy to a server. If lose is set, it breaks the connection instead of
// forwarding the reply to a command that contains this text.
type lossy struct {
	addr string
	lose atomic.Pointer[string]
}

func newLossy(t *testing.T, server string) *lossy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	p := &lossy{addr: l.Addr().String()}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go p.pass(client, server)
		}
	}()
	return p
}

func (p *lossy) pass(client net.Conn, addr string) {
	defer client.Close()
	server, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer server.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		phrase := p.lose.Load()
		lost := phrase != nil && strings.Contains(string(buffer[:n]), *phrase)
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
		if n, err = server.Read(buffer); err != nil || lost {
			return
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// calls returns how often a server has received a command.
func calls(t *testing.T, server *redis.Client, command string) string {
	info, err := server.Info(t.Context(), "commandstats").Result()
	require.NoError(t, err)
	found := regexp.MustCompile(`cmdstat_` + command + `:calls=(\d+)`).FindStringSubmatch(info)
	require.NotEmpty(t, found, info)
	return found[1]
}

// The reply is lost after the write. A second write could restore a record that
// somebody has deleted since.
func TestAWriteIsSentOnce(t *testing.T) {
	sent := map[string]string{}
	_, direct := single(t)
	server := direct.nodes[0]
	p := newLossy(t, server.Options().Addr)
	s := open(t, "redis://"+p.addr, nil)
	ctx := t.Context()
	lose := func(phrase string) { p.lose.Store(&phrase) }
	v, err := s.Replace(ctx, record("k", "v"), create(t, s, record("k", "v")))
	require.NoError(t, err)
	create(t, s, record("gone", "v", "index")) // and the server has all scripts
	require.NoError(t, s.Delete(ctx, "gone", ports.AnyVersion))
	require.NoError(t, server.ConfigResetStat(ctx).Err())

	lose("nx")
	_, err = s.Create(ctx, record("created", "v"))
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	sent["set"] = calls(t, server, "set")
	lose("evalsha")
	_, err = s.Replace(ctx, record("k", "w"), v)
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	sent["evalsha"] = calls(t, server, "evalsha")
	lose("evalsha")
	require.ErrorIs(t, s.Delete(ctx, "k", ports.AnyVersion), ports.ErrStoreUnavailable)
	sent["del"] = calls(t, server, "del")
	require.Equal(t, map[string]string{"set": "1", "evalsha": "1", "del": "1"}, sent)
	lose(s.scripts.create.sha)
	_, err = s.Create(ctx, record("counted", "v", "index"))
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	require.Equal(t, "3", calls(t, server, "set"), "that of Replace, and one more")

	lose("get")
	_, err = s.Find(ctx, "created")
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	require.Equal(t, "2", calls(t, server, "get"), "a read is tried again")
}
