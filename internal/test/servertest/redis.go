//go:build linux

package servertest

import (
	"strconv"
	"syscall"
	"testing"
)

// Redis is a redis-server.
type Redis struct {
	process
	// Addr is host and port.
	Addr string
	// busPort is the port of the cluster bus.
	busPort int
}

// StartRedis starts a new, empty Redis. Completed writes survive Kill. settings are
// arguments of redis-server, such as "--requirepass", "x".
func StartRedis(t testing.TB, settings ...string) *Redis {
	t.Helper()
	server := binary(t, "redis-server", "redis-server")
	dir := tempDir(t)
	r := &Redis{process: process{t: t, name: "Redis", ready: "Ready to accept connections"}}
	r.startAnywhere(2, func(free []int) {
		r.Addr, r.busPort = loopback(free[0]), free[1]
		r.argv = append([]string{
			server, "--bind", "127.0.0.1", "--port", strconv.Itoa(free[0]), "--dir", dir, "--save", "",
			// The kernel has each write before the client gets the response,
			// so SIGKILL loses nothing. With "everysec" a write can wait for
			// an fsync.
			"--appendonly", "yes", "--appendfsync", "no", "--cluster-port", strconv.Itoa(free[1]),
		}, settings...)
	})
	return r
}

// Kill ends the server with SIGKILL. It does nothing if the server is not running.
func (r *Redis) Kill() { r.t.Helper(); r.kill() }

// Restart kills the server if it is running and starts it on the same port with the
// same data. It returns when the server accepts connections.
func (r *Redis) Restart() { r.t.Helper(); r.restart() }

// Pause suspends the server, like a machine that hangs: connections stay open
// without a response.
func (r *Redis) Pause() { r.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (r *Redis) Resume() { r.signal(syscall.SIGCONT) }

// StartRedisTLS starts a Redis that accepts TLS only and demands no client
// certificate. certFile and keyFile are PEM files. settings are those of
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
