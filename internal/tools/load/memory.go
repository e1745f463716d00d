//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"webapp/internal/adapters/session/memory"
	"webapp/internal/ports"
)

const (
	million = 1_000_000
	// mortalEvery makes a tenth of all sessions mortal. Mortal sessions expire
	// during a run.
	mortalEvery = 10
	// maxVisitors is the number of other people who request pages.
	maxVisitors = 10_000
	// memoryRounds is the number of runs with and without expiry.
	memoryRounds = 3
	// pageRate is the number of pages a second in these runs.
	pageRate = 1000
)

// measureMemory measures the heap of many sessions in memory, and the delay of pages
// while a tenth of the sessions expires.
func measureMemory(ctx context.Context, o options, r *report) error {
	p, err := newPopulation(o.sessions)
	if err != nil {
		return err
	}
	defer func() { _ = p.store.Close() }()
	r.say("%s sessions", grouped(o.sessions))
	before := liveHeap()
	if err := p.signIn(ctx); err != nil {
		return err
	}
	heap := (liveHeap() - before) / float64(o.sessions)
	r.add(row{figure: grouped(o.sessions) + " sessions, heap of one", value: heap, unit: "B", aim: valueAtMost(420)})
	requests := make([]*http.Request, len(p.visitors))
	for i := range requests {
		requests[i] = newRequest("/logout", p.visitors[i].String())
	}
	quiet := func() (float64, error) { return slowPage(ctx, p.app.handler, requests, o.expiry) }
	expiring := func() (float64, error) {
		if err := p.age(ctx, o.expiry/2); err != nil {
			return 0, err
		}
		p999, err := quiet()
		if err == nil {
			err = p.replenish(ctx)
		}
		return p999, err
	}
	all, err := alternate(ctx, min(o.rounds, memoryRounds), expiring, quiet)
	if err != nil {
		return err
	}
	r.add(row{grouped(o.sessions) + " sessions, page p99.9 while a tenth expires", all[0].median(), "µs",
		"without expiry", all[1].median(), all[0].over(all[1]), atMost(1.2)})
	return nil
}

// grouped returns n with separators.
func grouped(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}

// liveHeap returns the size of all reachable memory. The second collection frees the
// memory that the first one has moved within sync.Pool.
func liveHeap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// fixed is a short text without a pointer, so that a million of them do not affect
// the measured heap.
type fixed [64]byte

func fix(s string) (f fixed) {
	copy(f[:], s)
	return f
}

func (f *fixed) String() string { return strings.TrimRight(string(f[:]), "\x00") }

// population is n sessions, a tenth of them mortal.
type population struct {
	store    *memory.Store
	app      *application
	created  string // the key of the last record; sign-ins are sequential
	n, next  int    // number of sessions, and the next person
	mortals  []fixed
	visitors []fixed
}

func newPopulation(n int) (*population, error) {
	p := &population{store: memory.New(time.Now), n: n,
		mortals: make([]fixed, 0, n/mortalEvery), visitors: make([]fixed, 0, min(n, maxVisitors))}
	var err error
	p.app, err = newApplication(keyKeeper{p.store, &p.created}, noProvider, time.Now)
	return p, err
}

// keyKeeper is a store that keeps the key of the last new record.
type keyKeeper struct {
	ports.SessionStore
	created *string
}

func (k keyKeeper) Create(ctx context.Context, r ports.Record) (ports.Version, error) {
	*k.created = r.Key
	return k.SessionStore.Create(ctx, r)
}

// signIn signs everybody in.
func (p *population) signIn(ctx context.Context) error {
	immortal := p.n - p.n/mortalEvery
	every := max(1, immortal/cap(p.visitors))
	for i := range immortal {
		cookie, err := p.one(ctx)
		if err != nil {
			return err
		}
		if i%every == 0 && len(p.visitors) < cap(p.visitors) {
			p.visitors = append(p.visitors, fix(cookie))
		}
	}
	return p.replenish(ctx)
}

// one signs in the next person.
func (p *population) one(ctx context.Context) (cookie string, err error) {
	p.next++
	if cookie, err = p.app.signIn(signedIn(p.next, time.Now())); err == nil {
		err = ctx.Err()
	}
	return cookie, err
}

// replenish signs people in to replace the expired sessions.
func (p *population) replenish(ctx context.Context) error {
	p.mortals = p.mortals[:0]
	for range p.n / mortalEvery {
		if _, err := p.one(ctx); err != nil {
			return err
		}
		p.mortals = append(p.mortals, fix(p.created))
	}
	return nil
}

// age makes the mortal sessions expire one after the other during this time.
func (p *population) age(ctx context.Context, during time.Duration) error {
	from := time.Now()
	for i := range p.mortals {
		record, err := p.store.Find(ctx, p.mortals[i].String())
		if err != nil {
			return err
		}
		record.Expires = from.Add(during * time.Duration(i+1) / time.Duration(len(p.mortals)))
		if _, err := p.store.Replace(ctx, record, record.Version); err != nil {
			return err
		}
	}
	return nil
}

// slowPage requests pages at pageRate, as people do, and returns the 99.9th
// percentile of their durations in microseconds. A pause of the store therefore
// delays all pages that are requested during it.
func slowPage(ctx context.Context, page http.Handler, requests []*http.Request, d time.Duration) (float64, error) {
	const workers = 64 // further pages wait, and their wait is measured
	type asked struct {
		number int
		since  time.Time
	}
	total := int(pageRate * d.Seconds())
	took, errs := make([]time.Duration, total), make([]error, workers)
	order := rand.New(rand.NewPCG(20260101, 0)).Perm(len(requests)) // the same in every run
	waiting := make(chan asked, total)                              // never full
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			for a := range waiting {
				if err := get(page, requests[order[a.number%len(order)]]); err != nil {
					errs[worker] = err
				}
				took[a.number] = time.Since(a.since)
			}
		})
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	began := time.Now()
	for number := 0; number < total && ctx.Err() == nil; {
		now := <-tick.C
		for due := min(total, int(now.Sub(began).Seconds()*pageRate)+1); number < due; number++ {
			waiting <- asked{number, now}
		}
	}
	close(waiting)
	all.Wait()
	slices.Sort(took)
	return micros(took[min(total-1, total*999/1000)]), errors.Join(append(errs, ctx.Err())...)
}
