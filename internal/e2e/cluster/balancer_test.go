//go:build integration && linux

package cluster

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"strconv"
	"sync/atomic"
	"testing"
)

const (
	// toInstance is a header field. In a request it selects the instance. In a
	// response it names the instance.
	toInstance = "X-Test-Instance"
	// repeated is a header field of the response to a request that more than one
	// instance has received, because the first one broke the connection.
	repeated = "X-Test-Repeated"
)

// balancer is a load balancer without sticky sessions. Each request goes to the next
// instance. If an instance refuses the connection, or breaks it and the method is
// idempotent (RFC 9110, section 9.2.2), the request goes to another instance. The
// balancer makes no health checks.
type balancer struct {
	targets   []string // host and port
	next      atomic.Uint64
	transport *http.Transport
}

// startBalancer serves until the end of the test and returns the public origin.
func startBalancer(t *testing.T, targets []string) (origin string) {
	t.Helper()
	b := &balancer{targets: targets, transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	server := httptest.NewServer(&httputil.ReverseProxy{
		Transport: b,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.Host = "http", r.In.Host
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "balancer: "+err.Error(), http.StatusBadGateway)
		},
	})
	t.Cleanup(func() { server.Close(); b.transport.CloseIdleConnections() })
	return fmt.Sprintf("http://localhost:%d", server.Listener.Addr().(*net.TCPAddr).Port)
}

func (b *balancer) RoundTrip(in *http.Request) (*http.Response, error) {
	var body []byte
	if in.Body != nil {
		var err error
		if body, err = io.ReadAll(in.Body); err != nil {
			return nil, err
		}
	}
	var sent atomic.Int32
	ctx := httptrace.WithClientTrace(in.Context(), &httptrace.ClientTrace{
		WroteHeaders: func() { sent.Add(1) },
	})
	first, tries := int(b.next.Add(1)), len(b.targets)
	if wanted := in.Header.Get(toInstance); wanted != "" {
		first, _ = strconv.Atoi(wanted)
		tries = 1
	}
	for try := 0; ; try++ {
		i := (first + try) % len(b.targets)
		out := in.Clone(ctx)
		out.URL.Host = b.targets[i]
		out.Header.Del(toInstance)
		out.Body = io.NopCloser(bytes.NewReader(body))
		if len(body) == 0 {
			out.Body = http.NoBody
		}
		res, err := b.whole(out)
		if err == nil {
			res.Header.Set(toInstance, strconv.Itoa(i))
			if sent.Load() > 1 {
				res.Header.Set(repeated, "yes")
			}
			return res, nil
		}
		idempotent := in.Method == http.MethodGet || in.Method == http.MethodHead
		if try+1 >= tries || in.Context().Err() != nil || !idempotent && sent.Load() > 0 {
			return nil, err
		}
	}
}

// whole reads the whole response and returns an error if the connection breaks.
func (b *balancer) whole(out *http.Request) (*http.Response, error) {
	res, err := b.transport.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}
