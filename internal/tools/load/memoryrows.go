package main

import (
	"fmt"
	"net/http"
	"time"
)

// million is the number of sessions that the aims are for.
const million = 1_000_000

// report adds the rows of n sessions, those of the memstore beside them. Each
// figure is the median of that of the runs, the longest times too: what else a
// machine does shows in a run, what the store does shows in all.
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

// only returns a where it counts.
func only(counts bool, a *aim) *aim {
	if counts {
		return a
	}
	return nil
}

// grouped writes a number as people read it.
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
