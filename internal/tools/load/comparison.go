package main

import (
	"context"
	"net/http"
	"runtime"
	"time"
)

// comparison is one page of the application beside the bare handler.
type comparison struct {
	app     *application
	bare    http.Handler
	path    string
	cookies []string
}

// overLoopback asks both through net/http servers.
func (c comparison) overLoopback(ctx context.Context, o options, r *report, store, what string) error {
	bareAddr, stopBare, err := serveBare(c.bare)
	if err != nil {
		return err
	}
	defer stopBare()
	appAddr, stopApp, err := serveOurs(c.app)
	if err != nil {
		return err
	}
	defer stopApp()
	var requests [][]byte
	for _, cookie := range c.cookies {
		requests = append(requests, requestLines(c.path, cookie))
	}
	var crowds [2]*crowd
	for i, addr := range []string{appAddr, bareAddr} {
		if crowds[i], err = newCrowd(addr, o.connections, requests); err != nil {
			return err
		}
		defer crowds[i].close()
	}
	t, err := takeTurns(ctx, o, crowds[0], crowds[1])
	if err != nil {
		return err
	}
	r.add(row{Part: "pages", Figure: store + ": " + what, Value: median(t.page), Unit: "pages/s",
		Baseline: "bare handler", Than: median(t.bare), Ratio: median(t.shares), Aim: atLeast(pageAims()[store])})
	r.add(row{Part: "pages", Figure: store + ": " + what + ", CPU over loopback with that of the client", Value: micros(t.pageCPU) / float64(len(t.pageTook)), Unit: "µs",
		Baseline: "bare handler", Than: micros(t.bareCPU) / float64(len(t.bareTook))})
	mine, other := summary(t.pageTook), summary(t.bareTook)
	r.add(row{Part: "pages", Figure: store + ": " + what + ", p99", Value: micros(mine.p99), Unit: "µs", Baseline: "bare handler", Than: micros(other.p99)})
	return nil
}

// turns are what a page and its bare handler did by turns.
type turns struct {
	page, bare, shares []float64
	pageTook, bareTook []time.Duration
	pageCPU, bareCPU   time.Duration // in all, of server and client
}

func takeTurns(ctx context.Context, o options, page, bare *crowd) (turns, error) {
	var t turns
	for i := range o.turns + 1 {
		runtime.GC()
		start := cpuTime()
		a, tookA, errA := page.turn(o.turn)
		runtime.GC()
		middle := cpuTime()
		b, tookB, errB := bare.turn(o.turn)
		if err := firstOf(errA, errB, ctx.Err()); err != nil {
			return t, err
		}
		if i == 0 {
			continue // warm-up
		}
		t.page, t.bare, t.shares = append(t.page, a), append(t.bare, b), append(t.shares, a/b)
		t.pageTook, t.bareTook = append(t.pageTook, tookA...), append(t.bareTook, tookB...)
		t.pageCPU, t.bareCPU = t.pageCPU+middle-start, t.bareCPU+cpuTime()-middle
	}
	return t, nil
}

// inProcess asks both handlers without a network and takes their CPU time,
// which what else the machine does hardly touches. A server's is not in it.
func (c comparison) inProcess(ctx context.Context, o options, r *report, store, what string) error {
	var requests []*http.Request
	for _, cookie := range c.cookies {
		requests = append(requests, newRequest(c.path, cookie))
	}
	_, page, bare, err := compareCPU(ctx, o, each(c.app.handler, requests), each(c.bare, requests))
	if err != nil {
		return err
	}
	share := float64(bare) / float64(page) // as of throughput, over loopback
	r.add(row{Part: "pages", Figure: store + ": " + what + ", in process, CPU", Value: micros(page), Unit: "µs",
		Baseline: "bare handler", Than: micros(bare), Ratio: share, Aim: only(store == "memory" && c.path == "/", atLeast(0.8))})
	return nil
}
