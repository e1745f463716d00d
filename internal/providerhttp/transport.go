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

// maxHeaderBytes bounds the header of an answer.
const maxHeaderBytes = 64 << 10

// NewTransport returns a transport for the calls to an identity provider. It
// keeps connections, so that a sign-in needs no TLS handshake. timeout bounds
// the wait for an answer's header.
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
		MaxConnsPerHost:        128,
		IdleConnTimeout:        90 * time.Second,
		ForceAttemptHTTP2:      true,
	}
}

// NewAPITransport returns a transport for the calls to an API: the default one
// of net/http with a bound on the answer's header and more kept connections.
func NewAPITransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxResponseHeaderBytes = maxHeaderBytes
	t.MaxIdleConnsPerHost = MaxCalls / 4
	return t
}

// MaxCalls is how many calls may be under way to the identity provider, and as
// many to the API. At a tenth of a second each that is over a thousand a second;
// where the other side hangs it is all that anybody waits for.
const MaxCalls = 128

// MaxCallWait is how long a call waits for its turn: long enough for a rush,
// short enough for the person to read that there is one.
const MaxCallWait = 5 * time.Second

// ErrTooManyCalls is the error of a call that was not made, because too many
// other calls are under way: it waited for MaxCallWait, or too many wait
// already. It counts as a time-out.
var ErrTooManyCalls error = tooManyCalls{}

type tooManyCalls struct{}

func (tooManyCalls) Error() string { return "too many calls are waiting for an answer" }
func (tooManyCalls) Timeout() bool { return true }

// LimitCalls returns base with a bound on the calls under way, whatever the
// protocol: a call counts until its answer's body is closed or its context
// ends. One more waits for its turn at most five seconds and not longer than
// its context; its error then is ErrTooManyCalls, or the context's. At most as
// many wait as may be under way; beyond that the error is ErrTooManyCalls at
// once, so that those who wait leave connections to everybody else.
func LimitCalls(base http.RoundTripper, most int) http.RoundTripper {
	return &limitedCalls{base: base, under: make(chan struct{}, most), waiting: make(chan struct{}, most)}
}

type limitedCalls struct {
	base    http.RoundTripper
	under   chan struct{} // holds one for each call under way
	waiting chan struct{} // and one for each that waits
}

// RoundTrip implements http.RoundTripper.
func (l *limitedCalls) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := l.enter(req.Context()); err != nil {
		closeBody(req.Body)
		return nil, err
	}
	leave := sync.OnceFunc(func() { <-l.under })
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
	case l.under <- struct{}{}:
		return nil
	default:
	}
	select {
	case l.waiting <- struct{}{}:
		defer func() { <-l.waiting }()
	default:
		return ErrTooManyCalls
	}
	patience := time.NewTimer(MaxCallWait)
	defer patience.Stop()
	select {
	case l.under <- struct{}{}:
		return nil
	case <-patience.C:
		return ErrTooManyCalls
	case <-ctx.Done():
		return ctx.Err()
	}
}

// CloseIdleConnections lets http.Client close those of base.
func (l *limitedCalls) CloseIdleConnections() {
	if c, ok := l.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// OnClose returns body such that Close also calls release.
func OnClose(body io.ReadCloser, release func()) io.ReadCloser { return &heldBody{body, release} }

type heldBody struct {
	io.ReadCloser
	release func()
}

// Close implements io.Closer.
func (b *heldBody) Close() error {
	defer b.release()
	return b.ReadCloser.Close()
}

func closeBody(body io.Closer) {
	if body != nil {
		_ = body.Close()
	}
}
