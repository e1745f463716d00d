package providerhttp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"

	"webapp/internal/ports"
)

// ErrTransient is matched by failures that may pass: the same call may succeed
// at the next try.
var ErrTransient = errors.New("transient")

type tagged struct {
	error
	sentinel error
}

func (t tagged) Unwrap() []error { return []error{t.error, t.sentinel} }

// Tagged adds a sentinel for errors.Is. The error's text stays the same.
func Tagged(err, sentinel error) error { return tagged{err, sentinel} }

// Transient returns err such that errors.Is also matches ErrTransient.
func Transient(err error) error { return Tagged(err, ErrTransient) }

// Unavailable returns ports.ErrProviderUnavailable with a reason, which must be
// constant words.
func Unavailable(reason string) error {
	return fmt.Errorf("%w: %s", ports.ErrProviderUnavailable, reason)
}

// StatusError is the error for an answer with an unexpected status. errors.Is
// matches ports.ErrProviderUnavailable and, from 500 on, ErrTransient.
type StatusError struct {
	Status int
	// Body is the answer's. It may say why; it is no part of the error's text.
	Body []byte
}

// Error names the status.
func (e *StatusError) Error() string {
	return fmt.Sprintf("%v: it answered with status %d", ports.ErrProviderUnavailable, e.Status)
}

// Is reports what the error is, by its status.
func (e *StatusError) Is(target error) bool {
	return target == ports.ErrProviderUnavailable || target == ErrTransient && e.Status >= http.StatusInternalServerError
}

// NetworkError returns ports.ErrProviderUnavailable for a call that failed. It
// keeps the cause only where its text holds nothing but an address: a
// *url.Error quotes the whole URL, and a protocol error quotes what the other
// side sent.
func NetworkError(err error) error {
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
		return Transient(fmt.Errorf("%w: %w", ports.ErrProviderUnavailable, dns))
	case errors.As(err, &op):
		return Transient(fmt.Errorf("%w: %w", ports.ErrProviderUnavailable, op))
	}
	return Transient(Unavailable("the connection failed"))
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}
