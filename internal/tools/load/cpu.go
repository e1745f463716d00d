package main

import (
	"context"
	"net/http"
	"runtime"
	"time"
)

// each returns a function that requests the next page.
func each(h http.Handler, requests []*http.Request) func() error {
	next := 0
	return func() error {
		request := requests[next%len(requests)]
		next++
		return get(h, request)
	}
}

func repeat(ctx context.Context, page func() error, times int) error {
	for i := range times {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := page(); err != nil {
			return err
		}
	}
	return nil
}

// compareCPU measures two kinds of pages, alternating, and returns the median ratio
// of their CPU times and the median CPU time of a page of each kind.
func compareCPU(ctx context.Context, o options, page, base func() error) (overhead float64, per, than time.Duration, err error) {
	var ratios []float64
	var pages, bases []time.Duration
	measure := func(f func() error) time.Duration {
		runtime.GC()
		start := cpuTime()
		err = firstOf(err, repeat(ctx, f, o.turnPages))
		return (cpuTime() - start) / time.Duration(o.turnPages)
	}
	for i := range o.turns + 1 {
		a, b := measure(page), measure(base)
		if i == 0 {
			continue // warm-up
		}
		ratios, pages, bases = append(ratios, ratio(a, b)), append(pages, a), append(bases, b)
	}
	return median(ratios), median(pages), median(bases), err
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
