package main

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// pagePeople are signed in, with claims and API tokens, and ask by turns.
const pagePeople = 200

// pageAims are shares of the bare handler's throughput.
func pageAims() map[string]float64 {
	return map[string]float64{"memory": 0.8, "sqlite": 0.35, "redis": 0.45, "postgres": 0.33}
}

// measurePages measures the throughput of two pages from each store beside the
// bare handler of the same page.
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
	home, admin, err := app.bare(cookies[0])
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
		{"a page that reads the session alone", "/admin", admin},
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

// measureSessionPart counts the allocations of what a page does for its
// session: the browser is put into the context, the session is read, opened and
// judged.
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
		n.Claims, n.Tokens = typicalClaims(), typicalGrant(time.Now())
		cookie, err := app.signIn(n)
		if err != nil {
			return nil, err
		}
		cookies = append(cookies, cookie)
	}
	return cookies, ctx.Err()
}
