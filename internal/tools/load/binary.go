package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"webapp/internal/adapters/fakeidp"
)

// startPatience bounds the start of a process.
const startPatience = 10 * time.Second

// binary is a built program and the way to start it.
type binary struct {
	dir, path string
	name      string // of the way to start it
	args, env []string
}

// The packages to build.
const (
	theApplication = "webapp/cmd/webapp"
	theBareProgram = "webapp/internal/tools/load/bare"
)

// buildBinary builds a package as the Dockerfile does.
func buildBinary(ctx context.Context, r *report, name string) (b binary, remove func(), err error) {
	r.say("build %s", name)
	dir, err := os.MkdirTemp("", "load-")
	if err != nil {
		return b, nil, err
	}
	b = binary{dir: dir, path: filepath.Join(dir, path.Base(name))}
	build := exec.CommandContext(ctx, "go", "build", "-tags", "grpcnotrace", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", b.path, name)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		_ = os.RemoveAll(dir)
		return b, nil, fmt.Errorf("%w (is this the module's directory?)\n%s", err, text)
	}
	return b, func() { _ = os.RemoveAll(dir) }, nil
}

// configured returns b with a provider and metrics.
func (b binary) configured(idp *providerProcess) binary {
	b.name = "with a provider"
	b.env = []string{
		"AUTHORITY=" + idp.authority(), "CLIENT_ID=" + fakeidp.DefaultClientID, "CLIENT_SECRET=" + fakeidp.DefaultClientSecret,
		"METRICS_ADDR=127.0.0.1:0",
	}
	return b
}

// demo returns b with -demo.
func (b binary) demo() binary {
	b.name, b.args = "with -demo", []string{"-demo"}
	return b
}

// running is a process of a binary.
type running struct {
	addr string
	pid  int
	// coldStart is the time from the start to the first sign-in page.
	coldStart time.Duration
}

// run starts the process on a free address and waits for a sign-in page. Then it
// calls f and ends the process.
func (b binary) run(ctx context.Context, f func(running) error) error {
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, b.path, b.args...)
	cmd.Dir = b.dir // it has no .env
	cmd.Env = append(b.env, "LISTEN_ADDR="+addr, "REDIRECT_URI=http://localhost"+addr[strings.LastIndex(addr, ":"):]+"/getAToken")
	text, err := os.Create(filepath.Join(b.dir, "log"))
	if err != nil {
		return err
	}
	defer func() { _ = text.Close() }()
	cmd.Stderr = text
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	err = firstPage(ctx, addr, began.Add(startPatience))
	if err == nil {
		err = f(running{addr, cmd.Process.Pid, time.Since(began)})
	}
	if err != nil {
		return errors.Join(err, lastLines(text.Name()))
	}
	return nil
}

// lastLines returns the end of a log as an error.
func lastLines(name string) error {
	const enough = 2000
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	return errors.New(string(bytes.TrimSpace(text[max(0, len(text)-enough):])))
}

// firstPage requests the home page until there is a response.
func firstPage(ctx context.Context, addr string, until time.Time) error {
	const pause = 100 * time.Microsecond
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: startPatience}
	for time.Now().Before(until) && ctx.Err() == nil {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			<-time.After(pause)
			continue
		}
		_ = conn.Close()
		res, err := client.Get("http://" + addr + "/")
		if err != nil {
			return err
		}
		page, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || !bytes.Contains(page, []byte("/login")) {
			return errors.Join(fmt.Errorf("the first page has status %d and is not a sign-in page", res.StatusCode), err)
		}
		return nil
	}
	return errors.New("the process did not respond")
}

func freeAddr() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// memoryOf returns a value of /proc/PID/status in MiB, or 0.
func memoryOf(pid int, figure string) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(text), figure+":")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		return 0
	}
	kib, _ := strconv.ParseFloat(fields[0], 64)
	return kib / 1024
}
