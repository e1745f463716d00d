package main

import (
	"context"
	"slices"
	"time"
)

// measureMemory measures sessions in memory and their expiry.
func measureMemory(ctx context.Context, o options, r *report) error {
	if err := measureRecords(ctx, r, min(slices.Max(o.sessions), 20_000)); err != nil {
		return err
	}
	for _, n := range o.sessions {
		mine, err := measureOurs(ctx, o, r, n)
		if err != nil {
			return err
		}
		other, err := measureTheirs(ctx, o, r, n)
		if err != nil {
			return err
		}
		mine.report(r, n, other)
	}
	return nil
}

// measured is what is found out about one way to keep sessions.
type measured struct {
	bytes   float64 // of heap a session
	off, on []latency
	find    []time.Duration // the longest of each run in which sessions expired
}

func measureOurs(ctx context.Context, o options, r *report, n int) (measured, error) {
	r.say("memory: %d sessions", n)
	p := newPopulation(n)
	k, err := newOurs(nil)
	if err != nil {
		return measured{}, err
	}
	defer k.close()
	var m measured
	if m.bytes, err = p.weigh(ctx, k); err != nil {
		return m, err
	}
	for round := range o.rounds {
		r.say("memory: %d sessions, round %d of %d", n, round+1, o.rounds)
		if err := m.run(ctx, o, p, false, time.Now); err != nil {
			return m, err
		}
		k.probe.find.take()
		if err := m.run(ctx, o, p, true, time.Now); err != nil {
			return m, err
		}
		m.find = append(m.find, k.probe.find.take())
	}
	return m, nil
}

// measureTheirs does the same with the memstore. It cleans up by a ticker: its
// runs without expiry lie between two clean-ups, those with it around one.
func measureTheirs(ctx context.Context, o options, r *report, n int) (measured, error) {
	r.say("memory: %d sessions in the memstore", n)
	bare, err := bareAdmin()
	if err != nil {
		return measured{}, err
	}
	p := newPopulation(n)
	every := 3 * o.duration
	k, began := newTheirs(bare, every, 0, nil), time.Now()
	defer k.close()
	var m measured
	if m.bytes, err = p.weigh(ctx, k); err != nil {
		return m, err
	}
	for round := range o.rounds {
		r.say("memory: %d sessions in the memstore, round %d of %d", n, round+1, o.rounds)
		if err := m.run(ctx, o, p, false, next(began.Add(o.duration/2), every)); err != nil {
			return m, err
		}
		k.find.take()
		if err := m.run(ctx, o, p, true, next(began.Add(-o.duration/2), every)); err != nil {
			return m, err
		}
		m.find = append(m.find, k.find.take())
	}
	return m, nil
}

// next tells the next moment that is a multiple of every after from.
func next(from time.Time, every time.Duration) func() time.Time {
	return func() time.Time { return from.Add((time.Since(from)/every + 1) * every) }
}

func waitUntil(ctx context.Context, t time.Time) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Until(t)):
		return nil
	}
}

// weigh fills p and returns the heap that a session takes.
func (p *population) weigh(ctx context.Context, k kept) (float64, error) {
	before := liveHeap()
	err := p.fill(ctx, k)
	return (liveHeap() - before) / float64(p.n), err
}

// run asks for pages, once, from when on. With expiry the mortals run out in
// its first half.
func (m *measured) run(ctx context.Context, o options, p *population, expiry bool, when func() time.Time) error {
	requests := p.requests("/admin")
	liveHeap() // every run begins with a collection
	if err := waitUntil(ctx, when()); err != nil {
		return err
	}
	if expiry {
		if err := p.age(o.duration / 2); err != nil {
			return err
		}
	}
	took, err := pace{o.rate, o.duration}.run(ctx, p.kept.page(), requests)
	if err != nil {
		return err
	}
	if !expiry {
		m.off = append(m.off, summary(took))
		return nil
	}
	m.on = append(m.on, summary(took))
	return p.replenish()
}
