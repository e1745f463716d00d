//go:build unix

package main

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// aProgram is the whole program in a process of its own.
type aProgram struct {
	cmd    *exec.Cmd
	output *safeBuffer
	exited chan struct{}
}

// startProgram starts a provider, and the program by a command that change may
// alter. The world has no more than a provider and an address.
func startProgram(t *testing.T, change func(*exec.Cmd), env ...string) (*world, *aProgram) {
	t.Helper()
	idp, err := fakeidp.New(fakeidp.Config{SigningKey: signingKey()})
	require.NoError(t, err)
	base, err := idp.Start("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = idp.Close() })
	free := port(closedAddress(t))
	w := &world{t: t, idp: idp, url: "http://localhost:" + free}
	p := &aProgram{output: &safeBuffer{}, exited: make(chan struct{})}
	p.cmd = program(t, nil, append(env,
		"AUTHORITY="+idp.Authority(fakeidp.ContosoTenantID), "CLIENT_ID="+fakeidp.DefaultClientID,
		"CLIENT_SECRET="+fakeidp.DefaultClientSecret, "SCOPE=User.Read", "ENDPOINT="+base+"/v1.0/me",
		"LISTEN_ADDR=127.0.0.1:"+free, "REDIRECT_URI="+w.url+"/getAToken")...)
	change(p.cmd)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); <-p.exited })
	go func() { _ = p.cmd.Wait(); close(p.exited) }()
	require.Eventually(t, func() bool { return strings.Contains(p.output.String(), "is ready") },
		20*time.Second, 5*time.Millisecond, "it starts: %s", p.output)
	return w, p
}

// stop sends SIGTERM and requires that the program ends well.
func (p *aProgram) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	<-p.exited
	assert.Zero(t, p.cmd.ProcessState.ExitCode(), "exit status: %s", p.output)
}
