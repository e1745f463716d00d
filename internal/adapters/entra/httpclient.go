package entra

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Bounds of one call to the provider.
const (
	defaultTimeout = 10 * time.Second
	maxAnswerBytes = 1 << 20 // after decompression
	getRetryPause  = 250 * time.Millisecond
)

// client makes every call to the provider. Each has a deadline and a size
// limit, and none follows a redirect: an answer from elsewhere would be an
// answer from somebody who was not configured.
type client struct {
	http    *http.Client
	timeout time.Duration
	pause   func(ctx context.Context, d time.Duration) error
}

// answer is what came back, whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func newClient(cfg Config) *client {
	return &client{
		http: &http.Client{
			Transport:     cfg.Transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		timeout: cfg.Timeout,
		pause:   cfg.Pause,
	}
}

// newTransport keeps connections: a sign-in then costs no TLS handshake.
func newTransport(timeout time.Duration) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(8)},
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  timeout,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConns:           64,
		MaxIdleConnsPerHost:    32,
		MaxConnsPerHost:        128,
		IdleConnTimeout:        90 * time.Second,
		ForceAttemptHTTP2:      true,
	}
}

// pause waits for d, or until ctx ends; where ctx would end first it does not
// begin to wait.
func pause(ctx context.Context, d time.Duration) error {
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

// get fetches a document. What may be cured by asking again is asked once
// more; a time-out is not, because the caller has waited long enough.
func (c *client) get(ctx context.Context, target string) ([]byte, error) {
	body, err := c.getOnce(ctx, target)
	if err == nil || !errors.Is(err, errTransient) {
		return body, err
	}
	if c.pause(ctx, getRetryPause) != nil {
		return nil, err
	}
	return c.getOnce(ctx, target)
}

func (c *client) getOnce(ctx context.Context, target string) ([]byte, error) {
	req, err := http.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		return nil, unavailable("the address cannot be asked")
	}
	req.Header.Set("Accept", "application/json")
	got, err := c.do(ctx, req)
	if err != nil {
		return nil, err
	}
	if got.status != http.StatusOK {
		return nil, statusError(got.status)
	}
	return got.body, nil
}

// post sends a form, exactly once. (The transport itself sends a request
// again only where a kept connection was found closed and nothing of the
// request had been written to it.)
func (c *client) post(ctx context.Context, target string, form url.Values, header http.Header) (answer, error) {
	req, err := http.NewRequest(http.MethodPost, target, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, unavailable("the address cannot be asked")
	}
	req.Header = header.Clone()
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	return c.do(ctx, req)
}

// do makes one call, its deadline covering the body too.
func (c *client) do(ctx context.Context, req *http.Request) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	resp, err := c.http.Do(req.WithContext(ctx))
	if err != nil {
		return answer{}, networkError(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes+1))
	if err != nil {
		return answer{}, networkError(err)
	}
	if len(body) > maxAnswerBytes {
		return answer{}, unavailable("its answer is too large")
	}
	return answer{resp.StatusCode, resp.Header, body}, nil
}
