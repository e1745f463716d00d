package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

// childFile is the variable with the file for a copy of the test binary, which acts
// as another process.
const childFile = "SQLITE_TEST_CHILD_FILE"

// TestChildProcess is the other process. It increments a counter and prints a line
// each time until it is killed.
func TestChildProcess(t *testing.T) {
	path := os.Getenv(childFile)
	if path == "" {
		return
	}
	s, err := open(t.Context(), path, startClock().Now, nil)
	require.NoError(t, err)
	for {
		n, err := increment(t.Context(), s)
		require.NoError(t, err)
		fmt.Println("counted", n)
	}
}

// increment adds one to the counter. It tries until it succeeds.
func increment(ctx context.Context, s *Store) (int, error) {
	for {
		found, err := s.Find(ctx, "counter")
		if err != nil {
			return 0, err
		}
		n, err := strconv.Atoi(string(found.Value))
		if err != nil {
			return 0, err
		}
		r := record("counter", strconv.Itoa(n+1), "index")
		if _, err := s.Replace(ctx, r, found.Version); !errors.Is(err, ports.ErrRecordChanged) {
			return n + 1, err
		}
	}
}

func TestProcessesShareAFileAndOneIsKilled(t *testing.T) {
	const each = 50
	path := filepath.Join(t.TempDir(), "sessions.db")
	s := openStore(t, path, startClock())
	_, err := s.Create(t.Context(), record("counter", "0", "index"))
	require.NoError(t, err)

	done, counted := make(chan int), 0
	for range 2 {
		go func() { done <- countAndKill(t, path, each) }()
	}
	for range each {
		_, err := increment(t.Context(), s)
		require.NoError(t, err)
	}
	counted = each + <-done + <-done

	// All printed increments are there. Each killed process may have added one
	// more.
	found, err := s.Find(t.Context(), "counter")
	require.NoError(t, err)
	n, err := strconv.Atoi(string(found.Value))
	require.NoError(t, err)
	require.GreaterOrEqual(t, n, counted)
	require.LessOrEqual(t, n, counted+2)
	_, err = increment(t.Context(), s)
	require.NoError(t, err, "a killed process leaves no lock behind")
}

// countAndKill runs a child, kills it after some increments, and returns how many it
// has printed.
func countAndKill(t *testing.T, path string, enough int) (counted int) {
	child := exec.Command(os.Args[0], "-test.run=^TestChildProcess$")
	child.Env = append(os.Environ(), childFile+"="+path)
	out, err := child.StdoutPipe()
	if err != nil || child.Start() != nil {
		t.Error("the other process does not start")
		return 0
	}
	for lines := bufio.NewScanner(out); lines.Scan(); counted++ {
		if counted == enough {
			_ = child.Process.Kill()
		}
	}
	_ = child.Wait()
	return counted
}
