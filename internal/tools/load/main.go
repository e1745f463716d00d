//go:build linux

// Command load measures the cost of the application and prints the table of
// docs/performance.md. Each figure has an aim. Most also have a baseline that the
// same run measures in turns with it, so that the ratio hardly depends on the
// machine and its load. Both are medians of several rounds.
//
//	go run ./internal/tools/load
//	go run ./internal/tools/load -quick
//	go run ./internal/tools/load -only pages,redis
//	go run ./internal/tools/load -builds -peers /tmp/peers
//
// It runs on Linux and connects to 127.0.0.1 only. It starts Redis and PostgreSQL
// from Debian's packages.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// part is a group of figures.
type part struct {
	name    string
	measure func(context.Context, options, *report) error
}

// parts returns all parts in the order of the table.
func parts() []part {
	all := []part{{"pages", measurePages}}
	for _, s := range stores() {
		all = append(all, part{s.name, s.measure})
	}
	all = append(all, part{"idle", measureIdle}, part{"memory", measureMemory}, part{"sign-ins", measureSignIns}, part{"process", measureProcess})
	return append(all, builds()...)
}

// builds returns the parts that take minutes, which only a flag adds.
func builds() []part {
	return []part{{"first-build", measureFirstBuild}, {"tests", measureTests}}
}

func names(all []part) []string {
	var list []string
	for _, p := range all {
		list = append(list, p.name)
	}
	return list
}

// options are the command line.
type options struct {
	only  []string
	peers string // folder with the binaries of other applications, or ""
	sizes
}

// sizes is how much a run measures.
type sizes struct {
	rounds   int           // turns of a figure and its baseline
	turn     time.Duration // of requests over loopback
	pages    int           // in a turn whose CPU time is measured in process
	signIns  int           // in a turn, one after the other
	sessions int           // in memory
	expiry   time.Duration // length of a run while sessions expire
	settle   time.Duration // from the start of a process until its memory is read
}

var (
	longRun  = sizes{rounds: 15, turn: 300 * time.Millisecond, pages: 1000, signIns: 50, sessions: million, expiry: 4 * time.Second, settle: 5 * time.Second}
	quickRun = sizes{rounds: 3, turn: 40 * time.Millisecond, pages: 50, signIns: 20, sessions: 20_000, expiry: 300 * time.Millisecond, settle: 500 * time.Millisecond}
)

func parseOptions(args []string, help io.Writer) (options, error) {
	all, slow := names(parts()), names(builds())
	o := options{sizes: longRun}
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(help)
	only := flags.String("only", strings.Join(all[:len(all)-len(slow)], ","), "the `parts` to measure")
	quick := flags.Bool("quick", false, "half a minute's trial, whose figures mean little")
	withBuilds := flags.Bool("builds", false, "also measure "+strings.Join(slow, " and ")+", which takes minutes")
	flags.StringVar(&o.peers, "peers", "", "also measure oauth2-proxy and wonderwall; `DIR` has their binaries")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if *quick {
		o.sizes = quickRun
	}
	o.only = strings.Split(*only, ",")
	if *withBuilds {
		o.only = append(o.only, slow...)
	}
	for _, name := range o.only {
		if !slices.Contains(all, name) {
			return o, fmt.Errorf("-only: no part %q, only %s", name, strings.Join(all, ", "))
		}
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return o, findPeers(o.peers)
}

func run(ctx context.Context, args []string, stdout, progress io.Writer) error {
	switch {
	case slices.Equal(args, []string{providerCommand}):
		return serveProvider(os.Stdin, stdout)
	case slices.Equal(args, []string{bareCommand}):
		return serveBare(os.Getenv("LISTEN_ADDR"))
	}
	o, err := parseOptions(args, progress)
	if err != nil {
		return err
	}
	return o.measure(ctx, stdout, progress)
}

// measure prints the table, also if a part fails.
func (o options) measure(ctx context.Context, stdout, progress io.Writer) error {
	debug.SetGCPercent(100) // the default, also if GOGC is set
	r := newReport(progress)
	var failed []error
	for _, p := range parts() {
		if !slices.Contains(o.only, p.name) || ctx.Err() != nil {
			continue
		}
		r.say("%s", p.name)
		if err := p.measure(ctx, o, r); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", p.name, err))
		}
	}
	return errors.Join(append(failed, r.write(stdout))...)
}
