package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"webapp/cmd/webapp/config"
	"webapp/cmd/webapp/doctor"
	"webapp/internal/adapters/session/redis"
)

const doctorUsage = `webapp doctor looks at everything that a sign-in needs, with the configuration
that webapp itself would have, and says what is wrong and how to mend it.

Usage:
  webapp doctor [-json] [-url https://app.example.com | -demo]

  -url URL   look at the running application too, through what stands in front of it
  -json      print one JSON object: ok, checks[].name, status, summary, detail, remedy
  -demo      look at the built-in demo provider in place of a real one
  -help      print this text

Each check ends as ok, warning, failed or skipped. The exit status is 1 where one
failed, 2 where the command line cannot be understood, else 0. No secret is printed.
`

// errUnhealthy: the doctor has found, and printed, what keeps people from
// signing in.
var errUnhealthy = errors.New("webapp doctor: at least one check failed")

// doctorDeps is what the doctor takes from the system. The zero value is the real
// one; a test passes its own.
type doctorDeps struct {
	now        func() time.Time
	transport  *http.Transport
	lookupHost func(context.Context, string) ([]string, error)
}

// runDoctor is the command "webapp doctor". args are those behind it.
func runDoctor(ctx context.Context, args []string, env config.Lookup, stdout io.Writer, d doctorDeps) error {
	o, err := parseDoctor(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, err := io.WriteString(stdout, doctorUsage)
		return err
	case err != nil:
		return fmt.Errorf("%w: %w\n\n%s", errUsage, err, doctorUsage)
	}
	redis.LogTo(slog.New(slog.DiscardHandler)) // what goes wrong is in the store's errors
	c, err := config.Load(env, thisProgram(o.demo))
	if o.demo && err == nil {
		stop, err := startDoctorsDemo(&c)
		if err != nil {
			return err
		}
		defer stop()
	}
	return examine(ctx, doctorConfig(c, err, o.public, d), o.json, stdout)
}

// startDoctorsDemo starts the demo provider without taking LISTEN_ADDR, where a
// demo may be running.
func startDoctorsDemo(c *config.Config) (stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("webapp doctor cannot start the demo provider: %w", err)
	}
	defer func() { _ = listener.Close() }()
	return startDemo(c, listener)
}

// doctorConfig makes the doctor's configuration. problem is the error of
// config.Load, with which c holds as much as could be read.
func doctorConfig(c config.Config, problem error, public *url.URL, d doctorDeps) doctor.Config {
	_, own := identityProviders()[c.OIDCAuthority]
	cfg := doctor.Config{
		Hints:       c.Hints,
		Entra:       c.Entra(nil, nil),
		OwnAdapter:  own,
		RedirectURI: c.RedirectURI,
		ListenAddr:  c.ListenAddr,
		OpenStore:   func(ctx context.Context) (doctor.Store, error) { return newStore(ctx, c, time.Now) },
		StoreScheme: c.StoreScheme(),
		Endpoint:    c.Endpoint,
		PublicURL:   public,
		Now:         d.now,
		Transport:   d.transport,
		LookupHost:  d.lookupHost,
	}
	if found, ok := errors.AsType[*config.Problems](problem); ok {
		cfg.Problems = found.List
	}
	return cfg
}

// examine runs the checks and prints them: for a person as they come, for a
// machine at the end.
func examine(ctx context.Context, cfg doctor.Config, asJSON bool, stdout io.Writer) error {
	var writeErr error
	report := doctor.Run(ctx, cfg, func(c doctor.Check) {
		if !asJSON {
			writeErr = errors.Join(writeErr, doctor.WriteCheck(stdout, c))
		}
	})
	if asJSON {
		writeErr = report.WriteJSON(stdout)
	} else {
		writeErr = errors.Join(writeErr, report.WriteConclusion(stdout))
	}
	if writeErr == nil && !report.OK {
		return errUnhealthy
	}
	return writeErr
}

// order is what the doctor's command line asks for.
type order struct {
	json, demo bool
	public     *url.URL
}

func parseDoctor(args []string) (order, error) {
	var o order
	flags := flag.NewFlagSet("webapp doctor", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&o.json, "json", false, "print one JSON object")
	flags.BoolVar(&o.demo, "demo", false, "look at the built-in demo provider")
	public := flags.String("url", "", "public address of the running application")
	err := flags.Parse(args)
	switch {
	case err != nil:
		return order{}, err
	case flags.NArg() > 0:
		return order{}, fmt.Errorf("%q is no option of webapp doctor", flags.Arg(0))
	case o.demo && *public != "":
		return order{}, errors.New("-demo starts a provider of its own, which no running application knows; use -url without it")
	case *public != "":
		o.public, err = parsePublicURL(*public)
	}
	return o, err
}

// parsePublicURL reads an origin. Its errors do not repeat the value, which may
// hold a password.
func parsePublicURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("-url is no address: write it like https://app.example.com")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return nil, errors.New("-url holds more than scheme and host: write it like https://app.example.com")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}
