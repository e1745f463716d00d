//go:build unix

package main

import (
	"bufio"
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// programProcess is a variable that makes the test binary run the program.
const programProcess = "WEBAPP_TEST_PROGRAM"

// program returns a command that runs the program in an empty directory of its own.
func program(t *testing.T, args []string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(env, programProcess+"=1")
	return cmd
}

// Invariant 14: both signals stop the program with status 0.
func TestSignalsStopTheProgramWithStatus0(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		t.Run(signal.String(), func(t *testing.T) {
			cmd := program(t, []string{"-demo"}, "LISTEN_ADDR=localhost:0")
			stdout, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			defer func() { _ = cmd.Process.Kill() }()
			lines, ready := bufio.NewScanner(stdout), false
			for !ready && lines.Scan() {
				ready = strings.Contains(lines.Text(), "is ready")
			}
			require.True(t, ready)
			require.NoError(t, cmd.Process.Signal(signal))
			assert.NoError(t, cmd.Wait(), "exit status 0")
		})
	}
}

// An empty SIGN_IN_PROMPT works in the environment and in .env.
func TestAnEmptyPromptReachesTheProgram(t *testing.T) {
	for name, c := range map[string]struct {
		env    []string
		file   string
		prompt bool
	}{
		"not set":              {nil, "", true},
		"empty":                {[]string{"SIGN_IN_PROMPT="}, "", false},
		"empty in .env":        {nil, "SIGN_IN_PROMPT=\n", false},
		"empty, login in .env": {[]string{"SIGN_IN_PROMPT="}, "SIGN_IN_PROMPT=login\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := program(t, []string{"-demo"}, append(c.env, "LISTEN_ADDR=localhost:0")...)
			require.NoError(t, os.WriteFile(filepath.Join(cmd.Dir, ".env"), []byte(c.file), 0o600))
			stdout, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
			var address []string
			for lines := bufio.NewScanner(stdout); address == nil && lines.Scan(); {
				address = regexp.MustCompile(`Open (http://\S+) in a browser`).FindStringSubmatch(lines.Text())
			}
			require.NotNil(t, address)
			res, err := http.DefaultTransport.RoundTrip(httptest.NewRequest(http.MethodGet, address[1]+"/login", nil))
			require.NoError(t, err)
			_ = res.Body.Close()
			require.Equal(t, http.StatusSeeOther, res.StatusCode)
			assert.Equal(t, c.prompt, strings.Contains(res.Header.Get("Location"), "prompt=select_account"))
			assert.Equal(t, c.prompt, strings.Contains(res.Header.Get("Location"), "prompt="))
		})
	}
}

func TestExitStatus(t *testing.T) {
	for _, c := range []struct {
		args   []string
		status int
	}{{[]string{"-version"}, 0}, {nil, 1}, {[]string{"-nonsense"}, 2}} {
		cmd := program(t, c.args)
		_ = cmd.Run() // the status says how it ended
		assert.Equal(t, c.status, cmd.ProcessState.ExitCode(), c.args)
	}
}

// Every start initializes all packages. The memory that one of ours allocates shows how
// much it does, on every machine: a table is small, and a regular expression with large
// counts is not. One has taken 3 ms.
func TestNoPackageHoldsTheStartUp(t *testing.T) {
	const enough = 64 << 10 // bytes
	cmd := program(t, []string{"-version"}, "GODEBUG=inittrace=1")
	var trace bytes.Buffer
	cmd.Stderr = &trace
	require.NoError(t, cmd.Run())
	found := regexp.MustCompile(`init (\S*webapp/\S+) @.*?, (\d+) bytes,`).FindAllStringSubmatch(trace.String(), -1)
	require.NotEmpty(t, found)
	for _, one := range found {
		allocated, err := strconv.Atoi(one[2])
		require.NoError(t, err)
		assert.Less(t, allocated, enough, one[1])
	}
}
