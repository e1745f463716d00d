package providerhttp

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"
)

const (
	// retryPause stands between a call that failed on the provider's side and
	// its one repetition.
	retryPause = time.Second
	// maxRetryWait is the longest wait that the provider may ask for. With it,
	// two calls end within the half minute that a refresh has.
	maxRetryWait = 8 * time.Second
)

// afterWait is an error together with when to come back.
type afterWait struct {
	error
	wait time.Duration
}

func (e afterWait) Unwrap() error { return e.error }

// WithRetryAfter adds to err the wait that the answer asks for, if it does (RFC 9110,
// section 10.2.3; RFC 6585, section 4).
func WithRetryAfter(err error, got Answer, now time.Time) error {
	if err == nil || got.Status != http.StatusTooManyRequests && got.Status != http.StatusServiceUnavailable {
		return err
	}
	text := got.Header.Get("Retry-After")
	if seconds, bad := strconv.ParseUint(text, 10, 31); bad == nil {
		return afterWait{err, time.Duration(seconds) * time.Second}
	}
	if at, bad := http.ParseTime(text); bad == nil {
		return afterWait{err, max(0, at.Sub(now))}
	}
	return err
}

// WaitToRetry waits before a failed call is made once more, and reports whether
// it may be made: the provider failed, took too long or asked for a short wait,
// and the caller has the time. A call that the provider refused is never
// repeated.
func (c *Client) WaitToRetry(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil {
		return false
	}
	wait := retryPause
	if told, ok := errors.AsType[afterWait](err); ok {
		wait = told.wait
	} else if !errors.Is(err, ErrTransient) && !errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	return wait <= maxRetryWait && c.Pause(ctx, wait) == nil
}
