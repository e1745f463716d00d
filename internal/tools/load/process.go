package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"webapp/internal/adapters/fakeidp"
)

const (
	// startPatience bounds the wait for a process that starts.
	startPatience = 10 * time.Second
	// idleFor is how long the process has had nothing to do when its memory is
	// read.
	idleFor = 3 * time.Second
)

// measureProcess builds the application as it is deployed and measures its
// size, its cold start to the first sign-in page, and its memory afterwards.
func measureProcess(ctx context.Context, o options, r *report) error {
	r.say("process: build")
	dir, err := os.MkdirTemp("", "load-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary := filepath.Join(dir, "webapp")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "webapp/cmd/webapp")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%w (is this the module's directory?)\n%s", err, text)
	}
	info, err := os.Stat(binary)
	if err != nil {
		return err
	}
	r.add(row{Part: "process", Figure: "size of the stripped binary", Value: float64(info.Size()) / 1e6, Unit: "MB", Aim: atMost(40)})
	idp, err := startProvider()
	if err != nil {
		return err
	}
	defer idp.stop()
	configured := []string{"AUTHORITY=" + idp.authority(), "CLIENT_ID=" + fakeidp.DefaultClientID, "CLIENT_SECRET=" + fakeidp.DefaultClientSecret}
	for _, kind := range []started{
		{name: "with a provider", dir: dir, binary: binary, env: configured},
		{name: "with -demo", dir: dir, binary: binary, args: []string{"-demo"}},
	} {
		if err := kind.report(ctx, o, r); err != nil {
			return err
		}
	}
	return nil
}

// started is one way to start the binary.
type started struct {
	name, dir, binary string
	args, env         []string
}

func (s started) report(ctx context.Context, o options, r *report) error {
	var took []time.Duration
	var memory footprint
	for i := range o.starts {
		r.say("process: %s, start %d of %d", s.name, i+1, o.starts)
		last := i == o.starts-1
		d, rss, err := s.once(ctx, last)
		if err != nil {
			return err
		}
		took = append(took, d)
		if last {
			memory = rss
		}
	}
	of := summary(took)
	r.add(row{Part: "process", Figure: "cold start " + s.name + ", to the first sign-in page (median)", Value: micros(of.p50) / 1000, Unit: "ms", Aim: atMost(15)})
	if memory.resident > 0 {
		r.add(row{Part: "process", Figure: "resident memory " + s.name + ", idle", Value: memory.resident, Unit: "MiB", Aim: atMost(20)})
		r.add(row{Part: "process", Figure: "of it the process's own, the rest being pages of the binary's file", Value: memory.anonymous, Unit: "MiB"})
	}
	return nil
}

// footprint is the memory of a process in MiB.
type footprint struct{ resident, anonymous float64 }

// once starts the process, asks for its first page and ends it. Where memory is
// wanted it is left alone for a while before.
func (s started) once(ctx context.Context, memory bool) (took time.Duration, rss footprint, err error) {
	addr, err := freeAddr()
	if err != nil {
		return 0, rss, err
	}
	cmd := exec.CommandContext(ctx, s.binary, s.args...)
	cmd.Dir = s.dir // where there is no .env
	cmd.Env = append(s.env, "LISTEN_ADDR="+addr, "REDIRECT_URI=http://"+addr+"/getAToken")
	var text bytes.Buffer
	cmd.Stderr = &text
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, rss, err
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	if err := firstPage(ctx, addr, began.Add(startPatience)); err != nil {
		return 0, rss, fmt.Errorf("%w\n%s", err, text.String())
	}
	took = time.Since(began)
	if memory {
		if err := waitUntil(ctx, time.Now().Add(idleFor)); err != nil {
			return 0, rss, err
		}
		rss = footprint{memoryOf(cmd.Process.Pid, "VmRSS"), memoryOf(cmd.Process.Pid, "RssAnon")}
	}
	return took, rss, nil
}
