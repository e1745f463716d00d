package main

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// paceWorkers answer pages at a time; more wait, and their waiting counts.
	paceWorkers = 64
	paceTick    = time.Millisecond
	// seed makes the order of visitors the same in every run.
	seed = 20260101
)

// pace asks for pages at a fixed rate whatever becomes of the earlier ones, as
// people do: a pause of the store delays all pages that come meanwhile, not just
// the few that a waiting client would have asked for.
type pace struct {
	rate     int
	duration time.Duration
}

// asked is one page that somebody wants, and since when.
type asked struct {
	number int
	since  time.Time
}

// run returns how long the pages took, from the moment they were asked for.
func (p pace) run(ctx context.Context, page http.Handler, requests []*http.Request) ([]time.Duration, error) {
	total := max(1, int(float64(p.rate)*p.duration.Seconds()))
	took := make([]time.Duration, total)
	order := rand.New(rand.NewPCG(seed, 0)).Perm(len(requests))
	waiting := make(chan asked, total) // never full: who asks does not wait
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

// ask asks for what is due, tick by tick.
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
