package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	"webapp/internal/adapters/fakeidp/standalone"
)

const fakeIDPUsage = `webapp fakeidp serves a fake Entra on this machine, for applications in any
language: no registration, no network, no passwords.

Usage:
  webapp fakeidp [-addr 127.0.0.1:8443] [-http] [-dir DIR] [-config FILE]

  -addr ADDR     loopback address to listen on; its host becomes the host of AUTHORITY
  -http          serve plain http instead of https
  -dir DIR       folder of the certificate authority (default: in the user's cache)
  -config FILE   tenants, accounts and clients in JSON (docs/fake-entra.md)
  -help          print this text

It prints a .env for the application, and the path of the CA certificate that the
application must trust. SIGHUP replaces the signing key. Ctrl+C stops it.
`

// runFakeIDP runs the command "webapp fakeidp". args are the arguments after
// fakeidp.
func runFakeIDP(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o := standalone.Options{Stdout: stdout, Stderr: stderr}
	flags := flag.NewFlagSet("webapp fakeidp", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.Addr, "addr", "127.0.0.1:8443", "address to listen on")
	flags.BoolVar(&o.HTTP, "http", false, "serve plain http")
	flags.StringVar(&o.Dir, "dir", "", "folder of the certificate authority")
	flags.StringVar(&o.ConfigFile, "config", "", "configuration file")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, err := io.WriteString(stdout, fakeIDPUsage)
		return err
	case err == nil && flags.NArg() > 0:
		err = fmt.Errorf("%q is not an option of webapp fakeidp", flags.Arg(0))
	case err == nil:
		if _, _, malformed := net.SplitHostPort(o.Addr); malformed != nil {
			err = fmt.Errorf("-addr %q is not an address such as 127.0.0.1:8443", o.Addr)
		}
	}
	if err != nil {
		return fmt.Errorf("%w: %w\n\n%s", errUsage, err, fakeIDPUsage)
	}
	rotate := make(chan os.Signal, 1)
	signal.Notify(rotate, syscall.SIGHUP)
	defer signal.Stop(rotate)
	o.Rotate = rotate
	err = standalone.Run(ctx, o)
	switch {
	case portTaken(err):
		return fmt.Errorf("webapp fakeidp cannot serve: %w.\n    Another program uses the port. Stop that program, or choose another port with -addr", err)
	case err != nil:
		return fmt.Errorf("webapp fakeidp cannot serve: %w", err)
	}
	return nil
}
