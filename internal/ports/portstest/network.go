package portstest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// Serve starts a server with the handler of a fake provider. It returns a transport that
// sends every request to that server, whatever its scheme and host are. The handler sees
// the original host.
func Serve(t testing.TB, provider http.Handler) http.RoundTripper {
	server := httptest.NewServer(provider)
	t.Cleanup(server.Close)
	return served{server}
}

type served struct{ server *httptest.Server }

func (s served) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := r.Clone(r.Context())
	sent.Host, sent.URL.Scheme, sent.URL.Host = r.URL.Host, "http", s.server.Listener.Addr().String()
	return s.server.Client().Transport.RoundTrip(sent)
}

// fault is a failure of a provider or of a proxy in front of it.
type fault int

const (
	never       fault = iota
	unreachable       // the connection is refused
	silent            // the request arrives, but no response before the deadline
	lost              // the request arrives, then the connection breaks
	failing           // the request arrives, the response has status 503
	endless           // the response body does not end
	redirecting       // the response redirects to elsewhere
	noLifetime        // the response has no expires_in
)

const (
	// elsewhere is a host that no adapter needs.
	elsewhere = "elsewhere.example"
	// endlessBytes is the size at which an endless body ends after all. It is
	// several times the size of any real response.
	endlessBytes = 16 << 20
	// longestCall is the longest deadline of a request that the suite accepts.
	longestCall = time.Minute
)

// network is the transport of an adapter. It records the requests and can fail.
type network struct {
	next http.RoundTripper

	mu     sync.Mutex
	fault  fault
	spared int // how many more requests succeed before the fault begins
	calls  []*call
}

// call is one request of the adapter to the provider.
type call struct {
	host    string
	text    string // URL and body
	limited bool   // whether the context has a deadline within longestCall
	read    int    // bytes read from an endless body
}

// misbehave makes all later requests fail with f; never lets them succeed.
func (n *network) misbehave(f fault) { n.misbehaveAfter(f, 0) }

// misbehaveAfter makes all later requests fail, except the next spared ones.
func (n *network) misbehaveAfter(f fault, spared int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fault, n.spared = f, spared
}

// made returns the requests that the adapter has sent so far.
func (n *network) made() []call {
	n.mu.Lock()
	defer n.mu.Unlock()
	calls := make([]call, len(n.calls))
	for i, one := range n.calls {
		calls[i] = *one
	}
	return calls
}

func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	c, f, err := n.record(r)
	switch {
	case err != nil:
		return nil, err
	case f == unreachable:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	case f == endless:
		return reply(r, http.StatusOK, &endlessBody{network: n, call: c}), nil
	case f == redirecting:
		resp := reply(r, http.StatusTemporaryRedirect, strings.NewReader(""))
		resp.Header.Set("Location", "https://"+elsewhere+r.URL.RequestURI())
		return resp, nil
	case c.host == elsewhere:
		return nil, errors.New("a redirect was followed")
	}
	resp, err := n.next.RoundTrip(r)
	switch {
	case err != nil || f == never:
		return resp, err
	case f == noLifetime:
		return withoutLifetime(resp)
	}
	_ = resp.Body.Close()
	switch f {
	case silent:
		return nil, context.DeadlineExceeded
	case lost:
		return nil, io.ErrUnexpectedEOF
	default:
		return reply(r, http.StatusServiceUnavailable, strings.NewReader(`{"error":"temporarily_unavailable"}`)), nil
	}
}

// record records a request and returns the fault to apply to it.
func (n *network) record(r *http.Request) (*call, fault, error) {
	if err := r.Context().Err(); err != nil {
		return nil, never, err
	}
	text := r.URL.String()
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, never, err
		}
		_ = r.Body.Close()
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		text += " " + string(body)
	}
	deadline, limited := r.Context().Deadline()
	c := &call{host: r.URL.Hostname(), text: text, limited: limited && time.Until(deadline) <= longestCall}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls = append(n.calls, c)
	if n.spared > 0 {
		n.spared--
		return c, never, nil
	}
	return c, n.fault, nil
}

// carries reports whether the request contains the code.
func (c call) carries(code string) bool {
	return strings.Contains(c.text, code) || strings.Contains(c.text, url.QueryEscape(code))
}

func reply(r *http.Request, status int, body io.Reader) *http.Response {
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Content-Type": {"application/json"}},
		ContentLength: -1, Body: io.NopCloser(body), Request: r,
	}
}

// withoutLifetime removes expires_in from a JSON response.
func withoutLifetime(resp *http.Response) (*http.Response, error) {
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	var members map[string]json.RawMessage
	if err == nil && json.Unmarshal(body, &members) == nil {
		delete(members, "expires_in")
		body, err = json.Marshal(members)
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), -1
	return resp, err
}

// endlessBody is a JSON object with a string that does not end.
type endlessBody struct {
	network *network
	call    *call
}

func (b *endlessBody) Read(p []byte) (int, error) {
	b.network.mu.Lock()
	defer b.network.mu.Unlock()
	if b.call.read >= endlessBytes {
		return 0, io.EOF
	}
	for i := range p {
		p[i] = 'a'
	}
	if b.call.read == 0 {
		copy(p, `{"access_token":"`)
	}
	b.call.read += len(p)
	return len(p), nil
}
