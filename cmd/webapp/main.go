// Command webapp signs people in and out with Microsoft Entra ID, or any other
// OpenID Provider, serves them pages and calls an API on their behalf.
//
//	webapp          serve, configured by the environment and .env
//	webapp -demo    serve with a built-in demo provider, without network
//	webapp doctor   look at everything that a sign-in needs
//	webapp -help    everything else
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
	"syscall"

	"webapp/cmd/webapp/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(exitCode(err))
}

// exitCode is 2 for a command line that cannot be understood, 1 for any other
// failure.
func exitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errUsage):
		return 2
	default:
		return 1
	}
}

// errUsage: the command line cannot be understood.
var errUsage = errors.New("usage")

const usage = `webapp signs people in with Microsoft Entra ID, or any other OpenID Provider.

Usage:
  webapp            serve, configured by the environment and by .env
  webapp -demo      serve with a built-in demo provider: no registration, no network
  webapp doctor     look at everything that a sign-in needs (webapp doctor -help)
  webapp -version   print the version
  webapp -help      print this text

The environment names the provider and this application's registration there:
  CLIENT_ID, CLIENT_SECRET, AUTHORITY (or OIDC_AUTHORITY), REDIRECT_URI
and much besides; README.md has the whole table.
`

// version is stamped by the linker (-ldflags "-X main.version=v1.2.3").
var version string

// run is the program: it returns when ctx ends or something cannot go on. The
// error it returns is for the person who started it.
func run(ctx context.Context, args []string, env config.Lookup, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == "doctor" {
		return runDoctor(ctx, args[1:], env, stdout, doctorDeps{})
	}
	flags := flag.NewFlagSet("webapp", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	demo := flags.Bool("demo", false, "serve with the built-in demo provider")
	showVersion := flags.Bool("version", false, "print the version")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, err := io.WriteString(stdout, usage)
		return err
	case err != nil:
		return fmt.Errorf("%w: %w\n\n%s", errUsage, err, usage)
	case flags.NArg() > 0:
		return fmt.Errorf("%w: %q is not a command of webapp\n\n%s", errUsage, flags.Arg(0), usage)
	case *showVersion:
		_, err := fmt.Fprintln(stdout, "webapp", buildVersion())
		return err
	}
	c, err := config.Load(env, thisProgram(*demo))
	if err != nil {
		return err
	}
	return serve(ctx, c, stdout, stderr)
}

// buildVersion is the stamped version, else what the Go toolchain recorded.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "(unknown)"
}
