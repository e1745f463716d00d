package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"regexp"
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

func good() map[string]string {
	return map[string]string{
		"AUTHORITY": "https://login.microsoftonline.com/" + fakeidp.ContosoTenantID,
		"CLIENT_ID": "5b3f6c1e-90d7-4f28-8a6b-e1c04d7295fa", "CLIENT_SECRET": "S3cret~Value",
	}
}

func TestCommandLine(t *testing.T) {
	for _, c := range []struct {
		args []string
		exit int
		text string
	}{
		{[]string{"-version"}, 0, "webapp"},
		{[]string{"-help"}, 0, "-demo"},
		{[]string{"-h"}, 0, "-demo"},
		{[]string{"-nonsense"}, 2, "Usage:"},
		{[]string{"nonsense"}, 2, "Usage:"},
		{nil, 1, "-demo"},
	} {
		var out bytes.Buffer
		err := run(t.Context(), c.args, lookupIn(nil), &out, &out)
		assert.Equal(t, c.exit, exitCode(err), c.args)
		if err != nil {
			out.WriteString(err.Error())
		}
		assert.Contains(t, out.String(), c.text)
	}
}

// Invariant 13: the demo cannot leak into production.
func TestDemoRefusesToStartBesideAnythingReal(t *testing.T) {
	for name, value := range map[string]string{
		"AUTHORITY": "https://login.microsoftonline.com/common", "OIDC_AUTHORITY": "https://idp.example",
		"CLIENT_SECRET": "S3cret~Value", "CLIENT_SECRET_FILE": "/x", "CLIENT_CERTIFICATE_FILE": "/x", "AZURE_FEDERATED_TOKEN_FILE": "/x",
		"CLIENT_MANAGED_IDENTITY": "5b3f6c1e-90d7-4f28-8a6b-e1c04d7295fa", "CLIENT_CERTIFICATE_PASSWORD": "S3cret~Value",
		"ALLOWED_TENANTS": "*", "ALLOWED_SUBJECTS": "*",
		"LISTEN_ADDR": "0.0.0.0:3000", "REDIRECT_URI": "https://app.example/getAToken",
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			var out bytes.Buffer
			err := run(stopped(t), []string{"-demo"}, lookupIn(map[string]string{name: value}), &out, &out)
			require.Error(t, err)
			assert.Contains(t, err.Error(), name)
			assert.NotContains(t, err.Error(), "S3cret~Value")
		})
		t.Run(name+" in .env", func(t *testing.T) {
			t.Chdir(t.TempDir())
			require.NoError(t, os.WriteFile(".env", []byte(name+"="+value+"\n"), 0o600))
			var out bytes.Buffer
			err := run(stopped(t), []string{"-demo"}, lookupIn(nil), &out, &out)
			require.Error(t, err)
			assert.Contains(t, err.Error(), name)
		})
	}
	t.Run("every address", func(t *testing.T) {
		_, err := load(lookupIn(map[string]string{"LISTEN_ADDR": ":3000"}), true)
		assert.ErrorContains(t, err, "LISTEN_ADDR")
	})
}

// elsewhere is a listener on another interface, as if the hosts file gave localhost
// another address.
type elsewhere struct{ net.Listener }

func (elsewhere) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 3000} }

func TestDemoLooksAtTheListenerItself(t *testing.T) {
	s, err := load(lookupIn(nil), true)
	require.NoError(t, err)
	_, err = startDemo(&s, elsewhere{})
	require.ErrorContains(t, err, "LISTEN_ADDR")
	assert.Empty(t, s.Authority, "no provider was started")
}

// stopped returns a context that has ended.
func stopped(t *testing.T) context.Context {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	return ctx
}

func TestPortInUseNamesListenAddr(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	t.Chdir(t.TempDir())
	var out bytes.Buffer
	err = run(t.Context(), []string{"-demo"}, lookupIn(map[string]string{"LISTEN_ADDR": l.Addr().String()}), &out, &out)
	assert.ErrorContains(t, err, "LISTEN_ADDR")
	assert.ErrorContains(t, err, "Another program uses the port")
	assert.Equal(t, 1, exitCode(err))
}

func TestPortInUseOnWindows(t *testing.T) {
	const wsaeAddrInUse, wsaeAccess = syscall.Errno(10048), syscall.Errno(10013)
	assert.True(t, portTaken(&net.OpError{Op: "listen", Err: os.NewSyscallError("bind", wsaeAddrInUse)}))
	assert.False(t, portTaken(&net.OpError{Op: "listen", Err: os.NewSyscallError("bind", wsaeAccess)}))
}

func TestAnAddressThatNobodyCanListenAtNamesListenAddr(t *testing.T) {
	t.Chdir(t.TempDir())
	var out bytes.Buffer
	err := run(t.Context(), []string{"-demo"}, lookupIn(map[string]string{"LISTEN_ADDR": "localhost:99999"}), &out, &out)
	assert.ErrorContains(t, err, "LISTEN_ADDR")
	assert.NotContains(t, err.Error(), "Another program")
	assert.Equal(t, 1, exitCode(err))
}

