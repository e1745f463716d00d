package main

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"webapp/internal/adapters/session/memory"
)

// idlePeople is the number of people who request pages in turn.
const idlePeople = 200

// measureIdle compares the CPU time of a page while the application's clock advances
// and while it stands still, so that no session is ever extended. How often a
// session is extended depends on how often a person requests a page.
func measureIdle(ctx context.Context, o options, r *report) error {
	for _, every := range []time.Duration{time.Second, 10 * time.Second, time.Minute} {
		r.say("idle: a page every %v", every)
		still, errStill := newClocked(0)
		going, errGoing := newClocked(every / idlePeople)
		if err := firstOf(errStill, errGoing); err != nil {
			return err
		}
		if err := firstOf(repeat(ctx, still.page, idlePeople), repeat(ctx, going.page, going.aMinute)); err != nil {
			return err
		}
		overhead, per, than, err := compareCPU(ctx, o, going.page, still.page)
		if err != nil {
			return err
		}
		r.add(row{Part: "idle", Figure: fmt.Sprintf("CPU of a page, one every %v, with the idle limit", every), Value: micros(per), Unit: "µs",
			Baseline: "without", Than: micros(than), Ratio: overhead, Aim: atMost(1.05)})
	}
	return measureIdleTheirs(ctx, o, r)
}

// measureIdleTheirs measures IdleTimeout of scs, which writes at every page.
func measureIdleTheirs(ctx context.Context, o options, r *report) error {
	bare, err := bareAdmin()
	if err != nil {
		return err
	}
	var pages [2]func() error
	for i, idle := range []time.Duration{0, idleLimit} {
		p := newPopulation(idlePeople)
		if err := p.fill(ctx, newTheirs(bare, 0, idle, nil)); err != nil {
			return err
		}
		pages[i] = each(p.kept.page(), p.requests("/logout"))
	}
	overhead, per, than, err := compareCPU(ctx, o, pages[1], pages[0])
	if err != nil {
		return err
	}
	r.add(row{Part: "idle", Figure: "CPU of a page, with IdleTimeout of scs and its memstore", Value: micros(per), Unit: "µs",
		Baseline: "without", Than: micros(than), Ratio: overhead})
	return nil
}

// clocked is an application whose clock advances with each page.
type clocked struct {
	probe   *probe
	ahead   atomic.Int64
	page    func() error // requests the next page
	aMinute int          // pages in a minute of the clock
}

// newClocked signs people in. The clock advances by step before each page.
func newClocked(step time.Duration) (*clocked, error) {
	began := time.Now()
	c := &clocked{}
	store := memory.New(time.Now)
	_ = store.Close() // stops the sweeper: nothing expires here
	c.probe = &probe{SessionStore: store}
	app, err := newApplication(c.probe, noProvider, func() time.Time { return began.Add(time.Duration(c.ahead.Load())) })
	if err != nil {
		return nil, err
	}
	var requests []*http.Request
	for i := range idlePeople {
		cookie, err := app.signIn(signedIn(i, began.Add(time.Duration(i)*step-before(i, step*idlePeople))))
		if err != nil {
			return nil, err
		}
		requests = append(requests, newRequest("/logout", cookie))
	}
	next := each(app.handler, requests)
	c.page = func() error {
		c.ahead.Add(int64(step))
		return next()
	}
	if step > 0 {
		c.aMinute = int(time.Minute / step)
	}
	return c, nil
}

// before returns how long the i-th person has been idle when that person requests
// the first page. Each person requests one page in each interval. The idle times
// differ, so that not all sessions are extended at the same time.
func before(i int, every time.Duration) time.Duration {
	if every == 0 {
		return 0
	}
	return every * time.Duration(1+i%int(max(1, time.Minute/every)))
}
