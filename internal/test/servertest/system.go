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

// The ports are below the range that the kernel uses for outgoing connections. In
// that range, a client that dials a killed server could get the server's port and
// connect to itself.
const (
	firstPort = 20000
	portCount = 10000
)

// givenPorts has the ports that freePorts has returned.
var givenPorts sync.Map

// freePorts returns n unused ports of 127.0.0.1. It returns each port only once,
// because a stopped server may be restarted on it.
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
		defer l.Close() // keep it in use until all are found
		ports = append(ports, port)
	}
	t.Fatalf("no %d free ports from %d on", n, firstPort)
	return nil
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// tempDir creates a directory that is removed after the test. Unlike t.TempDir,
// other users can enter it.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "servertest-")
	if err != nil {
		t.Fatalf("make a directory for a server: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// binary finds an executable in PATH, otherwise the last match of a pattern.
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
	// The second field is a name in brackets that may contain anything.
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

// awaitEnd waits until a process that is not our child has ended.
func awaitEnd(pid int) { awaitState(pid, func(state byte) bool { return state == 'Z' }) }

// awaitState waits up to ten seconds until reached returns true for the state of
// the process, or the process has ended.
func awaitState(pid int, reached func(state byte) bool) {
	const limit, step = 10 * time.Second, 2 * time.Millisecond
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		if _, state, _, ok := readStat(fmt.Sprintf("/proc/%d/stat", pid)); !ok || reached(state) {
			return
		}
		<-time.After(step)
	}
}
