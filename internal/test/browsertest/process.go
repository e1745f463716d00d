package browsertest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"webapp/internal/test/logtest"
)

// stopTimeout is longer than the ten seconds that the application has to finish
// requests in flight.
const stopTimeout = 15 * time.Second

// Process is a program that runs until the end of the test.
type Process struct {
	t      T
	cmd    *exec.Cmd
	output logtest.Buffer
	done   chan struct{}
	err    error // of Wait; read it after done is closed
}

// StartProcess runs cmd. Its environment is env with PATH and HOME. At the end of
// the test it kills the program if it still runs, and shows its output if the test
// has failed.
func StartProcess(t T, cmd *exec.Cmd, env map[string]string) *Process {
	t.Helper()
	p := &Process{t: t, cmd: cmd, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	check(t, cmd.Start(), "start %s", cmd.Path)
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(p.cleanup)
	return p
}

// Output returns the output of the program so far.
func (p *Process) Output() string { return p.output.String() }

// WaitForOutput waits until the program has printed text. After a time limit it
// ends the test.
func (p *Process) WaitForOutput(text string) {
	p.t.Helper()
	err := p.waitFor(startTimeout, func() error {
		if strings.Contains(p.Output(), text) {
			return nil
		}
		return fmt.Errorf("it has not printed %q", text)
	})
	check(p.t, err, "wait for %s", p.cmd.Path)
}

// Stop sends SIGTERM. It fails the test unless the program exits with status 0
// within a time limit.
func (p *Process) Stop() {
	p.t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails if it has exited, see below
	select {
	case <-p.done:
		if p.err != nil {
			p.t.Errorf("%s after SIGTERM: %v, want exit status 0", p.cmd.Path, p.err)
		}
	case <-time.After(stopTimeout):
		p.t.Errorf("%s still runs %s after SIGTERM", p.cmd.Path, stopTimeout)
	}
}

// Exited returns a channel that closes when the program has ended.
func (p *Process) Exited() <-chan struct{} { return p.done }

// ExitCode waits for the end of the program and returns its exit status, or -1 if a
// signal ended it.
func (p *Process) ExitCode() int {
	<-p.done
	return p.cmd.ProcessState.ExitCode()
}

func (p *Process) cleanup() {
	select {
	case <-p.done:
	default:
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	if p.t.Failed() {
		p.t.Logf("output of %s:\n%s", p.cmd.Path, p.Output())
	}
}

// waitFor calls ready until it returns nil. It returns an error if the program ends
// or the limit is reached.
func (p *Process) waitFor(limit time.Duration, ready func() error) error {
	deadline := time.After(limit)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return errors.Join(errors.New("ended before it was ready"), p.err)
		case <-deadline:
			return fmt.Errorf("not ready after %s: %w", limit, err)
		case <-tick.C:
		}
	}
}

// givenPorts has the ports that FreePort has returned.
var givenPorts sync.Map

// FreePort returns an unused TCP port of the loopback interface, each port only
// once. It is outside the range that the kernel uses for outgoing connections.
func FreePort(t T) int {
	t.Helper()
	for range 1000 {
		port := 30000 + rand.IntN(2700)
		if _, given := givenPorts.LoadOrStore(port, true); given {
			continue
		}
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			check(t, l.Close(), "find a free port")
			return port
		}
	}
	check(t, errors.New("1000 ports are in use"), "find a free port")
	return 0
}
