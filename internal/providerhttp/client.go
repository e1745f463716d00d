// Package providerhttp is the HTTP client that the adapters of identity providers share.
// Each request of a Client has a deadline and a size limit, follows no redirect and is
// repeated at most once. The package also reads JSON strictly, keeps the secret values of
// a sign-in and names its errors. The errors quote neither a URL nor a response.
package providerhttp

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// DefaultTimeout bounds a request if Config.Timeout is 0.
	DefaultTimeout = 10 * time.Second
	// maxResponseBytes bounds a response's body after decompression.
	maxResponseBytes = 1 << 20
	// usualResponseBytes has room for the tokens of a sign-in at Entra.
	usualResponseBytes = 8 << 10
	// getRetryPause is the pause before Get repeats a request.
	getRetryPause = 250 * time.Millisecond
)

// Config configures a Client. The zero value of each field stands for its default.
type Config struct {
	// Transport sends the requests; nil is NewTransport.
	Transport http.RoundTripper
	// Timeout bounds each request, including the body of its response; 0 is
	// DefaultTimeout.
	Timeout time.Duration
	// MaxBytes bounds a response's body after decompression; 0 is 1 MiB.
	MaxBytes int64
	// Pause waits before a request is repeated; nil is Pause.
	Pause func(ctx context.Context, d time.Duration) error
}

// Client sends requests to one provider. It follows no redirect: another server could
// send the response.
type Client struct {
	http     *http.Client
	timeout  time.Duration
	maxBytes int64
	pause    func(ctx context.Context, d time.Duration) error
}

// Response is a response with its whole body.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// New returns a Client.
func New(c Config) *Client {
	made := &Client{timeout: cmp.Or(c.Timeout, DefaultTimeout), maxBytes: cmp.Or(c.MaxBytes, maxResponseBytes), pause: c.Pause}
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

// Pause waits for d, or until ctx ends. It returns an error at once if the deadline of ctx
// comes first.
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

// Get requests a document. It returns a *StatusError for any status but 200. It repeats
// the request once after an error that matches ErrTransient, but not after a time-out: the
// caller has waited long enough.
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
		return nil, Unavailable("the URL cannot be requested")
	}
	req.Header.Set("Accept", "application/json")
	response, err := c.Do(ctx, req)
	if err != nil {
		return nil, err
	}
	if response.Status != http.StatusOK {
		return nil, &StatusError{Status: response.Status, Body: response.Body}
	}
	return response.Body, nil
}

// Do sends one request and reads the whole response.
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
	body := bytes.NewBuffer(make([]byte, 0, usualResponseBytes))
	if _, err := body.ReadFrom(io.LimitReader(resp.Body, c.maxBytes+1)); err != nil {
		return Response{}, NetworkError(cmp.Or(ctx.Err(), err))
	}
	if int64(body.Len()) > c.maxBytes {
		return Response{}, Unavailable("its response is too large")
	}
	return Response{resp.StatusCode, resp.Header, body.Bytes()}, nil
}

// Pause waits with Config.Pause.
func (c *Client) Pause(ctx context.Context, d time.Duration) error { return c.pause(ctx, d) }

// HasControl reports whether text has a control character, such as a line break from a
// file. No value of a form or a header may have one.
func HasControl(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// The endpoints in metrics and traces.
const (
	EndpointMetadata   = "metadata"
	EndpointKeys       = "keys"
	EndpointPushed     = "par" // pushed authorization requests
	EndpointToken      = "token"
	EndpointRevocation = "revocation"
	EndpointUserInfo   = "userinfo"
	EndpointGraph      = "graph"
)

type endpointKey struct{}

// WithEndpoint returns a context for requests to this endpoint. A transport reads it with
// EndpointOf, because the URL does not show which endpoint it is.
func WithEndpoint(ctx context.Context, endpoint string) context.Context {
	return context.WithValue(ctx, endpointKey{}, endpoint)
}

// EndpointOf returns the endpoint of WithEndpoint, or "".
func EndpointOf(ctx context.Context) string {
	endpoint, _ := ctx.Value(endpointKey{}).(string)
	return endpoint
}

const (
	// retryPause is the wait before a request is repeated, unless the provider asks for
	// another wait.
	retryPause = time.Second
	// maxRetryWait is the longest wait that the provider can ask for. With it, two
	// requests end within the 30 seconds of a refresh.
	maxRetryWait = 8 * time.Second
)

// retryAfter is an error with the wait of Retry-After.
type retryAfter struct {
	error
	wait time.Duration
}

func (e retryAfter) Unwrap() error { return e.error }

// WithRetryAfter adds the response's Retry-After, if it has one, to err (RFC 9110, section
// 10.2.3; RFC 6585, section 4). WaitToRetry reads it.
func WithRetryAfter(err error, response Response, now time.Time) error {
	if err == nil || response.Status != http.StatusTooManyRequests && response.Status != http.StatusServiceUnavailable {
		return err
	}
	text := response.Header.Get("Retry-After")
	if seconds, bad := strconv.ParseUint(text, 10, 31); bad == nil {
		return retryAfter{err, time.Duration(seconds) * time.Second}
	}
	if at, bad := http.ParseTime(text); bad == nil {
		return retryAfter{err, max(0, at.Sub(now))}
	}
	return err
}

// WaitToRetry reports whether a request that failed with err may be repeated, and
// waits before it returns true. A request may be repeated if the provider failed,
// took too long or asked for a short wait, and if ctx allows the wait. A request
// that the provider refused is never repeated.
func (c *Client) WaitToRetry(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil {
		return false
	}
	wait := retryPause
	if asked, ok := errors.AsType[retryAfter](err); ok {
		wait = asked.wait
	} else if !errors.Is(err, ErrTransient) && !errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	return wait <= maxRetryWait && c.Pause(ctx, wait) == nil
}
