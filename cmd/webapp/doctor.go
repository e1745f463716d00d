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
)

const doctorUsage = `webapp doctor checks everything that a sign-in needs, with the configuration that
webapp itself would read. It says what is wrong and how to correct it.

Usage:
  webapp doctor [-json] [-url https://app.example.com | -demo]

  -url URL   also check the running application, through the proxy in front of it
  -json      print one JSON object: ok, checks[].name, status, summary, detail, remedy
  -demo      check the built-in demo provider instead of a real one
  -help      print this text

Each check is ok, warning, failed or skipped. The exit status is 1 if a check
failed, 2 if the command line is not understood, otherwise 0. No secret is printed.
`

// errUnhealthy says that a check failed. The output names the check.
var errUnhealthy = errors.New("webapp doctor: at least one check failed")

// doctorDeps are parts of the system that a test replaces. The zero value is the
// real system.
type doctorDeps struct {
	now        func() time.Time
	transport  *http.Transport
	lookupHost func(context.Context, string) ([]string, error)
}

// runDoctor runs the command "webapp doctor". args are the arguments after doctor.
func runDoctor(ctx context.Context, args []string, env config.Lookup, stdout io.Writer, d doctorDeps) error {
	o, err := parseDoctorArgs(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, err := io.WriteString(stdout, doctorUsage)
		return err
	case err != nil:
		return fmt.Errorf("%w: %w\n\n%s", errUsage, err, doctorUsage)
	}
	c, err := config.Load(env, configOptions(o.demo))
	if o.demo && err == nil {
		stop, err := startDoctorDemo(&c)
		if err != nil {
			return err
		}
		defer stop()
	}
	return examine(ctx, doctorConfig(c, err, o.public, d), o.json, stdout)
}

// doctorArgs are the options of the command line.
type doctorArgs struct {
	json, demo bool
	public     *url.URL // nil without -url
}

func parseDoctorArgs(args []string) (doctorArgs, error) {
	var o doctorArgs
	flags := flag.NewFlagSet("webapp doctor", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&o.json, "json", false, "print one JSON object")
	flags.BoolVar(&o.demo, "demo", false, "check the built-in demo provider")
	public := flags.String("url", "", "public address of the running application")
	err := flags.Parse(args)
	switch {
	case err != nil:
		return doctorArgs{}, err
	case flags.NArg() > 0:
		return doctorArgs{}, fmt.Errorf("%q is not an option of webapp doctor", flags.Arg(0))
	case o.demo && *public != "":
		return doctorArgs{}, errors.New("-demo and -url cannot be used together, because -demo starts a provider that no running application uses: use -url without it")
	case *public != "":
		o.public, err = parsePublicURL(*public)
	}
	return o, err
}

// parsePublicURL reads an origin. Its errors do not quote text, which can contain a
// password.
func parsePublicURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("-url is not a web address: write it like https://app.example.com")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return nil, errors.New("-url has more than a scheme and a host: write it like https://app.example.com")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// startDoctorDemo starts the demo provider. It does not use LISTEN_ADDR, because a
// demo may be running there.
func startDoctorDemo(c *config.Config) (stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("webapp doctor cannot start the demo provider: %w", err)
	}
	defer func() { _ = listener.Close() }()
	return startDemo(c, listener)
}

// doctorConfig makes the doctor's configuration. problem is the error of
// config.Load. If it is not nil, c has the values that could be read.
func doctorConfig(c config.Config, problem error, public *url.URL, d doctorDeps) doctor.Config {
	_, own := identityProviders()[c.OIDCAuthority]
	cfg := doctor.Config{
		Hints:             c.Hints,
		Entra:             c.Entra(nil, nil),
		AuthorityVariable: c.AuthorityVariable(),
		OwnAdapter:        own,
		RedirectURI:       c.RedirectURI,
		ListenAddr:        c.ListenAddr,
		OpenStore: func(ctx context.Context) (doctor.Store, error) {
			// The log is discarded, because the store's errors say the same.
			return newStore(ctx, c, time.Now, slog.New(slog.DiscardHandler))
		},
		StoreScheme:   c.StoreScheme(),
		StoreVariable: c.StoreVariable(),
		Endpoint:      c.Endpoint,
		BasePath:      c.BasePath,
		PublicURL:     public,
		Now:           d.now,
		Transport:     d.transport,
		LookupHost:    d.lookupHost,
	}
	if c.SessionKeyFile != "" {
		cfg.KeysInFile = len(c.SessionKeys)
	}
	if found, ok := errors.AsType[*config.Problems](problem); ok {
		cfg.Problems = found.List
	}
	return cfg
}

// examine runs the checks and prints each as soon as it is done. With asJSON it
// prints all checks at the end.
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
