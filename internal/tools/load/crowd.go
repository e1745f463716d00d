package main

import (
	"errors"
	"sync"
	"time"
)

// crowd asks one server for pages over several connections, each as soon as it
// has got the one before.
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

// turn lets all ask for as long as d, and returns how many pages a second they
// got and how long each took.
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

// askUntil is one client's part of a turn.
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
