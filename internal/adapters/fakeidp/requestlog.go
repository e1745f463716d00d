package fakeidp

import (
	"maps"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Request is a request that an endpoint received. It holds codes, tokens and
// secrets as they were sent: it is for tests, not for logs.
type Request struct {
	Method string
	Path   string
	Form   url.Values // query and body
	Header http.Header
	Time   time.Time
}

// requestLog counts requests and remembers the last ones of each endpoint.
type requestLog struct {
	mu     sync.Mutex
	counts map[Endpoint]int
	recent map[Endpoint][]Request
}

func newRequestLog() *requestLog {
	return &requestLog{counts: make(map[Endpoint]int), recent: make(map[Endpoint][]Request)}
}

func (l *requestLog) add(endpoint Endpoint, r *http.Request, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[endpoint]++
	kept := append(l.recent[endpoint], Request{
		Method: r.Method, Path: r.URL.Path, Form: maps.Clone(r.Form), Header: r.Header.Clone(), Time: now,
	})
	l.recent[endpoint] = kept[max(0, len(kept)-logCapacity):]
}

// Requests is how many requests an endpoint has received, the failed ones
// included.
func (p *Provider) Requests(endpoint Endpoint) int {
	p.log.mu.Lock()
	defer p.log.mu.Unlock()
	return p.log.counts[endpoint]
}

// Log returns the last requests of an endpoint, the oldest first.
func (p *Provider) Log(endpoint Endpoint) []Request {
	p.log.mu.Lock()
	defer p.log.mu.Unlock()
	return append([]Request(nil), p.log.recent[endpoint]...)
}
