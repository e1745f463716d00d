//go:build linux

package main

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"webapp/internal/adapters/session/memory"
	"webapp/internal/ports"
)

// pagePeople is the number of signed-in people, with claims and API tokens, who
// request pages in turn.
const pagePeople = 200

// measurePages compares the home page with the same page from bare handlers, and
// counts the allocations of a page for its session.
func measurePages(ctx context.Context, o options, r *report) error {
	store := memory.New(time.Now)
	defer func() { _ = store.Close() }()
	return withPages(ctx, store, func(app *application, people []string, bare barePages) error {
		loopback, err := overLoopback(ctx, o, app, "/", people, bare.homeHTML, bare.home)
		if err != nil {
			return err
		}
		requests := make([]*http.Request, len(people))
		for i, cookie := range people {
			requests[i] = newRequest("/", cookie)
		}
		inProcess, err := alternate(ctx, o.rounds,
			cpuOf(o.pages, pagesOf(app.handler, requests, o.pages)), cpuOf(o.pages, pagesOf(bare.homeHTML, requests, o.pages)))
		if err != nil {
			return err
		}
		const html, templ = "bare handler with html/template", "bare handler with the same templ component"
		page, base := inProcess[0], inProcess[1]
		r.add(loopback.row("home page over loopback", html, 1, atLeast(1)))
		r.add(row{"home page in process, CPU (ratio of throughput)", page.median(), "µs", html, base.median(), base.over(page), atLeast(1.5)})
		r.add(loopback.row("home page over loopback", templ, 2, atLeast(0.55)))
		return measureSessionPart(r, app, people[0])
	})
}

// measureSessionPart counts the allocations of a page for its session: the request's
// context, and reading, decrypting and checking the session.
func measureSessionPart(r *report, app *application, cookie string) error {
	var failed error
	handler := app.sessions.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := app.config.Domain.CurrentUser(r.Context())
		failed = errors.Join(failed, err)
	}))
	request, w := newRequest("/", cookie), newResponse()
	count := testing.AllocsPerRun(1000, func() { handler.ServeHTTP(w, request) })
	r.add(row{figure: "session part of a page, allocations", value: count, aim: valueAtMost(16)})
	return failed
}

// withPages calls f with an application, the cookies of signed-in people and the
// baselines of their pages.
func withPages(ctx context.Context, store ports.SessionStore, f func(*application, []string, barePages) error) error {
	app, err := newApplication(store, noProvider, time.Now)
	if err != nil {
		return err
	}
	people, err := app.signInMany(ctx, pagePeople)
	if err != nil {
		return err
	}
	bare, err := app.bare(people[0])
	if err != nil {
		return err
	}
	return f(app, people, bare)
}

// throughput has the pages per second of an application and of its baselines.
type throughput []series

// overLoopback measures a page of the application and its baselines over loopback.
func overLoopback(ctx context.Context, o options, app *application, path string, people []string, baselines ...http.Handler) (throughput, error) {
	var requests [][]byte
	for _, cookie := range people {
		requests = append(requests, pageLines(path, cookie))
	}
	addr, stop, err := app.serve()
	if err != nil {
		return nil, err
	}
	defer stop()
	addresses := []string{addr}
	for _, h := range baselines {
		addr, stop, err := serve(h)
		if err != nil {
			return nil, err
		}
		defer stop()
		addresses = append(addresses, addr)
	}
	var turns []func() (float64, error)
	for _, addr := range addresses {
		c, err := newCrowd(addr, requests...)
		if err != nil {
			return nil, err
		}
		defer c.close()
		turns = append(turns, c.perSecond(o.turn))
	}
	return alternate(ctx, o.rounds, turns...)
}

// row returns the row that compares the application with one of its baselines.
func (t throughput) row(figure, baseline string, i int, a aim) row {
	return row{figure, t[0].median(), "pages/s", baseline, t[i].median(), t[0].over(t[i]), a}
}

// pagesOf returns a function that requests n pages of a handler, each with the next
// request.
func pagesOf(h http.Handler, requests []*http.Request, n int) func() error {
	next := 0
	return func() error {
		for range n {
			if err := get(h, requests[next%len(requests)]); err != nil {
				return err
			}
			next++
		}
		return nil
	}
}
