package providerhttp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"webapp/internal/ports"
)

// ErrTransient says that the same request may succeed at the next attempt.
var ErrTransient = errors.New("transient")

type tagged struct {
	error
	sentinel error
}

func (t tagged) Unwrap() []error { return []error{t.error, t.sentinel} }

// Tagged adds a sentinel for errors.Is to err. The text of err stays the same.
func Tagged(err, sentinel error) error { return tagged{err, sentinel} }

// Transient adds ErrTransient to err.
func Transient(err error) error { return Tagged(err, ErrTransient) }

// Unavailable returns ports.ErrProviderUnavailable with a reason. The reason is a
// constant text and quotes nothing that the provider sent.
func Unavailable(reason string) error {
	return fmt.Errorf("%w: %s", ports.ErrProviderUnavailable, reason)
}

// Refused returns ports.ErrTokenRefused with a reason. The reason is a constant
// text and quotes nothing that the provider sent.
func Refused(reason string) error {
	return fmt.Errorf("%w: %s", ports.ErrTokenRefused, reason)
}

// maxErrorCodeBytes bounds an error code.
const maxErrorCodeBytes = 64

// UnknownErrorCode stands for an error code that is not repeated.
const UnknownErrorCode = "unrecognized_error"

// ProviderError returns the error for an OAuth 2.0 error code (RFC 6749, sections
// 4.1.2.1 and 5.2; OpenID Connect Core 1.0, section 3.1.2.6). The code alone
// decides its kind.
func ProviderError(code string) *ports.ProviderError {
	e := &ports.ProviderError{Kind: ports.ErrProviderRefused, Code: code}
	switch code {
	case "access_denied":
		e.Kind = ports.ErrDeclined
	case "login_required", "interaction_required", "consent_required", "account_selection_required":
		e.Kind = ports.ErrInteractionRequired
	case "server_error", "temporarily_unavailable":
		e.Kind = ports.ErrProviderUnavailable
	}
	if code == "" || len(code) > maxErrorCodeBytes || strings.ContainsFunc(code, notErrorCode) {
		e.Code = UnknownErrorCode
	}
	return e
}

// notErrorCode reports whether the character never occurs in an error code. All
// registered codes are in lower case. Other texts in place of a code could name
// people.
func notErrorCode(r rune) bool { return notBase64URL(r) && r != '.' || r >= 'A' && r <= 'Z' }

// StatusError is the error for a response with an unexpected status. errors.Is matches
// ports.ErrProviderUnavailable and, from status 500 on, ErrTransient.
type StatusError struct {
	Status int
	// Body is the body of the response. The error's text does not contain it.
	Body []byte
}

// Error returns a text with the status.
func (e *StatusError) Error() string {
	return fmt.Sprintf("%v: it responded with status %d", ports.ErrProviderUnavailable, e.Status)
}

// Is reports whether errors.Is matches target. The comment of StatusError lists the
// errors.
func (e *StatusError) Is(target error) bool {
	return target == ports.ErrProviderUnavailable || target == ErrTransient && e.Status >= http.StatusInternalServerError
}

// NetworkError returns ports.ErrProviderUnavailable for a request without a response. It
// keeps the cause only if the cause's text has nothing but an address. A *url.Error quotes
// the whole URL, and a protocol error quotes the response.
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
