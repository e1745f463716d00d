package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"time"

	"webapp/internal/adapters/session/memory"
)

// signInTurn is the number of sign-ins in one turn. The application and its
// baseline take turns.
const signInTurn = 50

// measureSignIns compares whole sign-ins, from /login to the callback with the token
// request and the verified ID token, with the same by x/oauth2 and go-oidc only. The
// provider signs with RSA on the same machine, which limits the sign-ins per second.
// The CPU time is only the application's.
func measureSignIns(ctx context.Context, o options, r *report) error {
	r.say("sign-ins")
	idp, err := startProvider()
	if err != nil {
		return err
	}
	defer idp.stop()
	store := memory.New(time.Now)
	defer func() { _ = store.Close() }()
	app, err := newApplication(store, idp.app(), time.Now)
	if err != nil {
		return err
	}
	bare, err := newBareSignIn(ctx, idp.app())
	if err != nil {
		return err
	}
	verify, err := bare.verification(ctx, idp)
	if err != nil {
		return err
	}
	mine, other := &signIns{handler: app.handler, idp: idp}, &signIns{handler: bare.routes(), idp: idp}
	for _, s := range []*signIns{mine, other} { // warm-up: metadata, keys, connections
		if err := s.turn(ctx, o); err != nil {
			return err
		}
		*s = signIns{handler: s.handler, idp: idp}
	}
	var verified time.Duration
	for range max(1, o.signIns/signInTurn) {
		if err := firstOf(mine.turn(ctx, o), other.turn(ctx, o)); err != nil {
			return err
		}
		cpu := cpuTime()
		if err := repeat(ctx, verify, signInTurn); err != nil {
			return err
		}
		verified += cpuTime() - cpu
	}
	mine.report(r, other)
	r.add(row{Part: "sign-ins", Figure: "CPU of a sign-in from the callback on", Value: micros(mine.ends) / float64(mine.count), Unit: "µs",
		Baseline: "one Verify of go-oidc", Than: micros(verified) / float64(mine.count), Aim: atMost(5)})
	return nil
}

// signIns has the results of one handler.
type signIns struct {
	handler   http.Handler
	idp       *providerProcess
	count     int
	wall, cpu time.Duration
	ends      time.Duration // CPU time of the callbacks
	logins    []time.Duration
	callbacks []time.Duration
}

// turn starts sign-ins one after the other and completes them concurrently, one on
// each connection. The measurement excludes the time that the person spends at the
// provider.
func (s *signIns) turn(ctx context.Context, o options) error {
	requests := make([]*http.Request, signInTurn)
	for i := range requests {
		var err error
		if requests[i], err = s.begin(); err != nil {
			return err
		}
	}
	runtime.GC()
	took, errs := make([]time.Duration, signInTurn), make([]error, signInTurn)
	wall, cpu := time.Now(), cpuTime()
	var all sync.WaitGroup
	for worker := range min(o.connections, signInTurn) {
		all.Go(func() {
			for i := worker; i < signInTurn; i += o.connections {
				began := time.Now()
				errs[i] = expect(s.handler, requests[i], http.StatusSeeOther, newResponse())
				took[i] = time.Since(began)
			}
		})
	}
	all.Wait()
	ends := cpuTime() - cpu
	s.wall, s.cpu, s.ends = s.wall+time.Since(wall), s.cpu+ends, s.ends+ends
	s.callbacks, s.count = append(s.callbacks, took...), s.count+signInTurn
	return firstOf(append(errs, ctx.Err())...)
}

// begin requests /login and returns the request of the callback.
func (s *signIns) begin() (*http.Request, error) {
	w := newResponse()
	wall, cpu := time.Now(), cpuTime()
	login := newRequest("/login", "")
	login.RemoteAddr = sourceAddr(len(s.logins))
	err := expect(s.handler, login, http.StatusSeeOther, w)
	took := time.Since(wall)
	s.wall, s.cpu, s.logins = s.wall+took, s.cpu+cpuTime()-cpu, append(s.logins, took)
	if err != nil {
		return nil, err
	}
	query, err := s.idp.approve(w.header.Get("Location"))
	if err != nil {
		return nil, err
	}
	var cookies []string
	for _, line := range w.header["Set-Cookie"] {
		pair, _, _ := strings.Cut(line, ";")
		cookies = append(cookies, pair)
	}
	callback := newRequest("/getAToken", strings.Join(cookies, "; "))
	callback.URL = &url.URL{Path: "/getAToken", RawQuery: query}
	return callback, nil
}

func expect(h http.Handler, r *http.Request, status int, w *response) error {
	h.ServeHTTP(w, r)
	if w.status != status {
		return fmt.Errorf("%s returned %d, not %d", r.URL.Path, w.status, status)
	}
	return nil
}

func (s *signIns) report(r *report, other *signIns) {
	const baseline = "x/oauth2 and go-oidc alone"
	add := func(figure, unit string, mine, than float64) {
		r.add(row{Part: "sign-ins", Figure: figure, Value: mine, Unit: unit, Baseline: baseline, Than: than})
	}
	perSecond := func(s *signIns) float64 { return float64(s.count) / s.wall.Seconds() }
	each := func(s *signIns) float64 { return micros(s.cpu) / float64(s.count) }
	add("sign-ins, the provider on the same machine", "/s", perSecond(s), perSecond(other))
	add("CPU of a sign-in, without the provider's", "µs", each(s), each(other))
	add("sign-ins that the CPU time of one core is enough for", "/s", 1e6/each(s), 1e6/each(other))
	logins, otherLogins := summary(s.logins), summary(other.logins)
	add("/login p50", "µs", micros(logins.p50), micros(otherLogins.p50))
	add("/login p99", "µs", micros(logins.p99), micros(otherLogins.p99))
	ends, otherEnds := summary(s.callbacks), summary(other.callbacks)
	add("callback p50, several at once", "µs", micros(ends.p50), micros(otherEnds.p50))
	add("callback p99, several at once", "µs", micros(ends.p99), micros(otherEnds.p99))
}
