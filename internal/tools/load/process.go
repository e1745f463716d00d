//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// measureProcess measures the application as it is deployed: the CPU time of its
// process for a page, for a proxy's question and for a sign-in, its start, its memory
// and its size.
func measureProcess(ctx context.Context, o options, r *report) error {
	dir, err := os.MkdirTemp("", "load-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	r.say("build %s", theApplication)
	binary, errApp := build(ctx, dir, theApplication)
	bareBinary, errBare := build(ctx, dir, theBareProgram)
	idp, errProvider := startProvider()
	if errProvider == nil {
		defer idp.stop()
	}
	if err := errors.Join(errApp, errBare, errProvider); err != nil {
		return err
	}
	app, bare := ours(binary, idp), bareProgram("bare program", bareBinary)
	if err := measureSmallPage(ctx, o, r, app, idp); err != nil {
		return err
	}
	if err := measureVerifyAndSignIn(ctx, o, r, app, bare, idp); err != nil {
		return err
	}
	return measureStart(ctx, o, r, app, bare)
}

// measureSmallPage compares the CPU time of the application's process for a small page
// with that of a bare handler.
func measureSmallPage(ctx context.Context, o options, r *report, app program, idp *providerProcess) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	bare, err := bareProgram("bare handler", self, bareCommand).start(ctx)
	if err != nil {
		return err
	}
	defer bare.stop()
	process, err := app.start(ctx)
	if err != nil {
		return err
	}
	defer process.stop()
	person, err := process.signIn(idp)
	if err != nil {
		return err
	}
	request := pageLines("/logout", person)
	cpu, err := alternate(ctx, o.rounds, process.cpuOfRequests(request, o.turn), bare.cpuOfRequests(request, o.turn))
	if err != nil {
		return err
	}
	r.add(row{"small page (GET /logout), CPU of the process", cpu[0].median(), "µs", "bare handler with the same templ component", cpu[1].median(), cpu[0].over(cpu[1]), atMost(2)})
	return nil
}

// measureVerifyAndSignIn compares the CPU time of the application's process with that
// of the bare program and of the peers. Browser, proxy and provider are other
// processes, so their CPU time is not part of it.
func measureVerifyAndSignIn(ctx context.Context, o options, r *report, app, bare program, idp *providerProcess) error {
	others := peers(o.peers, idp)
	var verify, signIn []func() (float64, error)
	for _, p := range append([]peer{{program: app}, {program: bare}}, others...) {
		process, err := p.start(ctx)
		if err != nil {
			return err
		}
		defer process.stop()
		person := ""
		if p.login != "" {
			if person, err = process.signIn(idp); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			signIn = append(signIn, process.cpuOfSignIns(idp, o.signIns))
		}
		verify = append(verify, process.cpuOfRequests(proxyLines(p.verify, process.port, person), o.turn))
	}
	verified, err := alternate(ctx, o.rounds, verify...)
	if err != nil {
		return err
	}
	signedIn, err := alternate(ctx, o.rounds, signIn...)
	if err != nil {
		return err
	}
	const figureVerify, figureSignIn = "GET /verify, CPU of the process", "sign-in, CPU of the process"
	r.add(row{figure: figureVerify, value: verified[0].median(), unit: "µs", aim: valueAtMost(60)})
	r.add(row{figureVerify, verified[0].median(), "µs", "bare handler with the same headers", verified[1].median(), verified[0].over(verified[1]), atMost(2)})
	r.add(row{figure: figureSignIn, value: signedIn[0].median(), unit: "ms", aim: valueAtMost(1)})
	for i, p := range others {
		r.add(row{figureVerify, verified[0].median(), "µs", p.name + "'s " + p.verify, verified[2+i].median(), verified[0].over(verified[2+i]), atMost(p.verifyAim)})
		r.add(row{figureSignIn, signedIn[0].median(), "ms", p.name, signedIn[1+i].median(), signedIn[0].over(signedIn[1+i]), atMost(1.0 / 3)})
	}
	return nil
}

// cpuOfRequests returns a function for alternate: the CPU time of the process for a
// request, in microseconds.
func (r *running) cpuOfRequests(request []byte, d time.Duration) func() (float64, error) {
	return func() (float64, error) {
		c, err := newCrowd(r.addr, request)
		if err != nil {
			return 0, err
		}
		defer c.close()
		began := cpuTime(r.cmd.Process.Pid)
		count, err := c.during(d)
		return micros(cpuTime(r.cmd.Process.Pid)-began) / float64(count), err
	}
}

// cpuOfSignIns returns a function for alternate: the CPU time of the process for a
// sign-in, one after the other, in milliseconds.
func (r *running) cpuOfSignIns(idp *providerProcess, n int) func() (float64, error) {
	return func() (float64, error) {
		began := cpuTime(r.cmd.Process.Pid)
		for range n {
			if _, err := r.signIn(idp); err != nil {
				return 0, err
			}
		}
		return micros(cpuTime(r.cmd.Process.Pid)-began) / 1000 / float64(n), nil
	}
}

// proxyLines returns the request of nginx for a person who opens a page.
func proxyLines(path, port, cookie string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: localhost:" + port + "\r\n" +
		"X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: localhost:" + port + "\r\n" +
		"X-Forwarded-Method: GET\r\nX-Forwarded-Uri: /reports?year=2026\r\nX-Request-Id: 3f1c9a520c534c0e9d3b0d6c8a1f2b3c\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n" +
		"Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: same-origin\r\nCookie: " + cookie + "\r\n\r\n")
}

// measureStart measures the cold start of a program, its idle memory and its size.
func measureStart(ctx context.Context, o options, r *report, app, bare program) error {
	const baseline = "bare net/http program"
	coldStart := func(p program) func() (float64, error) {
		return func() (float64, error) {
			process, err := p.start(ctx)
			if err != nil {
				return 0, err
			}
			process.stop()
			return micros(process.coldStart) / 1000, nil
		}
	}
	took, err := alternate(ctx, o.rounds, coldStart(app), coldStart(bare))
	if err != nil {
		return err
	}
	r.add(row{"cold start to the first sign-in page", took[0].median(), "ms", baseline, took[1].median(), took[0].over(took[1]), atMost(2.5)})
	idle := func(p program) func() (float64, error) {
		return func() (float64, error) {
			process, err := p.start(ctx)
			if err != nil {
				return 0, err
			}
			defer process.stop()
			time.Sleep(o.settle)
			return process.resident(), nil
		}
	}
	resident, err := alternate(ctx, min(o.rounds, 3), idle(app), idle(bare))
	if err != nil {
		return err
	}
	r.add(row{"resident memory, idle", resident[0].median(), "MiB", baseline, resident[1].median(), resident[0].over(resident[1]), valueAtMost(18)})
	info, err := os.Stat(app.binary)
	if err != nil {
		return err
	}
	r.add(row{figure: "stripped binary with all stores", value: float64(info.Size()) / 1e6, unit: "MB", aim: valueAtMost(27)})
	return nil
}
