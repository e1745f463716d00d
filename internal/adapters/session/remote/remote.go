// Package remote is shared by the session stores that use a server. It has an error
// that does not quote the server's address, and recognises addresses of this machine.
package remote

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"webapp/internal/ports"
)

// ThisMachine reports whether a connection to host stays on this machine: host
// is localhost, a loopback address or the path of a Unix socket.
func ThisMachine(host string) bool {
	if strings.HasPrefix(host, "/") || strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// Error says that a server could not be used. errors.Is also matches
// ports.ErrStoreUnavailable.
//
// Its text has fixed words only. Errors of a library or a server can quote the
// address. If its password is not escaped, any part of the address can belong to the
// password.
type Error struct {
	server, reason string
	cause          error
}

// Unavailable returns an Error. server and reason are fixed texts. errors.Is also
// matches cause, whose text is not part of the Error's.
func Unavailable(server, reason string, cause error) *Error {
	return &Error{server: server, reason: reason, cause: cause}
}

// Error returns the server and the reason.
func (e *Error) Error() string {
	return ports.ErrStoreUnavailable.Error() + ": " + e.server + ": " + e.reason
}

// Unwrap returns ports.ErrStoreUnavailable and the cause.
func (e *Error) Unwrap() []error { return []error{ports.ErrStoreUnavailable, e.cause} }

// wsaConnectionRefused is ECONNREFUSED on Windows.
const wsaConnectionRefused = syscall.Errno(10061)

// Reasons that a store can extend.
const (
	NoTLS  = "the server does not speak TLS on that port"
	Broken = "the connection broke"
)

// Reason returns a fixed text for an error of the network or of TLS, and "" for other
// errors.
func Reason(err error) string {
	if reason := certificateReason(err); reason != "" {
		return "the server's certificate is not trusted: " + reason
	}
	var (
		noTLS   tls.RecordHeaderError
		alert   tls.AlertError
		lookup  *net.DNSError
		network *net.OpError
		errno   syscall.Errno
	)
	errors.As(err, &network)
	switch {
	case errors.As(err, &noTLS):
		return NoTLS
	case errors.As(err, &alert):
		return "the server refuses the TLS handshake"
	case errors.As(err, &lookup) && !lookup.IsNotFound:
		return "its host name cannot be looked up at the moment"
	case lookup != nil:
		return "its host name is unknown"
	case errors.Is(err, context.Canceled):
		return "the request was cancelled"
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, wsaConnectionRefused):
		return "cannot connect: connection refused"
	case network != nil && network.Op == "dial" && errors.As(err, &errno):
		return "cannot connect: " + errno.Error()
	case network != nil && network.Op == "dial":
		return "cannot connect"
	case timeout(err):
		return "no answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &errno), network != nil:
		return Broken
	}
	return ""
}

// certificateReason returns why a certificate was refused, without any host names.
func certificateReason(err error) string {
	var (
		name      x509.HostnameError
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		other     *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &name):
		return "it is not valid for the host in the address"
	case errors.As(err, &authority):
		return "its authority is not trusted on this machine"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "it has expired or is not valid yet"
	case invalid.Cert != nil, errors.As(err, &other):
		return "it is not valid"
	}
	return ""
}

func timeout(err error) bool {
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout()
}
