package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

// answer is an error reply of a server.
type answer string

func (a answer) Error() string { return string(a) }
func (answer) RedisError()     {}

func TestErrorsSayWhatHappenedAndNoSecret(t *testing.T) {
	for says, cause := range map[string]error{
		"requires a password":                answer("NOAUTH Authentication required."),
		"refuses the user name or password":  fmt.Errorf("failed to authenticate: %w", answer("WRONGPASS invalid hunter2")),
		"access rules (ACL)":                 answer("NOPERM User hunter2 has no permissions"),
		"use redis+cluster://":               answer("MOVED 1 127.0.0.1:1"),
		"use redis://":                       answer("ERR This instance has cluster support disabled"),
		"does not serve all its slots":       answer("CLUSTERDOWN The cluster is down"),
		"LOADING":                            answer("LOADING Redis is loading the dataset in memory"),
		"READONLY":                           answer("READONLY You can't write against a read only replica."),
		"memory is full":                     answer("OOM command not allowed when used memory > 'maxmemory'."),
		"to disk":                            answer("MISCONF Redis is configured to save RDB snapshots"),
		"has a value of another program":     answer("WRONGTYPE Operation against a key"),
		"no database with that number":       answer("ERR DB index is out of range"),
		"the server has none":                answer("ERR AUTH <password> called without any password configured"),
		"does not know a command":            answer("ERR unknown command `HELLO`, with args beginning with: `hunter2`"),
		"an error (ERR)":                     answer("ERR hunter2"),
		"unknown error":                      answer("HUNTER2 hunter2"),
		"no Sentinel responds":               errors.New("redis: all sentinels specified in configuration are unreachable: hunter2"),
		"certificate is not trusted":         &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}},
		"does not speak TLS":                 tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"},
		"connections are busy":               redis.ErrPoolTimeout,
		"cannot connect: connection refused": &net.OpError{Op: "dial", Net: "hunter2", Err: syscall.ECONNREFUSED},
		"cancelled":                          fmt.Errorf("x: %w", context.Canceled),
		"no answer in time":                  &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded},
		"the connection broke":               io.EOF,
		"does not speak the Redis protocol":  errors.New("redis: can't parse \"hunter2\""),
		"the request failed":                 errors.New("hunter2"),
		"has been closed":                    redis.ErrClosed,
	} {
		err := unavailable(cause)
		require.ErrorIs(t, err, ports.ErrStoreUnavailable)
		require.ErrorIs(t, err, cause, "the cause can be found")
		assert.ErrorContains(t, err, says)
		assert.NotContains(t, err.Error(), "hunter2")
		assert.NotContains(t, err.Error(), "HUNTER2")
	}
}

// No server responds at these addresses.
func TestErrorsQuoteNothingOfTheAddress(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	_, port, err := net.SplitHostPort(closed.Addr().String())
	require.NoError(t, err)
	for raw, says := range map[string]string{
		"redis://secret:hunter2@127.0.0.1:" + port:                      "cannot connect: connection refused",
		"rediss://secret:hunter2@127.0.0.1:" + port:                     "cannot connect: connection refused",
		"redis://secret:hunter2@secret.invalid":                         "host name",
		"redis+cluster://secret:hunter2@127.0.0.1:" + port:              "cannot connect: connection refused",
		"redis+cluster://secret:hunter2@secret.invalid":                 "host name",
		"redis+sentinel://secret:hunter2@127.0.0.1:" + port + "/secret": "no Sentinel responds",
		"redis+sentinel://secret:hunter2@secret.invalid/secret":         "no Sentinel responds",
		"redis+unix://secret:hunter2@/nowhere/secret.sock?db=3":         "cannot connect: no such file or directory",
	} {
		s, err := Open(t.Context(), raw, nil)
		require.NoError(t, err)
		_, err = s.Find(t.Context(), "k")
		require.ErrorIs(t, err, ports.ErrStoreUnavailable)
		for _, err := range []error{err, s.Ready(t.Context())} {
			assert.ErrorContains(t, err, says, raw)
			for _, piece := range []string{"secret", "hunter2", "127.0.0.1", port} {
				assert.NotContains(t, err.Error(), piece)
			}
		}
		require.NoError(t, s.Close())
	}
}
