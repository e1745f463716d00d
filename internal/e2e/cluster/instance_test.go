//go:build integration && linux

package cluster

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/browsertest"
	"webapp/internal/test/servertest"
)

const (
	startLimit = 20 * time.Second
	// workLimit is the time limit of several hundred pages on a busy machine.
	workLimit = 60 * time.Second
	// stopLimit is longer than the ten seconds that the application has after
	// SIGTERM.
	stopLimit = 15 * time.Second
)

// instance is one process of the application. Restarted processes have the same
// address.
type instance struct {
	t    *testing.T
	addr string
	env  map[string]string

	cmd     *exec.Cmd
	process *browsertest.Process
}

// start runs the binary and waits until it serves.
func (i *instance) start() {
	i.t.Helper()
	i.run()
	eventually(i.t, startLimit, "the instance serves", func() bool {
		select {
		case <-i.process.Exited():
			require.Fail(i.t, "the instance has ended", i.process.Output())
		default:
		}
		status, _, _ := fetch("http://" + i.addr + "/healthz")
		return status == http.StatusOK
	})
}

// run runs the binary in an empty directory.
func (i *instance) run() {
	i.t.Helper()
	i.cmd = exec.Command(shared.binary)
	i.cmd.Dir = i.t.TempDir()
	i.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	i.process = browsertest.StartProcess(i.t, i.cmd, i.env)
	process := i.process
	i.t.Cleanup(func() { i.checkOutput(process) })
	i.t.Cleanup(func() {
		if i.process == process {
			i.stop()
		}
	})
}

// checkOutput searches the log for secrets.
func (i *instance) checkOutput(p *browsertest.Process) {
	output := p.Output()
	for _, banned := range []string{
		"panic", "goroutine ", i.env["SESSION_KEY"], fakeidp.DefaultClientSecret, redisPassword, servertest.PostgresPassword,
		fakeidp.UserMember, fakeidp.UserAdmin,
	} {
		if banned != "" {
			assert.NotContains(i.t, output, banned, "log")
		}
	}
}

// kill ends the process with SIGKILL.
func (i *instance) kill() {
	i.t.Helper()
	require.NoError(i.t, i.cmd.Process.Kill())
	<-i.process.Exited()
	i.process = nil
}

// stop sends SIGTERM. The process must exit in time with status 0.
func (i *instance) stop() {
	i.t.Helper()
	p := i.process
	i.process = nil
	_ = i.cmd.Process.Signal(syscall.SIGTERM) // fails if it has exited, see below
	select {
	case <-p.Exited():
		assert.Zero(i.t, p.ExitCode(), "exit status after SIGTERM")
	case <-time.After(stopLimit):
		assert.Fail(i.t, "the instance still runs after SIGTERM", stopLimit.String())
	}
}

// restart stops the process and starts it with other variables.
func (i *instance) restart(env map[string]string) {
	i.t.Helper()
	i.stop()
	for name, value := range env {
		i.env[name] = value
	}
	i.start()
}

// givenPorts has the ports that freeAddr has returned.
var givenPorts sync.Map

// freeAddr returns an unused address of the loopback interface, each address only
// once, because a stopped instance may be restarted on it. The port is outside the
// range that the kernel uses for outgoing connections.
func freeAddr(t *testing.T) string {
	t.Helper()
	for range 1000 {
		port := 10000 + rand.IntN(10000)
		if _, given := givenPorts.LoadOrStore(port, true); given {
			continue
		}
		addr := fmt.Sprintf("127.0.0.1:%d", port)
		l, err := net.Listen("tcp", addr)
		if err == nil {
			require.NoError(t, l.Close())
			return addr
		}
	}
	require.Fail(t, "no free port")
	return ""
}
