//go:build linux

package servertest

import (
	"strconv"
	"syscall"
	"testing"
)

// Redis is one running redis-server.
type Redis struct {
	process
	// Addr is host and port.
	Addr string
	// busPort is where a node of a cluster talks to the others.
	busPort int
}

// StartRedis starts a new, empty Redis. What it has answered survives Kill.
// Further settings are given as on the command line of redis-server, such as
// "--requirepass", "x".
func StartRedis(t testing.TB, settings ...string) *Redis {
	t.Helper()
	server := binary(t, "redis-server", "redis-server")
	dir := tempDir(t)
	r := &Redis{process: process{t: t, name: "Redis", ready: "Ready to accept connections"}}
	r.startAnywhere(2, func(free []int) {
		r.Addr, r.busPort = loopback(free[0]), free[1]
		r.argv = append([]string{
			server, "--bind", "127.0.0.1", "--port", strconv.Itoa(free[0]), "--dir", dir, "--save", "",
			// Each write is in the kernel's hands before it is answered, which
			// a killed process cannot lose. With "everysec" it could: a write
			// may then wait for an fsync.
			"--appendonly", "yes", "--appendfsync", "no", "--cluster-port", strconv.Itoa(free[1]),
		}, settings...)
	})
	return r
}

// Kill ends the server by SIGKILL. Killing it twice is no error.
func (r *Redis) Kill() { r.t.Helper(); r.kill() }

// Restart starts the server again on the same port and data, and returns when
// it accepts connections. One that runs is killed first.
func (r *Redis) Restart() { r.t.Helper(); r.restart() }

// Pause stops the server without ending it, as a machine that hangs does:
// connections stay open and are not answered.
func (r *Redis) Pause() { r.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (r *Redis) Resume() { r.signal(syscall.SIGCONT) }

// StartRedisTLS starts a Redis that speaks TLS alone, with a certificate and
// its key from PEM files, and asks clients for none. settings are those of
// StartRedis.
func StartRedisTLS(t testing.TB, certFile, keyFile string, settings ...string) *Redis {
	t.Helper()
	server := binary(t, "redis-server", "redis-server")
	r := &Redis{process: process{t: t, name: "Redis with TLS", ready: "Ready to accept connections"}}
	dir := tempDir(t)
	r.startAnywhere(1, func(free []int) {
		r.Addr = loopback(free[0])
		r.argv = append([]string{
			server, "--bind", "127.0.0.1", "--port", "0", "--tls-port", strconv.Itoa(free[0]),
			"--tls-cert-file", certFile, "--tls-key-file", keyFile, "--tls-auth-clients", "no",
			"--dir", dir, "--save", "",
		}, settings...)
	})
	return r
}
