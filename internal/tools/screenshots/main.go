// Command screenshots makes the pictures of README.md: it builds the
// application, runs it with the demo provider and photographs its pages in
// headless Chromium.
//
//	go run ./internal/tools/screenshots -out docs/screenshots
//
// It needs chromium on PATH, or named by the variable CHROMIUM. Pictures are of
// fixed sizes; times and identifiers in them differ from run to run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"webapp/internal/test/browsertest"
)

func main() {
	out := flag.String("out", "docs/screenshots", "the directory to write to")
	flag.Parse()
	if err := run(context.Background(), *out); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out string) (err error) {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "screenshots-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binary, err := browsertest.Build(ctx, dir)
	if err != nil {
		return err
	}
	browser, err := browsertest.Launch(filepath.Join(dir, "chromium"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, browser.Close()) }()
	return inTest(dir, func(t browsertest.T) {
		app := browsertest.StartApp(t, browsertest.AppConfig{Binary: binary, Port: port, Args: []string{"-demo"}})
		for _, agent := range []string{oldMachine, phone} { // for the list of sessions
			tab := browser.Visitor(t).Tab()
			tab.Identify(agent)
			signIn(app, tab)
		}
		for _, a := range albums() {
			a.shoot(t, out, app, browser.Visitor(t).Tab())
		}
	})
}

// port is the application's default, which is the one to be seen in pictures.
const port = 3000
