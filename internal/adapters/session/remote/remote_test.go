package remote

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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func TestThisMachine(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST": true, "127.0.0.1": true, "127.8.8.8": true, "::1": true, "::ffff:127.0.0.1": true, "/run/postgresql": true,
		"": false, "db": false, "10.0.0.1": false, "0.0.0.0": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false, "::2": false,
	} {
		assert.Equal(t, want, ThisMachine(host), host)
	}
}

// Every host in this test is secret.example.
func TestReasonsQuoteNothing(t *testing.T) {
	const host = "secret.example"
	dial := func(cause error) error {
		return fmt.Errorf("%s: %w", host, &net.OpError{Op: "dial", Net: "tcp", Addr: &net.UnixAddr{Name: host}, Err: cause})
	}
	verify := func(cause error) error { return &tls.CertificateVerificationError{Err: cause} }
	for _, c := range []struct {
		cause error
		says  string
	}{
		{dial(&os.SyscallError{Syscall: "connect", Err: syscall.ECONNREFUSED}), "cannot connect: connection refused"},
		{dial(syscall.Errno(10061)), "cannot connect: connection refused"},
		{dial(errors.New(host)), "cannot connect"},
		{dial(&net.DNSError{Err: "no such host", Name: host, IsNotFound: true}), "its host name is unknown"},
		{dial(&net.DNSError{Err: "server misbehaving", Name: host, Server: host}), "its host name cannot be looked up at the moment"},
		{verify(x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{"a.example"}}, Host: host}), "not valid for the host in the address"},
		{verify(x509.UnknownAuthorityError{}), "its authority is not trusted on this machine"},
		{x509.UnknownAuthorityError{}, "its authority is not trusted on this machine"},
		{verify(x509.CertificateInvalidError{Cert: &x509.Certificate{}, Reason: x509.Expired}), "expired"},
		{verify(x509.CertificateInvalidError{Cert: &x509.Certificate{}, Reason: x509.NotAuthorizedToSign, Detail: host}), "not valid"},
		{verify(errors.New(host)), "not valid"},
		{tls.RecordHeaderError{Msg: host}, NoTLS},
		{tls.AlertError(40), "refuses the TLS handshake"},
		{fmt.Errorf("%s: %w", host, context.Canceled), "cancelled"},
		{fmt.Errorf("%s: %w", host, context.DeadlineExceeded), "no answer in time"},
		{&net.OpError{Op: "read", Net: host, Err: os.ErrDeadlineExceeded}, "no answer in time"},
		{&net.OpError{Op: "read", Net: host, Err: syscall.ECONNRESET}, Broken},
		{fmt.Errorf("%s: %w", host, io.EOF), Broken},
		{fmt.Errorf("%s: %w", host, io.ErrUnexpectedEOF), Broken},
	} {
		require.Contains(t, Reason(c.cause), c.says, "%#v", c.cause)
		require.NotContains(t, Reason(c.cause), host)
		err := Unavailable("Redis", Reason(c.cause), c.cause)
		require.ErrorIs(t, err, ports.ErrStoreUnavailable)
		require.ErrorIs(t, err, c.cause, "the cause can be found")
		require.NotContains(t, err.Error(), host)
	}
	require.Empty(t, Reason(errors.New(host)))
}
