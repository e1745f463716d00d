//go:build linux

package servertest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Ports are taken from below those that the kernel gives to outgoing
// connections. In that range a client that dials a killed server again and
// again could be given the server's port, and then talk to itself.
const (
	firstPort = 20000
	portCount = 10000
)

// givenPorts are those that freePorts has given to somebody.
var givenPorts sync.Map

// freePorts returns n ports of 127.0.0.1 on which nothing listens, and none
// twice: whoever has it may be about to be started again.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	var ports []int
	for range 1000 {
		if len(ports) == n {
			return ports
		}
		port := firstPort + rand.IntN(portCount)
		if _, given := givenPorts.LoadOrStore(port, true); given {
			continue
		}
		l, err := net.Listen("tcp", loopback(port))
		if err != nil {
			continue
		}
		defer l.Close() // all stay taken until all are found
		ports = append(ports, port)
	}
	t.Fatalf("no %d free ports from %d on", n, firstPort)
	return nil
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// tempDir makes a directory that is removed after the test. It is not
// t.TempDir, in which no other user may look.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "servertest-")
	if err != nil {
		t.Fatalf("make a directory for a server: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// binary finds an executable in PATH or else where one of the patterns says,
// the last match first.
func binary(t testing.TB, name, aptPackage string, patterns ...string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, pattern := range patterns {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return found[len(found)-1]
		}
	}
	t.Fatalf("This test needs %s, which is not on this machine. Install it with: apt-get install %s", name, aptPackage)
	return ""
}

// children returns the processes whose parent is pid.
func children(pid int) []int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	var found []int
	for _, path := range stats {
		child, state, parent, ok := readStat(path)
		if ok && parent == pid && state != 'Z' {
			found = append(found, child)
		}
	}
	return found
}

// readStat reads /proc/PID/stat, see proc(5).
func readStat(path string) (pid int, state byte, parent int, ok bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, 0, 0, false
	}
	// The second field is a name in brackets that may hold anything.
	end := bytes.LastIndexByte(text, ')')
	if end < 0 {
		return 0, 0, 0, false
	}
	if _, err := fmt.Sscanf(string(text), "%d", &pid); err != nil {
		return 0, 0, 0, false
	}
	_, err = fmt.Sscanf(string(text[end+1:]), " %c %d", &state, &parent)
	return pid, state, parent, err == nil
}

// awaitEnd waits until a process that is not ours to wait for has ended.
func awaitEnd(pid int) { awaitState(pid, func(state byte) bool { return state == 'Z' }) }

// awaitState waits, within bounds, until a process is in a state that reached
// accepts, or is gone.
func awaitState(pid int, reached func(state byte) bool) {
	const limit, step = 10 * time.Second, 2 * time.Millisecond
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		if _, state, _, ok := readStat(fmt.Sprintf("/proc/%d/stat", pid)); !ok || reached(state) {
			return
		}
		<-time.After(step)
	}
}
