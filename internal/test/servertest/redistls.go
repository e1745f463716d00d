//go:build linux

package servertest

import (
	"strconv"
	"testing"
)

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
