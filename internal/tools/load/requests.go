package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// newRequest returns a request as a server receives it.
func newRequest(path, cookie string) *http.Request {
	r := &http.Request{
		Method: http.MethodGet, URL: &url.URL{Path: path}, RequestURI: path, Host: "localhost:3000",
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody, RemoteAddr: "127.0.0.1:50000",
	}
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	return r
}

// response keeps the header and the size of the body.
type response struct {
	header http.Header
	status int
	size   int
}

func newResponse() *response { return &response{header: make(http.Header, 16)} }

func (w *response) Header() http.Header { return w.header }

func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *response) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.size += len(b)
	return len(b), nil
}

// cookie returns the first cookie of the response as "name=value".
func (w *response) cookie() (string, error) {
	lines := w.header["Set-Cookie"]
	if len(lines) == 0 {
		return "", errors.New("no cookie was set")
	}
	c, err := http.ParseSetCookie(lines[0])
	if err != nil {
		return "", err
	}
	return c.Name + "=" + c.Value, nil
}

// get requests a page from a handler without a network.
func get(h http.Handler, r *http.Request) error {
	w := newResponse()
	h.ServeHTTP(w, r)
	if w.status != http.StatusOK || w.size == 0 {
		return fmt.Errorf("%s returned %d with %d bytes", r.URL.Path, w.status, w.size)
	}
	return nil
}

// crowd requests pages from a server over several connections. Each connection
// requests the next page when it has received the last one.
type crowd struct {
	clients  []*client
	requests [][]byte
	next     []int // of each client
}

func newCrowd(addr string, connections int, requests [][]byte) (*crowd, error) {
	c := &crowd{requests: requests}
	for i := range connections {
		one, err := dial(i, addr)
		if err != nil {
			c.close()
			return nil, err
		}
		c.clients = append(c.clients, one)
		c.next = append(c.next, i*len(requests)/connections)
	}
	return c, nil
}

func (c *crowd) close() {
	for _, one := range c.clients {
		one.close()
	}
}

// turn requests pages for d. It returns the pages per second and the duration of
// each page.
func (c *crowd) turn(d time.Duration) (perSecond float64, took []time.Duration, err error) {
	times := make([][]time.Duration, len(c.clients))
	errs := make([]error, len(c.clients))
	start := time.Now()
	var all sync.WaitGroup
	for i := range c.clients {
		all.Go(func() { times[i], errs[i] = c.askUntil(i, start.Add(d)) })
	}
	all.Wait()
	elapsed := time.Since(start)
	for _, one := range times {
		took = append(took, one...)
	}
	return float64(len(took)) / elapsed.Seconds(), took, errors.Join(errs...)
}

// askUntil requests the pages of one connection.
func (c *crowd) askUntil(i int, end time.Time) (took []time.Duration, err error) {
	for {
		began := time.Now()
		if began.After(end) {
			return took, nil
		}
		request := c.requests[c.next[i]%len(c.requests)]
		c.next[i]++
		if err := c.clients[i].get(request); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
}

const (
	// paceWorkers is the number of concurrent pages. Further pages wait, and their
	// wait is measured.
	paceWorkers = 64
	paceTick    = time.Millisecond
	// seed makes the order of visitors the same in every run.
	seed = 20260101
)

// pace requests pages at a fixed rate, as people do. A pause of the store therefore
// delays all pages that are requested during it.
type pace struct {
	rate     int
	duration time.Duration
}

// asked is a requested page and the time of its request.
type asked struct {
	number int
	since  time.Time
}

// run returns the durations of the pages, from their requests on.
func (p pace) run(ctx context.Context, page http.Handler, requests []*http.Request) ([]time.Duration, error) {
	total := max(1, int(float64(p.rate)*p.duration.Seconds()))
	took := make([]time.Duration, total)
	order := rand.New(rand.NewPCG(seed, 0)).Perm(len(requests))
	waiting := make(chan asked, total) // never full, so ask does not wait
	var failure atomic.Pointer[error]
	var workers sync.WaitGroup
	for range paceWorkers {
		workers.Go(func() {
			for a := range waiting {
				if err := get(page, requests[order[a.number%len(order)]]); err != nil {
					failure.Store(&err)
				}
				took[a.number] = time.Since(a.since)
			}
		})
	}
	p.ask(ctx, waiting, total)
	close(waiting)
	workers.Wait()
	if err := failure.Load(); err != nil {
		return nil, *err
	}
	return took, ctx.Err()
}

// ask adds each requested page to the queue when its time has come.
func (p pace) ask(ctx context.Context, waiting chan<- asked, total int) {
	tick := time.NewTicker(paceTick)
	defer tick.Stop()
	start := time.Now()
	for number := 0; number < total; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		for due := min(total, int(now.Sub(start).Seconds()*float64(p.rate))+1); number < due; number++ {
			waiting <- asked{number, now}
		}
	}
}
