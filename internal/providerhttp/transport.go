package providerhttp

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// maxHeaderBytes bounds the header of a response.
const maxHeaderBytes = 64 << 10

// NewTransport returns a transport for requests to an identity provider. It keeps
// connections, so that a sign-in needs no TLS handshake. timeout bounds the wait for the
// header of a response.
func NewTransport(timeout time.Duration) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(8)},
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  timeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxIdleConns:           64,
		MaxIdleConnsPerHost:    32,
		MaxConnsPerHost:        MaxCalls + MaxPushes + MaxRevocations,
		IdleConnTimeout:        90 * time.Second,
		ForceAttemptHTTP2:      true,
	}
}

// NewAPITransport returns a transport for requests to an API. It is the default transport
// of net/http with a bound on the header of a response and with more kept connections.
func NewAPITransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxResponseHeaderBytes = maxHeaderBytes
	t.MaxIdleConnsPerHost = MaxCalls / 4
	return t
}

// MaxCalls limits the concurrent requests to the identity provider, except pushed requests
// and revocations. It limits the requests to the API separately. If each takes a tenth of a
// second, that allows more than a thousand a second. It also bounds how many requests a
// provider that hangs can keep waiting.
const MaxCalls = 128

// MaxPushes limits the concurrent pushed authorization requests. They have a limit of
// their own, because anybody can cause them.
const MaxPushes = 64

// MaxRevocations limits the concurrent requests that revoke tokens. They have a limit of
// their own, because one logout at the provider can cause a hundred.
const MaxRevocations = 16

// MaxCallWait is how long a request waits for its turn. It is long enough for a
// short peak of requests, and short enough for a person who waits for the page.
const MaxCallWait = 5 * time.Second

// ErrTooManyCalls says that a request was not sent, because too many others are
// running: it waited for MaxCallWait, or too many were waiting already. It is a
// time-out.
var ErrTooManyCalls error = tooManyCalls{}

type tooManyCalls struct{}

func (tooManyCalls) Error() string { return "too many calls are waiting for a response" }
func (tooManyCalls) Timeout() bool { return true }

// LimitCalls returns a transport that sends requests with base, but no more than
// limit at a time. A request ends when the body of its response is closed or when
// its context ends. Up to limit further requests wait for their turn. After
// MaxCallWait a waiting request fails with ErrTooManyCalls, or earlier with the
// error of its context. If limit requests are waiting already, a further request
// fails with ErrTooManyCalls at once, so that not all connections of the server
// wait for the provider.
func LimitCalls(base http.RoundTripper, limit int) http.RoundTripper {
	return newLimitedCalls(base, limit)
}

func newLimitedCalls(base http.RoundTripper, limit int) *limitedCalls {
	return &limitedCalls{base: base, running: make(chan struct{}, limit), waiting: make(chan struct{}, limit)}
}

// LimitProviderCalls returns a transport that applies LimitCalls three times: with
// MaxPushes to pushed authorization requests, with MaxRevocations to revocations and with
// MaxCalls to all other requests.
func LimitProviderCalls(base http.RoundTripper) http.RoundTripper {
	return &providerCalls{
		limitedCalls: newLimitedCalls(base, MaxCalls),
		pushes:       newLimitedCalls(base, MaxPushes),
		revocations:  newLimitedCalls(base, MaxRevocations),
	}
}

type providerCalls struct {
	*limitedCalls
	pushes, revocations *limitedCalls
}

func (c *providerCalls) RoundTrip(req *http.Request) (*http.Response, error) {
	switch EndpointOf(req.Context()) {
	case EndpointPushed:
		return c.pushes.RoundTrip(req)
	case EndpointRevocation:
		return c.revocations.RoundTrip(req)
	}
	return c.limitedCalls.RoundTrip(req)
}

type limitedCalls struct {
	base    http.RoundTripper
	running chan struct{} // has one element for each request that runs
	waiting chan struct{} // has one element for each request that waits
}

func (l *limitedCalls) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := l.enter(req.Context()); err != nil {
		CloseBody(req.Body)
		return nil, err
	}
	leave := sync.OnceFunc(func() { <-l.running })
	res, err := l.base.RoundTrip(req)
	if err != nil {
		leave()
		return nil, err
	}
	forget := context.AfterFunc(req.Context(), leave)
	res.Body = OnClose(res.Body, func() { forget(); leave() })
	return res, nil
}

func (l *limitedCalls) enter(ctx context.Context) error {
	select {
	case l.running <- struct{}{}:
		return nil
	default:
	}
	select {
	case l.waiting <- struct{}{}:
		defer func() { <-l.waiting }()
	default:
		return ErrTooManyCalls
	}
	timer := time.NewTimer(MaxCallWait)
	defer timer.Stop()
	select {
	case l.running <- struct{}{}:
		return nil
	case <-timer.C:
		return ErrTooManyCalls
	case <-ctx.Done():
		return ctx.Err()
	}
}

// CloseIdleConnections closes the idle connections of base, for http.Client.
func (l *limitedCalls) CloseIdleConnections() {
	if c, ok := l.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// OnClose returns a body whose Close also calls release.
func OnClose(body io.ReadCloser, release func()) io.ReadCloser { return &releasingBody{body, release} }

type releasingBody struct {
	io.ReadCloser
	release func()
}

func (b *releasingBody) Close() error {
	defer b.release()
	return b.ReadCloser.Close()
}

// CloseBody closes the body of a request, which may be nil. A transport has to close it,
// also if it does not send the request.
func CloseBody(body io.Closer) {
	if body != nil {
		_ = body.Close()
	}
}
