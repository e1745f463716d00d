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

// surroundings are what the doctor takes from the system. Their zero value is
// the real one; a test brings its own.
type surroundings struct {
	now        func() time.Time
	transport  *http.Transport
	lookupHost func(context.Context, string) ([]string, error)
}

// runDoctor is the command "webapp doctor". args are those behind it.
func runDoctor(ctx context.Context, args []string, env lookupEnv, stdout io.Writer, around surroundings) error {
	o, err := parseDoctor(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, err := io.WriteString(stdout, doctorUsage)
		return err
	case err != nil:
		return fmt.Errorf("%w: %w\n\n%s", errUsage, err, doctorUsage)
	}
	redis.LogTo(slog.New(slog.DiscardHandler)) // what goes wrong is in the store's errors
	s, found := examined(env, o.demo)
	if o.demo && len(found.list) == 0 {
		stop, err := s.startDoctorsDemo()
		if err != nil {
			return err
		}
		defer stop()
	}
	return examine(ctx, s.doctorConfig(found, o.public, around), o.json, stdout)
}

// examined are the settings as far as they can be read, and what is wrong with
// them.
func examined(env lookupEnv, demo bool) (settings, problems) {
	env, hints, err := withDotEnv(env)
	if err != nil {
		var found problems
		found.add(doctor.DotEnv, "cannot be read or understood", "Each line must be NAME=value; quote a value that holds spaces, # or $ in 'single quotes'.")
		return settings{}, found
	}
	s, found := read(env, demo)
	s.hints = append(hints, s.hints...)
	return s, found
}

// startDoctorsDemo starts the demo provider without taking LISTEN_ADDR, where a
// demo may be running.
func (s *settings) startDoctorsDemo() (stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("webapp doctor cannot start the demo provider: %w", err)
	}
	defer func() { _ = listener.Close() }()
	return s.startDemo(listener)
}

// doctorConfig is what the doctor is told of the settings.
func (s *settings) doctorConfig(found problems, public *url.URL, around surroundings) doctor.Config {
	cfg := doctor.Config{
		Entra: s.entraConfig(nil, nil), RedirectURI: s.RedirectURI, ListenAddr: s.ListenAddr,
		StoreScheme: s.storeScheme(), Endpoint: s.Endpoint, PublicURL: public,
		Now: around.now, Transport: around.transport, LookupHost: around.lookupHost,
	}
	_, cfg.OwnAdapter = s.ownAdapter()
	cfg.Problems, cfg.Hints = forDoctor(found.list), forDoctor(s.hints)
	cfg.OpenStore = func(ctx context.Context) (doctor.Store, error) { return s.openStore(ctx, time.Now) }
	return cfg
}

func forDoctor(list []problem) []doctor.Problem {
	told := make([]doctor.Problem, len(list))
	for i, p := range list {
		told[i] = doctor.Problem{Name: p.name, Wrong: p.wrong, Remedy: p.remedy}
	}
	return told
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
