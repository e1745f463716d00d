//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// measureFirstBuild measures the CPU time of the first build on a machine. The modules
// are downloaded before.
func measureFirstBuild(ctx context.Context, _ options, r *report) error {
	cache, err := os.MkdirTemp("", "load-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(cache) }()
	// The program is the same as with -demo. With -version it ends at once.
	seconds, err := cpuOfGo(ctx, []string{"GOCACHE=" + cache}, "run", "./cmd/webapp", "-version")
	if err == nil {
		r.add(row{figure: "first go run ./cmd/webapp with an empty build cache, CPU", value: seconds, unit: "s", aim: valueAtMost(120)})
	}
	return err
}

// measureTests measures the CPU time of all tests when everything is compiled.
func measureTests(ctx context.Context, _ options, r *report) error {
	if _, err := cpuOfGo(ctx, nil, "test", "-run", "^$", "./..."); err != nil { // compiles
		return err
	}
	seconds, err := cpuOfGo(ctx, nil, "test", "-count=1", "./...")
	if err == nil {
		r.add(row{figure: "go test ./... with a warm build cache, CPU", value: seconds, unit: "s", aim: valueAtMost(75)})
	}
	return err
}

// cpuOfGo runs the go command and returns its CPU time in seconds, with that of its
// child processes. It adds env to the environment.
func cpuOfGo(ctx context.Context, env []string, args ...string) (float64, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%v: %w (is this the module's directory?)\n%s", cmd, err, text)
	}
	return (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), nil
}
