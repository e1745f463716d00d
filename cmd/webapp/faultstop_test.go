//go:build unix

package main

import (
	"net"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/logtest"
	"webapp/internal/test/rsakeys"
)

// stopBound is the longest time of a stop: ten seconds for requests in flight, and some
// more for a busy machine.
const stopBound = 15 * time.Second

// Invariant 14: SIGTERM arrives while a callback is being served. The person is signed
// in.
func TestSIGTERMInTheMiddleOfACallback(t *testing.T) {
	t.Parallel()
	w, p := startProgram(t, func(*exec.Cmd) {})
	back := toCallback(w.browser())
	answer := w.holdToken(back)
	told := p.beginStop(w)
	assert.Empty(t, answer)
	w.idp.Heal()
	r := <-answer
	require.NotNil(t, r.Response)
	assert.Equal(t, http.StatusSeeOther, r.StatusCode, r.body)
	assert.Equal(t, "/call_api", r.Header.Get("Location"))
	names := ""
	for _, c := range r.Cookies() {
		if c.MaxAge >= 0 {
			names += c.Name
		}
	}
	assert.Equal(t, "webapp_session", names)
	assert.Equal(t, 1, w.idp.Requests(fakeidp.EndpointToken))
	p.awaitEnd(t, told)
}

// A provider that never responds and a client that never ends its request do not delay
// the stop beyond its limit.
func TestSIGTERMWhileNobodyAnswers(t *testing.T) {
	t.Parallel()
	w, p := startProgram(t, func(*exec.Cmd) {})
	half, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	require.NoError(t, err)
	defer func() { _ = half.Close() }()
	_, err = half.Write([]byte("POST /logout HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf"))
	require.NoError(t, err)
	answer, visitor := w.holdToken(toCallback(w.browser())), w.browser()
	for began := time.Now(); time.Since(began) < 4*time.Second; time.Sleep(10 * time.Millisecond) { // the rest of the call's ten seconds is within the stop's
		require.Equal(t, http.StatusOK, visitor.get("/healthz").StatusCode)
	}
	told := p.beginStop(w)
	r := <-answer
	require.NotNil(t, r.Response, "the person is told")
	assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode)
	assert.Contains(t, r.body, "The sign-in service cannot be reached")
	p.awaitEnd(t, told)
}

// holdToken sends a request that waits for the token endpoint.
func (w *world) holdToken(back step) <-chan reply {
	met := make(chan struct{})
	w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Hang: true, Met: func() { close(met) }})
	answer := inBackground(back)
	<-met
	return answer
}

// beginStop sends SIGTERM and waits until the program accepts no connection.
func (p *runningProgram) beginStop(w *world) (told time.Time) {
	told = time.Now()
	require.NoError(w.t, p.cmd.Process.Signal(syscall.SIGTERM))
	require.Eventually(w.t, func() bool {
		c, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	}, stopBound, time.Millisecond)
	return told
}

// awaitEnd requires that the program exits with status 0 in time.
func (p *runningProgram) awaitEnd(t *testing.T, told time.Time) {
	<-p.exited
	assert.Less(t, time.Since(told), stopBound)
	assert.Zero(t, p.cmd.ProcessState.ExitCode(), "exit status: %s", p.output)
	assert.NotContains(t, p.output.String(), "panic")
}

// runningProgram is the program as a process of its own.
type runningProgram struct {
	cmd    *exec.Cmd
	output *logtest.Buffer
	exited chan struct{}
}

// startProgram starts a provider and the program. change can alter the command. The
// world has only a provider and an address.
func startProgram(t *testing.T, change func(*exec.Cmd), env ...string) (*world, *runningProgram) {
	t.Helper()
	idp, err := fakeidp.New(fakeidp.Config{NewKey: rsakeys.Sequence(), Revocation: true})
	require.NoError(t, err)
	base, err := idp.Start("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = idp.Close() })
	free := port(closedAddress(t))
	w := &world{t: t, idp: idp, url: "http://localhost:" + free}
	p := &runningProgram{output: &logtest.Buffer{}, exited: make(chan struct{})}
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

// stop sends SIGTERM and requires status 0.
func (p *runningProgram) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	<-p.exited
	assert.Zero(t, p.cmd.ProcessState.ExitCode(), "exit status: %s", p.output)
}

// Invariant 14: a stop waits for a running revocation.
func TestSIGTERMInTheMiddleOfARevocation(t *testing.T) {
	t.Parallel()
	w, p := startProgram(t, func(*exec.Cmd) {})
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	met := make(chan struct{})
	w.idp.Fail(fakeidp.EndpointRevocation, fakeidp.Fault{Hang: true, Met: func() { close(met) }})
	logout(b, nil)
	<-met
	told := p.beginStop(w)
	assert.NotContains(t, p.output.String(), "token revoked")
	w.idp.Heal()
	p.awaitEnd(t, told)
	assert.Contains(t, p.output.String(), "token revoked")
	assert.Equal(t, 1, w.idp.Requests(fakeidp.EndpointRevocation))
}

// A revocation endpoint that never responds does not delay the stop beyond its limit.
func TestSIGTERMWhileNothingIsRevoked(t *testing.T) {
	t.Parallel()
	w, p := startProgram(t, func(*exec.Cmd) {})
	met := make(chan struct{}, 100)
	w.idp.Fail(fakeidp.EndpointRevocation, fakeidp.Fault{Hang: true, Met: func() { met <- struct{}{} }})
	for range 3 {
		b := w.browser()
		b.mustSignIn(fakeidp.UserMember)
		logout(b, nil)
		<-met
	}
	told := p.beginStop(w)
	p.awaitEnd(t, told)
	assert.Less(t, time.Since(told), 10*time.Second)
	assert.Contains(t, p.output.String(), "token revocation failed")
}
