//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"webapp/internal/adapters/session/memory"
)

const (
	// idlePeople is the number of people who request pages in turn.
	idlePeople = 200
	// idlePhases is the number of rounds in which these people sign in, so that the
	// times of their sessions are not all written in the same round.
	idlePhases = 30
)

// measureIdle compares the CPU time of a page while the application's clock advances
// and while it stands still, so that no session's time of last use is written.
func measureIdle(ctx context.Context, o options, r *report) error {
	for _, of := range []struct {
		every time.Duration
		aim   float64
	}{{10 * time.Second, 1.03}, {time.Minute, 1.05}} {
		going, errGoing := idlePages(of.every, o.pages)
		still, errStill := idlePages(0, o.pages)
		if err := errors.Join(errGoing, errStill); err != nil {
			return err
		}
		all, err := alternate(ctx, o.rounds, cpuOf(o.pages, going), cpuOf(o.pages, still))
		if err != nil {
			return err
		}
		r.add(row{fmt.Sprintf("idle limit: a page every %.0f s, CPU", of.every.Seconds()), all[0].median(), "µs",
			"without writing the last use", all[1].median(), all[0].over(all[1]), atMost(of.aim)})
	}
	return nil
}

// idlePages signs people in and returns a function that requests their next n pages.
// By the application's clock, each person requests a page at this interval.
func idlePages(interval time.Duration, n int) (func() error, error) {
	store := memory.New(time.Now)
	_ = store.Close() // stops the sweep: no session expires here
	began := time.Now()
	var ahead atomic.Int64
	now := func() time.Time { return began.Add(time.Duration(ahead.Load())) }
	app, err := newApplication(store, noProvider, now)
	if err != nil {
		return nil, err
	}
	requests := make([]*http.Request, idlePeople)
	next := func(i int) error {
		ahead.Add(int64(interval / idlePeople))
		return get(app.handler, requests[i%idlePeople])
	}
	for phase := range idlePhases {
		for i := range requests {
			if i%idlePhases == phase {
				cookie, err := app.signIn(signedIn(i, now()))
				if err != nil {
					return nil, err
				}
				requests[i] = newRequest("/logout", cookie)
			}
			if requests[i] == nil {
				ahead.Add(int64(interval / idlePeople))
			} else if err := next(i); err != nil {
				return nil, err
			}
		}
	}
	last := 0
	return func() error {
		for range n {
			if err := next(last); err != nil {
				return err
			}
			last++
		}
		return nil
	}, nil
}
