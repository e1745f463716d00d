package main

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"testing"
	"time"
)

// pagePeople is the number of signed-in people, with claims and API tokens, who
// request pages in turn.
const pagePeople = 200

// pageAims are the aims as shares of the bare handler's throughput.
func pageAims() map[string]float64 {
	return map[string]float64{"memory": 0.8, "sqlite": 0.35, "redis": 0.45, "postgres": 0.33}
}

// measurePages compares the throughput of two pages, with each store, with the bare
// handler of the same page.
func measurePages(ctx context.Context, o options, r *report) error {
	for _, name := range o.stores {
		if err := measureStore(ctx, o, r, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func measureStore(ctx context.Context, o options, r *report, name string) error {
	r.say("pages: store %s", name)
	store, err := openStore(ctx, o, name)
	if err != nil {
		return err
	}
	defer store.close()
	app, err := newApplication(store, noProvider, time.Now)
	if err != nil {
		return err
	}
	cookies, err := signInMany(ctx, app)
	if err != nil {
		return err
	}
	home, signOut, err := app.bare(cookies[0])
	if err != nil {
		return err
	}
	if name == "memory" {
		if err := measureSessionPart(r, app, cookies[0]); err != nil {
			return err
		}
	}
	for _, page := range []struct {
		what, path string
		bare       http.Handler
	}{
		{"home, which reads session and claims", "/", home},
		{"a page that reads the session alone", "/logout", signOut},
	} {
		c := comparison{app: app, bare: page.bare, path: page.path, cookies: cookies}
		if err := c.overLoopback(ctx, o, r, name, page.what); err != nil {
			return err
		}
		if err := c.inProcess(ctx, o, r, name, page.what); err != nil {
			return err
		}
	}
	return nil
}

// measureSessionPart counts the allocations of a page for its session: the request's
// context, and reading, decrypting and checking the session.
func measureSessionPart(r *report, app *application, cookie string) error {
	var failed error
	handler := app.sessions.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := app.config.Domain.CurrentUser(r.Context()); err != nil {
			failed = err
		}
	}))
	request, w := newRequest("/", cookie), newResponse()
	count := testing.AllocsPerRun(1000, func() { handler.ServeHTTP(w, request) })
	r.add(row{Part: "pages", Figure: "allocations of a page for its session", Value: count, Key: true, Aim: atMost(55)})
	return failed
}

func signInMany(ctx context.Context, app *application) ([]string, error) {
	var cookies []string
	for i := range pagePeople {
		n := signedIn(i, time.Now())
		n.Claims, n.Tokens = typicalClaims(), typicalTokens(time.Now())
		cookie, err := app.signIn(n)
		if err != nil {
			return nil, err
		}
		cookies = append(cookies, cookie)
	}
	return cookies, ctx.Err()
}

// comparison compares one page of the application with its bare handler.
type comparison struct {
	app     *application
	bare    http.Handler
	path    string
	cookies []string
}

// overLoopback compares both with net/http servers.
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

// turns has the results of the turns of a page and its bare handler.
type turns struct {
	page, bare, shares []float64
	pageTook, bareTook []time.Duration
	pageCPU, bareCPU   time.Duration // total of server and client
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

// inProcess compares the CPU times of both handlers without a network. The load of
// the machine hardly affects them. The cost of the server is not included.
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
