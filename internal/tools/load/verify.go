package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"strconv"
	"strings"
	"time"
)

// measureVerify compares forward authentication with a bare program that returns the
// same headers, both as processes over loopback. It takes the CPU time of the processes, as a proxy in
// front of an application causes it: of the server, the handler and the log, without
// that of the proxy.
func measureVerify(ctx context.Context, o options, r *report) error {
	binary, remove, err := buildBinary(ctx, r, theApplication)
	if err != nil {
		return err
	}
	defer remove()
	bare, removeBare, err := buildBinary(ctx, r, theBareProgram)
	if err != nil {
		return err
	}
	defer removeBare()
	idp, err := startProvider()
	if err != nil {
		return err
	}
	defer idp.stop()
	binary = binary.configured(idp)
	binary.env = append(binary.env, "FORWARD_AUTH=true", "TRUSTED_PROXIES=127.0.0.0/8")
	return binary.run(ctx, func(app running) error {
		cookie, err := signInTo(app.addr, idp)
		if err != nil {
			return err
		}
		return bare.run(ctx, func(other running) error { return compareVerify(ctx, o, r, app, other, cookie) })
	})
}

// compareVerify takes turns between both processes.
func compareVerify(ctx context.Context, o options, r *report, app, bare running, cookie string) error {
	r.say("verify: %d turns of %s", o.turns, o.turn)
	var mine, other processTurns
	for _, p := range []*processTurns{&mine, &other} {
		p.running = app
		if p == &other {
			p.running = bare
		}
		var err error
		if p.crowd, err = newCrowd(p.addr, o.connections, [][]byte{proxyLines(cookie)}); err != nil {
			return err
		}
		defer p.crowd.close()
	}
	for i := range o.turns + 1 {
		if err := firstOf(mine.turn(o.turn), other.turn(o.turn), ctx.Err()); err != nil {
			return err
		}
		if i == 0 { // warm-up
			mine.reset()
			other.reset()
		}
	}
	if mine.cpu() == 0 {
		return nil // the system does not report the CPU time of another process
	}
	const baseline = "bare net/http program, constant headers"
	r.add(row{Part: "verify", Figure: "CPU of GET /verify, server and handler", Value: mine.cpu(), Unit: "µs",
		Baseline: baseline, Than: other.cpu(), Aim: atMost(2)})
	r.add(row{Part: "verify", Figure: "the same, against the aim in µs", Value: mine.cpu(), Unit: "µs", Aim: valueAtMost(60)})
	took, than := summary(mine.took), summary(other.took)
	r.add(row{Part: "verify", Figure: "GET /verify p99, several at once", Value: micros(took.p99), Unit: "µs", Baseline: baseline, Than: micros(than.p99)})
	return nil
}

// processTurns has the results of one process.
type processTurns struct {
	running
	crowd *crowd
	took  []time.Duration
	spent time.Duration
}

func (p *processTurns) turn(d time.Duration) error {
	before := cpuTimeOf(p.pid)
	_, took, err := p.crowd.turn(d)
	p.spent, p.took = p.spent+cpuTimeOf(p.pid)-before, append(p.took, took...)
	return err
}

func (p *processTurns) reset() { p.spent, p.took = 0, nil }

// cpu returns the CPU time of a request in microseconds.
func (p *processTurns) cpu() float64 { return micros(p.spent) / float64(max(1, len(p.took))) }

// proxyLines returns the request of nginx for a person who opens a page.
func proxyLines(cookie string) []byte {
	return []byte("GET /verify HTTP/1.1\r\nHost: localhost:3000\r\n" +
		"X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: localhost:3000\r\n" +
		"X-Forwarded-Method: GET\r\nX-Forwarded-Uri: /reports?year=2026\r\nX-Request-Id: 3f1c9a520c534c0e9d3b0d6c8a1f2b3c\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n" +
		"Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: same-origin\r\nCookie: " + cookie + "\r\n\r\n")
}

// signInTo signs a person in to a process and returns the cookies.
func signInTo(addr string, idp *providerProcess) (string, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	client := &http.Client{Jar: jar, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	get := func(path string) (*http.Response, error) {
		res, err := client.Get("http://" + addr + path)
		if err != nil {
			return nil, err
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusSeeOther {
			return nil, fmt.Errorf("%s returned %d", path, res.StatusCode)
		}
		return res, nil
	}
	begun, err := get("/login")
	if err != nil {
		return "", err
	}
	query, err := idp.approve(begun.Header.Get("Location"))
	if err != nil {
		return "", err
	}
	done, err := get("/getAToken?" + query)
	if err != nil {
		return "", err
	}
	var cookies []string
	for _, c := range jar.Cookies(done.Request.URL) {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	return strings.Join(cookies, "; "), nil
}

// cpuTimeOf returns the CPU time of a process, or 0 if the system does not report it
// (all except Linux).
func cpuTimeOf(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(text), ") ") // the name of the program is in parentheses
	fields := strings.Fields(after)
	const utime, stime, tick = 11, 12, time.Second / 100 // proc(5), without the first two fields
	if len(fields) <= stime {
		return 0
	}
	user, _ := strconv.Atoi(fields[utime])
	system, _ := strconv.Atoi(fields[stime])
	return time.Duration(user+system) * tick
}
