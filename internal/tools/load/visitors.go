package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// warmVisitors is the number of visitors before the measurement, so that
	// connections and buffers which a busy process always keeps are not measured.
	warmVisitors = 500
	// crowdAtOnce is the number of concurrent visitors.
	crowdAtOnce = 16
)

// measureVisitors measures the memory that anonymous visitors take in a process.
// Each visitor has a new connection and a new address, requests the sign-in page and
// starts a sign-in, which stays unfinished.
func measureVisitors(ctx context.Context, o options, r *report) error {
	binary, remove, err := buildBinary(ctx, r, theApplication)
	if err != nil {
		return err
	}
	defer remove()
	idp, err := startProvider()
	if err != nil {
		return err
	}
	defer idp.stop()
	return binary.configured(idp).run(ctx, func(process running) error {
		visit := func(from, count int) (footprint, error) {
			r.say("visitors: %d", count)
			err := errors.Join(visitAll(ctx, process.addr, from, count), waitUntil(ctx, time.Now().Add(o.settle)))
			return footprintOf(process.pid), err
		}
		before, errBefore := visit(0, warmVisitors)
		after, errAfter := visit(warmVisitors, o.visitors)
		if err := errors.Join(errBefore, errAfter); err != nil || after.resident == 0 {
			return err
		}
		who := grouped(o.visitors) + " anonymous visitors: "
		r.add(row{Part: "visitors", Figure: who + "resident memory after them", Value: after.resident, Unit: "MiB", Key: true,
			Baseline: "before", Than: before.resident, Aim: atMost(1.1)})
		r.add(row{Part: "visitors", Figure: who + "the process's own memory after them", Value: after.anonymous, Unit: "MiB", Baseline: "before", Than: before.anonymous})
		return nil
	})
}

func visitAll(ctx context.Context, addr string, from, count int) error {
	var next atomic.Int64
	errs := make([]error, crowdAtOnce)
	var all sync.WaitGroup
	for worker := range crowdAtOnce {
		all.Go(func() {
			for errs[worker] == nil && ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= count {
					return
				}
				errs[worker] = visit(ctx, addr, from+i)
			}
		})
	}
	all.Wait()
	return errors.Join(append(errs, ctx.Err())...)
}

// visit makes the requests of the i-th visitor.
func visit(ctx context.Context, addr string, i int) error {
	client := &http.Client{
		Transport:     &http.Transport{DialContext: dialerFrom(i)},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       patience,
	}
	defer client.CloseIdleConnections()
	for path, want := range map[string]int{"/": http.StatusOK, "/login": http.StatusSeeOther} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+path, nil)
		if err != nil {
			return err
		}
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			return fmt.Errorf("%s returned to visitor %d the status %d, not %d", path, i, res.StatusCode, want)
		}
	}
	return nil
}
