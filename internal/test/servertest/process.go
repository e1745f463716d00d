//go:build linux

package servertest

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startLimit bounds the start of a server.
const startLimit = 30 * time.Second

// process is a server process that can be restarted.
type process struct {
	t    testing.TB
	name string
	argv []string
	// ready is the text that the server logs when it accepts connections.
	ready string
	// user is the user of the process. nil is the user of the test.
	user *syscall.Credential

	cmd *exec.Cmd
	log *watchedLog
}

// start runs the server and waits until it is ready. It returns the log and false
// if the server ends instead.
func (p *process) start() (log string, ok bool) {
	p.t.Helper()
	p.log = newWatchedLog(p.ready)
	p.cmd = exec.Command(p.argv[0], p.argv[1:]...)
	p.cmd.Env = append(os.Environ(), "LC_ALL=C")
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	// If the test binary is killed, its servers end too.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.user, Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatalf("start %s: %v", p.name, err)
	}
	ended := make(chan struct{})
	go func() { _ = p.cmd.Wait(); close(ended) }()
	p.log.ended = ended
	select {
	case <-p.log.seen:
		return "", true
	case <-ended:
		return p.log.String(), false
	case <-time.After(startLimit):
		p.kill()
		p.t.Fatalf("%s was not ready within %v; its log:\n%s", p.name, startLimit, p.log)
		return "", false
	}
}

// startAnywhere starts the server on free ports, which argv writes into the
// arguments. It tries other ports if another process has taken one.
func (p *process) startAnywhere(ports int, argv func(free []int)) {
	p.t.Helper()
	for attempt := 1; ; attempt++ {
		argv(freePorts(p.t, ports))
		log, ok := p.start()
		if ok {
			break
		}
		if attempt == 5 || !strings.Contains(log, "in use") {
			p.t.Fatalf("%s did not start; its log:\n%s", p.name, log)
		}
	}
	p.t.Cleanup(p.kill)
}

// kill ends the server and its children with SIGKILL and waits for their end. It
// does nothing if the server is not running.
func (p *process) kill() {
	select {
	case <-p.log.ended:
		return
	default:
	}
	pid := p.cmd.Process.Pid
	stop(pid)
	family := children(pid)
	_ = syscall.Kill(pid, syscall.SIGKILL)
	for _, child := range family {
		_ = syscall.Kill(child, syscall.SIGKILL)
	}
	<-p.log.ended
	for _, child := range family {
		awaitEnd(child)
	}
}

// signal sends sig to the server and then to its children.
func (p *process) signal(sig syscall.Signal) {
	pid := p.cmd.Process.Pid
	if sig == syscall.SIGSTOP {
		stop(pid)
	}
	for _, one := range append(children(pid), pid) {
		_ = syscall.Kill(one, sig)
	}
}

// stop sends SIGSTOP and waits until the process is stopped, so that it starts no
// more children.
func stop(pid int) {
	_ = syscall.Kill(pid, syscall.SIGSTOP)
	awaitState(pid, func(state byte) bool { return state == 'T' || state == 'Z' })
}

// restart kills the server and starts it with the same arguments.
func (p *process) restart() {
	p.t.Helper()
	p.kill()
	if log, ok := p.start(); !ok {
		p.t.Fatalf("%s did not start again; its log:\n%s", p.name, log)
	}
}

// watchedLog keeps the output of a server and closes seen when it contains phrase.
type watchedLog struct {
	phrase []byte
	seen   chan struct{}
	// ended is closed when the process has ended.
	ended <-chan struct{}

	mu   sync.Mutex
	text bytes.Buffer
	hit  bool
}

// maxLog bounds the kept output.
const maxLog = 1 << 20

func newWatchedLog(phrase string) *watchedLog {
	return &watchedLog{phrase: []byte(phrase), seen: make(chan struct{})}
}

func (l *watchedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text.Len() < maxLog {
		l.text.Write(p)
	}
	if !l.hit && bytes.Contains(l.text.Bytes(), l.phrase) {
		l.hit = true
		close(l.seen)
	}
	return len(p), nil
}

// String returns the output so far.
func (l *watchedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
