//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"webapp/internal/adapters/fakeidp"
)

// program is a built web application and the way to start it.
type program struct {
	name, binary string
	// settings returns the arguments and the environment for an address
	// 127.0.0.1:PORT and its public origin http://localhost:PORT.
	settings func(addr, origin string) (args, env []string)
	// home is the first page that a browser requests. login redirects to the
	// provider, and verify is for proxies.
	home, login, verify string
}

// The packages to build.
const (
	theApplication = "webapp/cmd/webapp"
	theBareProgram = "webapp/internal/tools/load/bare"
)

// build builds a package into dir as the Dockerfile does, and returns a copy of the
// binary. Installed programs are copies, and the kernel maps a copy about a millisecond
// faster than the file that the linker wrote.
func build(ctx context.Context, dir, name string) (string, error) {
	binary := filepath.Join(dir, filepath.Base(name))
	linked := binary + ".linked"
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", "grpcnotrace", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", linked, name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w (is this the module's directory?)\n%s", err, text)
	}
	return binary, exec.CommandContext(ctx, "cp", linked, binary).Run()
}

// ours returns the application with everything on that a page passes through.
func ours(binary string, idp *providerProcess) program {
	return program{name: "webapp", binary: binary, home: "/", login: "/login", verify: "/verify", settings: func(addr, origin string) (args, env []string) {
		return nil, []string{
			"LISTEN_ADDR=" + addr, "REDIRECT_URI=" + origin + "/getAToken", "METRICS_ADDR=127.0.0.1:0",
			"AUTHORITY=" + idp.authority(), "CLIENT_ID=" + fakeidp.DefaultClientID, "CLIENT_SECRET=" + fakeidp.DefaultClientSecret,
			"FORWARD_AUTH=true", "TRUSTED_PROXIES=127.0.0.0/8",
		}
	}}
}

// bareProgram returns a baseline, which reads LISTEN_ADDR.
func bareProgram(name, binary string, args ...string) program {
	return program{name: name, binary: binary, home: "/", verify: "/verify", settings: func(addr, _ string) ([]string, []string) {
		return args, []string{"LISTEN_ADDR=" + addr}
	}}
}

// running is a process of a program.
type running struct {
	program
	addr string
	port string
	cmd  *exec.Cmd
	dir  string
	// coldStart is the time from the start to the first page.
	coldStart time.Duration
}

// start starts the program on a free port and waits for its first page.
func (p program) start(ctx context.Context) (*running, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "load-") // has no .env
	if err != nil {
		return nil, err
	}
	r := &running{program: p, addr: addr, port: addr[strings.LastIndex(addr, ":")+1:], dir: dir}
	args, env := p.settings(addr, "http://localhost:"+r.port)
	r.cmd = exec.CommandContext(ctx, p.binary, args...)
	r.cmd.Dir, r.cmd.Env = dir, append([]string{}, env...) // nothing is inherited
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	r.cmd.Stdout, r.cmd.Stderr = log, log
	began := time.Now()
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	if err := r.firstPage(ctx, began.Add(patience)); err != nil {
		text, _ := os.ReadFile(log.Name())
		r.stop()
		return nil, fmt.Errorf("%s: %w\n%s", p.name, err, text)
	}
	r.coldStart = time.Since(began)
	return r, nil
}

// stop ends the process and removes its directory.
func (r *running) stop() {
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
	_ = os.RemoveAll(r.dir)
}

// firstPage requests the home page until there is a response.
func (r *running) firstPage(ctx context.Context, until time.Time) error {
	for time.Now().Before(until) && ctx.Err() == nil {
		conn, err := net.Dial("tcp", r.addr)
		if err != nil {
			time.Sleep(100 * time.Microsecond)
			continue
		}
		_ = conn.Close()
		_, err = r.get(r.home, "")
		return err
	}
	return errors.New("the process did not respond")
}

// get requests a path and returns the response, whose body it has read. It follows
// no redirect.
func (r *running) get(path, cookie string) (*http.Response, error) {
	request, err := http.NewRequest(http.MethodGet, "http://"+r.addr+path, nil)
	if err != nil {
		return nil, err
	}
	request.Host = "localhost:" + r.port
	request.Header.Set("Cookie", cookie)
	res, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if err == nil && res.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s returned %d", path, res.StatusCode)
	}
	return res, err
}

// signIn signs a person in and returns the cookies.
func (r *running) signIn(idp *providerProcess) (string, error) {
	begun, err := r.get(r.login, "")
	if err != nil {
		return "", err
	}
	location, err := begun.Location()
	if err != nil {
		return "", err
	}
	query, err := idp.approve(location.String())
	if err != nil {
		return "", err
	}
	callback, err := url.Parse(location.Query().Get("redirect_uri"))
	if err != nil {
		return "", err
	}
	done, err := r.get(callback.Path+"?"+query, cookies(begun.Header))
	if err != nil {
		return "", err
	}
	return cookies(done.Header), nil
}

func freeAddr() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// resident returns the resident memory of the process in MiB.
func (r *running) resident() float64 {
	text := field(fmt.Sprintf("/proc/%d/status", r.cmd.Process.Pid), "VmRSS")
	kib, _ := strconv.ParseFloat(strings.TrimSuffix(text, " kB"), 64)
	return kib / 1024
}
