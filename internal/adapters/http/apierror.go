package http

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"

	"webapp/internal/providerhttp"
)

// apiError keeps the cause only where its text is known to hold nothing but an
// address: a *url.Error quotes the whole URL, which may hold a key, and a
// protocol error what the API sent.
func apiError(err error) error {
	if _, ok := errors.AsType[*tokenError](err); ok {
		return err
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && !op.Timeout() {
		return fmt.Errorf("%w: %w", errAPI, op)
	}
	if bad, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("%w: %w", errAPI, bad)
	}
	for _, known := range []struct{ cause, kind error }{
		{context.Canceled, errAPI}, {providerhttp.ErrTooManyCalls, errAPIBusy}, {context.DeadlineExceeded, errAPISlow},
		{io.ErrUnexpectedEOF, errAPI}, {io.EOF, errAPI},
	} {
		if errors.Is(err, known.cause) {
			return fmt.Errorf("%w: %w", known.kind, known.cause)
		}
	}
	return fmt.Errorf("%w: the connection failed, or the answer was not HTTP", errAPI)
}
