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
	find    time.Duration   // the longest while sessions expired
	held    []time.Duration // that the sweeper held a lock, while sessions expired
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
		if err := m.run(ctx, o, p, false); err != nil {
			return m, err
		}
		k.held.take()
		k.probe.find.take()
		if err := m.run(ctx, o, p, true); err != nil {
			return m, err
		}
		m.held, m.find = append(m.held, k.held.take()...), max(m.find, k.probe.find.take())
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
		tick := time.Since(began)/every + 1
		if err := waitUntil(ctx, began.Add(tick*every+o.duration/2)); err != nil {
			return m, err
		}
		if err := m.run(ctx, o, p, false); err != nil {
			return m, err
		}
		if err := waitUntil(ctx, began.Add((tick+1)*every-o.duration/2)); err != nil {
			return m, err
		}
		k.find.take()
		if err := m.run(ctx, o, p, true); err != nil {
			return m, err
		}
		m.find = max(m.find, k.find.take())
	}
	return m, nil
}

func waitUntil(ctx context.Context, t time.Time) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Until(t)):
		return nil
	}
}

// weigh fills p and answers the heap that a session takes.
func (p *population) weigh(ctx context.Context, k kept) (float64, error) {
	before := liveHeap()
	err := p.fill(ctx, k)
	return (liveHeap() - before) / float64(p.n), err
}

// run asks for pages, once. With expiry the mortals run out in its first half.
func (m *measured) run(ctx context.Context, o options, p *population, expiry bool) error {
	requests := p.requests("/admin")
	liveHeap() // every run begins with a collection
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
