package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"webapp/internal/ports"
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

// measured has the results for one way to keep sessions.
type measured struct {
	bytes   float64 // heap of one session
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

// measureTheirs measures the memstore of scs. It removes expired sessions at fixed
// intervals, so the runs without expiry are between two of these moments, and the
// runs with expiry contain one.
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

// next returns a function that returns the next multiple of every after from.
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

// weigh fills p and returns the heap size of one session.
func (p *population) weigh(ctx context.Context, k kept) (float64, error) {
	before := liveHeap()
	err := p.fill(ctx, k)
	return (liveHeap() - before) / float64(p.n), err
}

// run requests pages at the time that when returns. With expiry, the mortal sessions
// expire in its first half.
func (m *measured) run(ctx context.Context, o options, p *population, expiry bool, when func() time.Time) error {
	requests := p.requests("/logout")
	liveHeap() // collect garbage before every run
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

// million is the number of sessions in the aims.
const million = 1_000_000

// report adds the rows for n sessions, with the memstore as baseline. Each figure is
// the median of all runs, because the load of the machine affects single runs and
// the store affects all of them.
func (m measured) report(r *report, n int, other measured) {
	name := func(format string, args ...any) string {
		return fmt.Sprintf("%s sessions: ", grouped(n)) + fmt.Sprintf(format, args...)
	}
	r.add(row{Part: "memory", Figure: name("heap a session"), Value: m.bytes, Unit: "B", Baseline: baselineScs, Than: other.bytes, Key: n >= 100_000, Aim: only(n == million, valueAtMost(450))})
	for _, of := range []struct {
		whose string
		measured
		aim *aim
	}{
		{"", m, only(n == million, atMost(1.2))},
		{"the memstore's ", other, nil},
	} {
		off, on := medians(of.off), medians(of.on)
		for _, q := range []struct {
			name    string
			on, off time.Duration
			aim     *aim
		}{
			{"p50", on.p50, off.p50, nil}, {"p99", on.p99, off.p99, nil},
			{"p99.9", on.p999, off.p999, of.aim}, {"longest", on.longest, off.longest, nil},
		} {
			r.add(row{Part: "memory", Figure: name("%spage %s while a tenth expires", of.whose, q.name),
				Value: micros(q.on), Unit: "µs", Baseline: "without expiry", Than: micros(q.off), Key: n == million, Aim: q.aim})
		}
	}
	r.add(row{Part: "memory", Figure: name("longest read of a record while a tenth expires"), Value: micros(median(m.find)), Unit: "µs", Baseline: baselineScs, Than: micros(median(other.find))})
}

// only returns the aim a if counts is true, otherwise nil.
func only(counts bool, a *aim) *aim {
	if counts {
		return a
	}
	return nil
}

// grouped returns n with separators.
func grouped(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}

// bareAdmin returns the page for administrators as a bare handler.
func bareAdmin() (http.Handler, error) {
	k, err := newOurs(nil)
	if err != nil {
		return nil, err
	}
	defer k.close()
	cookie, _, err := k.signIn(0)
	if err != nil {
		return nil, err
	}
	_, admin, err := k.app.bare(cookie)
	return admin, err
}

// baselineScs is the name of the session library's own store.
const baselineScs = "scs memstore with gob"

// measureRecords measures the size of the claims and tokens of a session.
func measureRecords(ctx context.Context, r *report, n int) error {
	adds := []struct {
		name string
		add  func(*ports.NewSession)
	}{
		{"the record of the session alone", nil},
		{"with the claims of the ID token", func(s *ports.NewSession) { s.Claims = typicalClaims() }},
		{"with the claims and API tokens", func(s *ports.NewSession) { s.Claims, s.Tokens = typicalClaims(), typicalTokens(time.Now()) }},
	}
	for _, a := range adds {
		k, err := newOurs(a.add)
		if err != nil {
			return err
		}
		bytes, err := newPopulation(n).weigh(ctx, k)
		k.close()
		if err != nil {
			return err
		}
		other, err := newPopulation(n).weigh(ctx, newTheirs(nil, 0, 0, a.add))
		if err != nil {
			return err
		}
		r.add(row{Part: "memory", Figure: fmt.Sprintf("%s sessions: heap of one, %s", grouped(n), a.name), Value: bytes, Unit: "B", Baseline: baselineScs, Than: other})
	}
	return nil
}
