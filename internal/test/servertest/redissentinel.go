//go:build linux

package servertest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// SentinelMaster is the master's name in the Sentinel's configuration.
const SentinelMaster = "main"

// RedisSentinel is a master with one replica, and a Sentinel that promotes the
// replica when the master is down.
type RedisSentinel struct {
	Master, Replica *Redis
	// Addr is host and port of the Sentinel.
	Addr string

	process
}

// StartRedisSentinel starts all three servers, empty. It returns when the Sentinel
// knows the replica and the replica follows the master. settings are those of
// StartRedis, for master and replica.
func StartRedisSentinel(t testing.TB, settings ...string) *RedisSentinel {
	t.Helper()
	// A master otherwise waits five seconds for more replicas to serve at once.
	settings = append([]string{"--repl-diskless-sync-delay", "0"}, settings...)
	s := &RedisSentinel{Master: StartRedis(t, settings...)}
	host, port, _ := net.SplitHostPort(s.Master.Addr)
	s.Replica = StartRedis(t, append(settings, "--replicaof", host, port)...)
	// The Sentinel asks the master for replicas at its start and then every ten
	// seconds.
	await(t, s.Master.Addr, "INFO replication", "state=online")

	s.process = process{t: t, name: "Redis Sentinel", ready: "+monitor master"}
	config := filepath.Join(tempDir(t), "sentinel.conf") // the Sentinel writes to it
	server := binary(t, "redis-server", "redis-server")
	s.startAnywhere(1, func(free []int) {
		s.Addr = loopback(free[0])
		text := fmt.Sprintf("bind 127.0.0.1\nport %d\ndir %s\nsentinel monitor %s %s %s 1\n"+
			"sentinel down-after-milliseconds %[3]s 1500\nsentinel failover-timeout %[3]s 5000\n",
			free[0], filepath.Dir(config), SentinelMaster, host, port)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatalf("configure Redis Sentinel: %v", err)
		}
		s.argv = []string{server, config, "--sentinel"}
	})
	await(t, s.Addr, "INFO sentinel", "slaves=1")
	return s
}

// await waits until the response to a command contains a phrase.
func await(t testing.TB, addr, line, phrase string) {
	t.Helper()
	for deadline := time.Now().Add(startLimit); ; <-time.After(10 * time.Millisecond) {
		answer, err := command(addr, line)
		if err == nil && strings.Contains(answer, phrase) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s did not answer %q to %s within %v: %v\n%s", addr, phrase, line, startLimit, err, answer)
		}
	}
}
