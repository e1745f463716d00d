package fakeidp

import (
	"maps"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Request is a request that an endpoint has received. It contains codes, tokens
// and secrets, so do not log it.
type Request struct {
	Method string
	Path   string
	Form   url.Values // query and body
	Header http.Header
	Time   time.Time
}

// requestLog counts the requests to each endpoint and keeps the last ones.
type requestLog struct {
	mu     sync.Mutex
	counts map[Endpoint]int
	recent map[Endpoint][]Request
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

// Requests returns the number of requests to an endpoint, including failed ones.
func (p *Provider) Requests(endpoint Endpoint) int {
	p.log.mu.Lock()
	defer p.log.mu.Unlock()
	return p.log.counts[endpoint]
}

// Log returns the last requests to an endpoint, the oldest first.
func (p *Provider) Log(endpoint Endpoint) []Request {
	p.log.mu.Lock()
	defer p.log.mu.Unlock()
	return append([]Request(nil), p.log.recent[endpoint]...)
}