// Invariant 14: a stop waits for a callback in flight, and run returns no error.
func TestStopLetsACallbackInFlightFinish(t *testing.T) {
	idp, err := fakeidp.New(fakeidp.Config{NewKey: rsakeys.Sequence()})
	require.NoError(t, err)
	_, err = idp.Start("127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = idp.Close() }()
	t.Chdir(t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	free := port(closedAddress(t))
	env := map[string]string{
		"AUTHORITY": idp.Authority(fakeidp.ContosoTenantID), "CLIENT_ID": fakeidp.DefaultClientID,
		"CLIENT_SECRET": fakeidp.DefaultClientSecret, "LISTEN_ADDR": "127.0.0.1:" + free,
		"REDIRECT_URI": "http://localhost:" + free + "/getAToken",
	}
	out, done := &logtest.Buffer{}, make(chan error, 1)
	go func() { done <- run(ctx, nil, lookupIn(env), out, out) }()
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "is ready") }, 10*time.Second, time.Millisecond)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	login, err := client.Get("http://localhost:" + free + "/login")
	require.NoError(t, err)
	_ = login.Body.Close()
	answer, err := idp.Authorize(login.Header.Get("Location"), fakeidp.UserMember)
	require.NoError(t, err)

	idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Hang: true})
	finished := make(chan *http.Response, 1)
	go func() {
		res, err := client.Get(answer.URL())
		if assert.NoError(t, err) {
			_ = res.Body.Close()
		}
		finished <- res
	}()
	require.Eventually(t, func() bool { return idp.Requests(fakeidp.EndpointToken) == 1 }, 10*time.Second, time.Millisecond)
	stop()
	require.Eventually(t, func() bool { // the listener is closed: the stop has begun
		c, err := net.Dial("tcp", "127.0.0.1:"+free)
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	}, 10*time.Second, time.Millisecond)
	idp.Heal()
	res := <-finished
	require.NotNil(t, res)
	assert.Equal(t, http.StatusSeeOther, res.StatusCode)
	assert.NoError(t, <-done)
}

// The program prints the address to open.
func TestTheAnnouncedAddress(t *testing.T) {
	for _, test := range []struct{ redirect, want string }{
		{"", "Open http://127.0.0.1:38431 in a browser; stop"},
		{"https://app.example.com/getAToken", "Open https://app.example.com in a browser, through the proxy that adds https; stop"},
	} {
		vars := good()
		vars["LISTEN_ADDR"], vars["REDIRECT_URI"] = "127.0.0.1:38431", test.redirect
		c, err := load(lookupIn(vars), false)
		require.NoError(t, err)
		var out bytes.Buffer
		announce(c, &out, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 38431})
		assert.Contains(t, out.String(), test.want)
	}
}

// Each hint is a warning in the log, with its remedy.
func TestHintsAreLoggedAtTheStart(t *testing.T) {
	t.Chdir(t.TempDir())
	vars := good()
	vars["LISTEN_ADDR"], vars["REDIRECT_URI"] = "localhost:0", "https://app.example.com/getAToken"
	out, logs := &logtest.Buffer{}, &logtest.Buffer{}
	require.NoError(t, run(stopped(t), nil, lookupIn(vars), out, logs))
	assert.Contains(t, logs.String(), `level=WARN msg="configuration: TRUSTED_PROXIES is not set`)
	assert.Contains(t, logs.String(), `remedy="Write the address range of that proxy`)
}

func TestDemoServesAndSaysSo(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	out, done := &logtest.Buffer{}, make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"-demo"}, lookupIn(map[string]string{"LISTEN_ADDR": "localhost:0"}), out, out)
	}()
	address := regexp.MustCompile(`Open (http://\S+) in a browser`)
	require.Eventually(t, func() bool { return address.MatchString(out.String()) }, 10*time.Second, time.Millisecond)
	res, err := http.Get(address.FindStringSubmatch(out.String())[1])
	require.NoError(t, err)
	var page bytes.Buffer
	_, err = page.ReadFrom(res.Body)
	require.NoError(t, err)
	_ = res.Body.Close()
	assert.Contains(t, page.String(), "Demo:")
	stop()
	assert.NoError(t, <-done)
}

// A misspelt name in .env is listed beside the variable that is missing.
func TestSlipsOfTheHandStandBesideTheProblems(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile(".env", []byte("CLIENTID=x\n"), 0o600))
	var out bytes.Buffer
	err := run(t.Context(), nil, lookupIn(nil), &out, &out)
	assert.ErrorContains(t, err, "CLIENT_ID is missing")
	assert.ErrorContains(t, err, "CLIENTID is in .env, but webapp does not know it.")
	assert.ErrorContains(t, err, "Did you mean CLIENT_ID?")
	assert.Equal(t, 1, exitCode(err))
}
