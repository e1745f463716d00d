// Command load measures what the application costs: sessions in memory and
// their expiry, the idle limit, pages from every store, sign-ins, the process as
// a whole, and what anonymous visitors leave in it. It ends with one table in
// Markdown, the latest of which is in docs/performance.md.
//
//	go run ./internal/tools/load
//	go run ./internal/tools/load -quick
//	go run ./internal/tools/load -only memory -sessions 1000000 -json
//	go run ./internal/tools/load -help
//
// Every figure stands beside a baseline that is measured in the same run, in
// turns with it: a bare net/http handler that renders the same page with the
// same data, the session library's own store, or a sign-in by x/oauth2 and
// go-oidc alone. Ratios compare better than times, which depend on the machine
// and on what else it does; the report names its load average.
//
// It talks to 127.0.0.1 alone. Redis and PostgreSQL are started for the run
// (Linux), or named by -redis and -postgres, and left as they were. It takes
// about ten minutes; each part of it is bounded by a count or a time. With
// -quick it takes less than one: a trial of the command, whose figures mean
// little.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// part is one measurement of several figures.
type part struct {
	name    string
	measure func(context.Context, options, *report) error
}

func parts() []part {
	return []part{
		{"memory", measureMemory},
		{"idle", measureIdle},
		{"pages", measurePages},
		{"sign-ins", measureSignIns},
		{"process", measureProcess},
		{"visitors", measureVisitors},
	}
}

func run(ctx context.Context, args []string, stdout, progress io.Writer) error {
	if len(args) == 1 && args[0] == providerCommand {
		return serveProvider(os.Stdin, stdout)
	}
	o, err := parseOptions(args, progress)
	if err != nil {
		return err
	}
	r := newReport(o, progress)
	for _, p := range parts() {
		if !slices.Contains(o.only, p.name) {
			continue
		}
		if err := p.measure(ctx, o, r); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	r.finish()
	if o.json {
		return r.writeJSON(stdout)
	}
	return errors.Join(r.writeTable(stdout), r.writeSummary(stdout))
}
