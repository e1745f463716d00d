// Command load measures the cost of the application: sessions in memory and their
// expiry, the idle limit, pages with every store, sign-ins, the whole process, the
// memory that anonymous visitors take, and forward authentication. Its last output is a Markdown table for
// docs/performance.md.
//
//	go run ./internal/tools/load
//	go run ./internal/tools/load -quick
//	go run ./internal/tools/load -only memory -sessions 1000000 -json
//	go run ./internal/tools/load -help
//
// The run measures a baseline for each figure, alternating with it: a bare net/http
// handler that renders the same page with the same data, the session library's own
// store, or a sign-in with x/oauth2 and go-oidc only. Ratios are better to compare
// than times, which depend on the machine and its load. The report has the load
// average.
//
// It connects to 127.0.0.1 only. It starts Redis and PostgreSQL for the run (on
// Linux), or uses the servers that -redis and -postgres name, and removes its own
// data afterwards. It takes about ten minutes. With -quick it takes less than one
// minute and the figures mean little.
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

// part is one group of figures.
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
		{"verify", measureVerify},
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
