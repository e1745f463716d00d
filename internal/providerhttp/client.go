// Package providerhttp holds what the adapters share that call an identity
// provider or one of its APIs over HTTP. Each call of a Client has a deadline
// and a size limit, follows no redirect and is repeated at most once. Its errors
// have constant texts: they quote neither a URL nor an answer.
package providerhttp

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Bounds of one call to the provider.
const (
	// DefaultTimeout bounds a call where Config.Timeout is 0.
	DefaultTimeout = 10 * time.Second
	maxAnswerBytes = 1 << 20 // after decompression
	getRetryPause  = 250 * time.Millisecond
)

// Config is what a Client is made of. The zero value of each field stands for
// its default.
type Config struct {
	// Transport carries the requests; nil is NewTransport.
	Transport http.RoundTripper
	// Timeout bounds each call, the answer's body included; 0 is DefaultTimeout.
	Timeout time.Duration
	// MaxBytes bounds an answer's body after decompression; 0 is 1 MiB.
	MaxBytes int64
	// Pause waits between a call and its one repetition; nil is Pause.
	Pause func(ctx context.Context, d time.Duration) error
}

// Client makes the calls to one provider. It follows no redirect, because an
// answer from elsewhere would come from somebody who was not configured.
type Client struct {
	http     *http.Client
	timeout  time.Duration
	maxBytes int64
	pause    func(ctx context.Context, d time.Duration) error
}

// Answer is a whole answer.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// New returns a Client.
func New(c Config) *Client {
	made := &Client{timeout: cmp.Or(c.Timeout, DefaultTimeout), maxBytes: cmp.Or(c.MaxBytes, maxAnswerBytes), pause: c.Pause}
	if made.pause == nil {
		made.pause = Pause
	}
	if c.Transport == nil {
		c.Transport = NewTransport(made.timeout)
	}
	made.http = &http.Client{
		Transport:     c.Transport,
		CheckRedirect: followNoRedirect,
	}
	return made
}

func followNoRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Pause waits for d, or until ctx ends. It returns an error at once where ctx
// would end first.
func Pause(ctx context.Context, d time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Get fetches a document. The error is a *StatusError where there is an answer
// and no document. A failure that may pass is tried once more; a
// time-out is not, because the caller has waited long enough.
func (c *Client) Get(ctx context.Context, target string) ([]byte, error) {
	body, err := c.getOnce(ctx, target)
	if err == nil || !errors.Is(err, ErrTransient) {
		return body, err
	}
	if c.Pause(ctx, getRetryPause) != nil {
		return nil, err
	}
	return c.getOnce(ctx, target)
}

func (c *Client) getOnce(ctx context.Context, target string) ([]byte, error) {
	req, err := http.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		return nil, Unavailable("the address cannot be asked")
	}
	req.Header.Set("Accept", "application/json")
	got, err := c.Do(ctx, req)
	if err != nil {
		return nil, err
	}
	if got.Status != http.StatusOK {
		return nil, &StatusError{Status: got.Status, Body: got.Body}
	}
	return got.Body, nil
}

// Do makes one call. Its deadline covers the body too.
func (c *Client) Do(ctx context.Context, req *http.Request) (Response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req = req.Clone(ctx)
	req.Header.Set("User-Agent", "webapp") // GitHub's API refuses requests without one
	resp, err := c.http.Do(req)
	if err != nil {
		return Response{}, NetworkError(cmp.Or(ctx.Err(), err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.maxBytes+1))
	if err != nil {
		return Response{}, NetworkError(cmp.Or(ctx.Err(), err))
	}
	if int64(len(body)) > c.maxBytes {
		return Response{}, Unavailable("its answer is too large")
	}
	return Response{resp.StatusCode, resp.Header, body}, nil
}

// Pause waits as Config.Pause does.
func (c *Client) Pause(ctx context.Context, d time.Duration) error { return c.pause(ctx, d) }

// HasControl reports whether text has a character that no value of a form or a
// header may have, most often a line break that came with a file.
func HasControl(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// The endpoints that EndpointOf tells apart.
const (
	EndpointMetadata = "metadata"
	EndpointKeys     = "keys"
	EndpointToken    = "token"
	EndpointUserInfo = "userinfo"
	EndpointGraph    = "graph"
)

type endpointKey struct{}

// WithEndpoint returns a context whose requests go to this endpoint.
func WithEndpoint(ctx context.Context, endpoint string) context.Context {
	return context.WithValue(ctx, endpointKey{}, endpoint)
}

// EndpointOf returns the endpoint that the request of this context goes to, or
// "" where nobody said. A transport cannot tell it by the URL, which is the
// provider's choice.
func EndpointOf(ctx context.Context) string {
	endpoint, _ := ctx.Value(endpointKey{}).(string)
	return endpoint
}

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
func WithRetryAfter(err error, got Response, now time.Time) error {
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
