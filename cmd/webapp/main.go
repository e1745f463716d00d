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
	"fmt"
	"os"
	"os/signal"
	"syscall"
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
