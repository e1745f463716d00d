// Command webapp signs people in and out with Microsoft Entra ID or another OpenID
// Provider, shows them pages and calls an API on their behalf.
//
//	webapp          serve, with the configuration from the environment and .env
//	webapp -demo    serve with a built-in demo provider, without network
//	webapp doctor   check everything that a sign-in needs
//	webapp fakeidp  serve a fake Entra for other applications
//	webapp -help    list the other options
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

// errUsage says that the command line is not understood.
var errUsage = errors.New("usage")

// exitCode returns 2 for errUsage and 1 for any other error.
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

const usage = `webapp signs people in with Microsoft Entra ID or another OpenID Provider.

Usage:
  webapp            serve, with the configuration from the environment and .env
  webapp -demo      serve with a built-in demo provider: no registration, no network
  webapp doctor     check everything that a sign-in needs (webapp doctor -help)
  webapp fakeidp    serve a fake Entra for other applications (webapp fakeidp -help)
  webapp -version   print the version
  webapp -help      print this text

These variables name the provider and the application's registration there:
  CLIENT_ID, CLIENT_SECRET, AUTHORITY (or OIDC_AUTHORITY), REDIRECT_URI
docs/configuration.md lists all variables.
`

// run is the whole program. It returns when ctx ends, or with an error for the
// person who started it.
func run(ctx context.Context, args []string, env config.Lookup, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == "doctor" {
		return runDoctor(ctx, args[1:], env, stdout, doctorDeps{})
	}
	if len(args) > 0 && args[0] == "fakeidp" {
		return runFakeIDP(ctx, args[1:], stdout, stderr)
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
	c, err := config.Load(env, configOptions(*demo))
	if err != nil {
		return err
	}
	return serve(ctx, c, stdout, stderr)
}

// version is set by the linker: -ldflags "-X main.version=v1.2.3".
var version string

// buildVersion returns version, or the version that the Go toolchain recorded.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "(unknown)"
}
