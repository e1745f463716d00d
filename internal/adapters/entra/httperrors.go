package entra

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"

	"webapp/internal/ports"
)

var (
	// errTransient marks what may be gone at the next try.
	errTransient = errors.New("transient")
	// errDeadGrant marks that a grant will never be good again.
	errDeadGrant = errors.New("dead grant")
)

// marked is an error that is a mark's too, without a word more in its text.
type marked struct {
	error
	mark error
}

func (m marked) Unwrap() []error { return []error{m.error, m.mark} }

func transient(err error) error { return marked{err, errTransient} }

// unavailable says in constant words why the provider cannot be used.
func unavailable(reason string) error {
	return fmt.Errorf("%w: %s", ports.ErrProviderUnavailable, reason)
}

func statusError(status int) error {
	err := unavailable(fmt.Sprintf("it answered with status %d", status))
	if status >= http.StatusInternalServerError {
		return transient(err)
	}
	return err
}

// networkError keeps the cause only where its text is known to hold nothing
// but an address: a *url.Error quotes the whole URL, and a protocol error
// quotes what the other side sent.
func networkError(err error) error {
	var (
		op   *net.OpError
		dns  *net.DNSError
		cert *tls.CertificateVerificationError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%w: %w", ports.ErrProviderUnavailable, context.Canceled)
	case isTimeout(err):
		return fmt.Errorf("%w: it took too long: %w", ports.ErrProviderUnavailable, context.DeadlineExceeded)
	case errors.As(err, &cert):
		return fmt.Errorf("%w: %w", ports.ErrProviderUnavailable, cert)
	case errors.As(err, &dns):
		return transient(fmt.Errorf("%w: %w", ports.ErrProviderUnavailable, dns))
	case errors.As(err, &op):
		return transient(fmt.Errorf("%w: %w", ports.ErrProviderUnavailable, op))
	}
	return transient(unavailable("the connection failed"))
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}
