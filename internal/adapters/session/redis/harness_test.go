//go:build integration && linux

package redis

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
	"webapp/internal/test/servertest"
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	LogTo(slog.New(slog.DiscardHandler))
	dir, err := os.MkdirTemp("", "redis-test-")
	if err == nil {
		defer os.RemoveAll(dir)
		err = certificate(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// Go reads SSL_CERT_FILE once, when it first verifies a certificate.
	os.Setenv("SSL_CERT_FILE", filepath.Join(dir, "cert.pem"))
	return m.Run()
}

// servers are the servers of a test: one, or the nodes of a Cluster.
type servers struct {
	url   string
	nodes []*redis.Client
	kill  func()
	start func()
}

func single(t testing.TB, settings ...string) (*servertest.Redis, *servers) {
	server := servertest.StartRedis(t, settings...)
	return server, &servers{
		url: "redis://" + server.Addr, nodes: []*redis.Client{direct(t, server.Addr)},
		kill: server.Kill, start: server.Restart,
	}
}

func cluster(t testing.TB) *servers {
	c := servertest.StartRedisCluster(t)
	s := &servers{url: "redis+cluster://" + strings.Join(c.Addrs(), ","), kill: c.Kill, start: c.Restart}
	for _, addr := range c.Addrs() {
		s.nodes = append(s.nodes, direct(t, addr))
	}
	return s
}

// direct returns a client that does not use the store.
func direct(t testing.TB, addr string) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: addr, Protocol: 2})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// timeShift is a clock that a test can advance.
type timeShift struct{ by atomic.Int64 }

func (s *timeShift) Now() time.Time { return time.Now().Add(time.Duration(s.by.Load())) }

// ageSource makes a key ARGV[1] milliseconds older.
const ageSource = `
local d = tonumber(ARGV[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then return 0 end -- it never expires
left = left - d
if left <= 0 then return redis.call('DEL', KEYS[1]) end
redis.call('PEXPIRE', KEYS[1], left)
if redis.call('TYPE', KEYS[1]).ok == 'zset' then
  for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    redis.call('ZINCRBY', KEYS[1], -d, member)
  end
end
return 1`

// age makes all keys of the servers older by d.
func (s *servers) age(t testing.TB, d time.Duration) {
	ctx := context.Background()
	for _, node := range s.nodes {
		for it := node.Scan(ctx, 0, "*", 1000).Iterator(); it.Next(ctx); {
			require.NoError(t, node.Eval(ctx, ageSource, []string{it.Val()}, d.Milliseconds()).Err())
		}
	}
}

func (s *servers) empty(t testing.TB) {
	for _, node := range s.nodes {
		require.NoError(t, node.FlushAll(context.Background()).Err())
	}
}

func (s *servers) harness(t testing.TB) portstest.StoreHarness {
	s.empty(t)
	shift := &timeShift{}
	return portstest.StoreHarness{
		Store: open(t, s.url, shift.Now),
		New:   func(t *testing.T) ports.SessionStore { return open(t, s.url, shift.Now) },
		Now:   shift.Now,
		Advance: func(d time.Duration) {
			shift.by.Add(int64(d))
			s.age(t, d)
		},
		Kept: func(t *testing.T) (n int) {
			for _, node := range s.nodes {
				for it := node.Scan(t.Context(), 0, recordPrefix+"*", 1000).Iterator(); it.Next(t.Context()); {
					n++
				}
			}
			return n
		},
		Outage: func(down bool) {
			if down {
				s.kill()
			} else {
				s.start()
			}
		},
	}
}

func open(t testing.TB, url string, clock func() time.Time) *Store {
	t.Helper()
	s, err := Open(t.Context(), url, clock)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func record(key, value string, indexes ...string) ports.Record {
	return ports.Record{Key: key, Value: []byte(value), Expires: time.Now().Add(time.Hour), Indexes: indexes}
}

func create(t testing.TB, s *Store, r ports.Record) ports.Version {
	t.Helper()
	v, err := s.Create(context.Background(), r)
	require.NoError(t, err)
	return v
}
