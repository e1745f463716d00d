//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// measureBuilds measures the CPU time of the first build on a machine and of all
// tests. The modules are downloaded before.
func measureBuilds(ctx context.Context, _ options, r *report) error {
	cache, err := os.MkdirTemp("", "load-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(cache) }()
	r.say("first build")
	// With -version the program ends at once. It is built like for -demo.
	first, err := cpuOfGo(ctx, "GOCACHE="+cache, "run", "./cmd/webapp", "-version")
	if err != nil {
		return err
	}
	r.add(row{figure: "first go run ./cmd/webapp with an empty build cache, CPU", value: first, unit: "s", aim: valueAtMost(120)})
	r.say("all tests")
	if _, err := cpuOfGo(ctx, "", "test", "-run", "^$", "./..."); err != nil { // warms the build cache
		return err
	}
	tests, err := cpuOfGo(ctx, "", "test", "-count=1", "./...")
	if err != nil {
		return err
	}
	r.add(row{figure: "go test ./... with a warm build cache, CPU", value: tests, unit: "s", aim: valueAtMost(75)})
	return nil
}

// cpuOfGo runs the go command and returns its CPU time in seconds, with that of its
// child processes.
func cpuOfGo(ctx context.Context, setting string, args ...string) (float64, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = os.Environ()
	if setting != "" {
		cmd.Env = append(cmd.Env, setting)
	}
	if text, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go %s: %w (is this the module's directory?)\n%s", args[0], err, text)
	}
	return (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), nil
}
