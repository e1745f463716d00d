package main

import (
	"bytes"
	"context"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

func good() map[string]string {
	return map[string]string{
		"AUTHORITY": "https://login.microsoftonline.com/" + fakeidp.ContosoTenantID,
		"CLIENT_ID": "5b3f6c1e-90d7-4f28-8a6b-e1c04d7295fa", "CLIENT_SECRET": "S3cret~Value",
	}
}

func TestSettingsOfTheTutorial(t *testing.T) {
	s, err := load(lookupIn(good()), false)
	require.NoError(t, err)
	assert.Equal(t, "http://localhost:3000/getAToken", s.RedirectURI)
	assert.Equal(t, "localhost:3000", s.ListenAddr)
	assert.Equal(t, []string{"User.Read"}, s.scopes)
	assert.Equal(t, "https://graph.microsoft.com/v1.0/me", s.Endpoint)
	assert.Equal(t, time.Hour, s.SessionIdleTimeout)
	assert.Equal(t, 12*time.Hour, s.SessionLifetime)

	off := good()
	off["SCOPE"] = ""
	s, err = load(lookupIn(off), false)
	require.NoError(t, err)
	assert.Empty(t, s.Endpoint, "an empty SCOPE hides the API")
}

func TestEachWrongVariableIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		change map[string]string
		named  []string
	}{
		"nothing":                 {map[string]string{"AUTHORITY": "", "CLIENT_ID": "", "CLIENT_SECRET": ""}, []string{"AUTHORITY and OIDC_AUTHORITY", "CLIENT_ID", "CLIENT_SECRET", "-demo"}},
		"both authorities":        {map[string]string{"OIDC_AUTHORITY": "https://idp.example"}, []string{"AUTHORITY and OIDC_AUTHORITY"}},
		"authority on http":       {map[string]string{"AUTHORITY": "http://login.example/common"}, []string{"AUTHORITY"}},
		"authority without one":   {map[string]string{"AUTHORITY": "https://login.microsoftonline.com/"}, []string{"AUTHORITY"}},
		"issuer on http":          {map[string]string{"AUTHORITY": "", "OIDC_AUTHORITY": "http://idp.example"}, []string{"OIDC_AUTHORITY"}},
		"common needs tenants":    {map[string]string{"AUTHORITY": "https://login.microsoftonline.com/common"}, []string{"ALLOWED_TENANTS"}},
		"tenants of one tenant":   {map[string]string{"ALLOWED_TENANTS": "*"}, []string{"ALLOWED_TENANTS"}},
		"tenants not GUIDs":       {map[string]string{"AUTHORITY": "https://login.microsoftonline.com/common", "ALLOWED_TENANTS": "contoso"}, []string{"ALLOWED_TENANTS"}},
		"placeholders":            {map[string]string{"AUTHORITY": "https://login.microsoftonline.com/<Directory (tenant) ID>", "CLIENT_ID": "<Application (client) ID>", "CLIENT_SECRET": "<Value of the client secret>"}, []string{"AUTHORITY still", "CLIENT_ID still", "CLIENT_SECRET still"}},
		"two other credentials":   {map[string]string{"CLIENT_SECRET": "", "CLIENT_SECRET_FILE": "x", "CLIENT_CERTIFICATE_FILE": "x.pem"}, []string{"CLIENT_SECRET_FILE and CLIENT_CERTIFICATE_FILE are both set"}},
		"an endless session":      {map[string]string{"SESSION_LIFETIME": "2540400h", "SESSION_IDLE_TIMEOUT": "2540400h"}, []string{"SESSION_LIFETIME", "SESSION_IDLE_TIMEOUT"}},
		"two credentials":         {map[string]string{"CLIENT_CERTIFICATE_FILE": "x.pem"}, []string{"CLIENT_SECRET", "CLIENT_CERTIFICATE_FILE"}},
		"secret with a newline":   {map[string]string{"CLIENT_SECRET": "S3cret~Value\n"}, []string{"CLIENT_SECRET"}},
		"redirect on http":        {map[string]string{"REDIRECT_URI": "http://app.example/getAToken"}, []string{"REDIRECT_URI"}},
		"redirect to a route":     {map[string]string{"REDIRECT_URI": "http://localhost:3000/logout"}, []string{"REDIRECT_URI"}},
		"redirect to the root":    {map[string]string{"REDIRECT_URI": "http://localhost:3000"}, []string{"REDIRECT_URI"}},
		"redirect with a query":   {map[string]string{"REDIRECT_URI": "http://localhost:3000/x?y=z"}, []string{"REDIRECT_URI"}},
		"redirect with a pattern": {map[string]string{"REDIRECT_URI": "http://localhost:3000/{x}"}, []string{"REDIRECT_URI"}},
		"form_post on http":       {map[string]string{"RESPONSE_MODE": "form_post"}, []string{"RESPONSE_MODE"}},
		"unsigned ID tokens":      {map[string]string{"ID_TOKEN_SIGNED_RESPONSE_ALG": "none"}, []string{"ID_TOKEN_SIGNED_RESPONSE_ALG", "RS256"}},
		"unknown response mode":   {map[string]string{"RESPONSE_MODE": "fragment"}, []string{"RESPONSE_MODE"}},
		"listen nowhere":          {map[string]string{"LISTEN_ADDR": "3000"}, []string{"LISTEN_ADDR"}},
		"a store nowhere":         {map[string]string{"SESSION_STORE": "postgres://", "SESSION_KEY": someKey}, []string{"SESSION_STORE"}},
		"unknown store":           {map[string]string{"SESSION_STORE": "floppy:"}, []string{"SESSION_STORE"}},
		"short key":               {map[string]string{"SESSION_KEY": "c2hvcnQ="}, []string{"SESSION_KEY"}},
		"no duration":             {map[string]string{"SESSION_IDLE_TIMEOUT": "soon", "SESSION_LIFETIME": "12"}, []string{"SESSION_IDLE_TIMEOUT", "SESSION_LIFETIME"}},
		"negative duration":       {map[string]string{"SESSION_LIFETIME": "-1h"}, []string{"SESSION_LIFETIME"}},
		"proxies":                 {map[string]string{"TRUSTED_PROXIES": "10.0.0.1"}, []string{"TRUSTED_PROXIES"}},
		"proxies, IPv4 as IPv6":   {map[string]string{"TRUSTED_PROXIES": "10.0.0.0/8,::ffff:0.0.0.0/90"}, []string{"TRUSTED_PROXIES"}},
		"log":                     {map[string]string{"LOG_FORMAT": "xml", "LOG_LEVEL": "loud"}, []string{"LOG_FORMAT", "LOG_LEVEL"}},
		"API on http":             {map[string]string{"SCOPE": "x", "ENDPOINT": "http://api.example"}, []string{"ENDPOINT"}},
	} {
		t.Run(name, func(t *testing.T) {
			vars := good()
			for k, v := range c.change {
				vars[k] = v
			}
			_, err := load(lookupIn(vars), false)
			require.Error(t, err)
			for _, variable := range c.named {
				assert.Contains(t, err.Error(), variable)
			}
			assert.Equal(t, 1, exitCode(err))
			assert.NotContains(t, err.Error(), "S3cret~Value")
			assert.NotContains(t, err.Error(), "goroutine")
		})
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

// What looks like a mistake and may be none does not keep the application from
// starting; it is said.
func TestHints(t *testing.T) {
	for name, c := range map[string]struct {
		change map[string]string
		hinted []string
	}{
		"nothing":                  {nil, nil},
		"the secret's ID":          {map[string]string{"CLIENT_SECRET": "3f1c9a52-0c53-4c0e-9d3b-0d6c8a1f2b3c"}, []string{"CLIENT_SECRET"}},
		"another port":             {map[string]string{"LISTEN_ADDR": "localhost:22006"}, []string{"REDIRECT_URI"}},
		"another port, registered": {map[string]string{"LISTEN_ADDR": "localhost:22006", "REDIRECT_URI": "http://localhost:22006/getAToken"}, nil},
		"no page":                  {map[string]string{"SCOPE": "", "ENDPOINT": ""}, nil},
		"no scope":                 {map[string]string{"SCOPE": ""}, nil},
		"an API without scope":     {map[string]string{"SCOPE": "", "ENDPOINT": "https://api.example"}, []string{"ENDPOINT"}},
		"a scope without API":      {map[string]string{"AUTHORITY": "", "OIDC_AUTHORITY": "https://idp.example", "SCOPE": "x"}, []string{"SCOPE"}},
	} {
		vars := good()
		for k, v := range c.change {
			vars[k] = v
		}
		s, err := load(lookupIn(vars), false)
		require.NoError(t, err, name)
		var hinted []string
		for _, h := range s.hints {
			hinted = append(hinted, h.name)
		}
		assert.Equal(t, c.hinted, hinted, name)
	}
}

// Each complaint of the identity provider's adapter has a variable and a remedy.
func TestEveryFieldOfTheAdapterHasItsVariable(t *testing.T) {
	known := providerRemedies()
	maps.Copy(known, credentialRemedies())
	known["ClientSecret"] = remedy{} // has its own check, checkCredential
	files, err := filepath.Glob("../../internal/adapters/entra/*.go")
	require.NoError(t, err)
	reported := regexp.MustCompile(`(?:report\(|Problem\{)"([A-Za-z]+)"`)
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range reported.FindAllStringSubmatch(string(text), -1) {
			assert.Contains(t, known, m[1], file)
			found++
		}
	}
	assert.Greater(t, found, 10)
}

// Invariant 13: the demo cannot leak into production.
func TestDemoRefusesToStartBesideAnythingReal(t *testing.T) {
	for name, value := range map[string]string{
		"AUTHORITY": "https://login.microsoftonline.com/common", "OIDC_AUTHORITY": "https://idp.example",
		"CLIENT_SECRET": "S3cret~Value", "CLIENT_SECRET_FILE": "/x", "CLIENT_CERTIFICATE_FILE": "/x", "AZURE_FEDERATED_TOKEN_FILE": "/x",
		"CLIENT_MANAGED_IDENTITY": "5b3f6c1e-90d7-4f28-8a6b-e1c04d7295fa", "CLIENT_CERTIFICATE_PASSWORD": "S3cret~Value",
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

// elsewhere is a listener that turned out to be on another interface, as where a
// hosts file says that localhost is.
type elsewhere struct{ net.Listener }

func (elsewhere) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 3000} }

func TestDemoLooksAtTheListenerItself(t *testing.T) {
	s, err := load(lookupIn(nil), true)
	require.NoError(t, err)
	_, err = s.startDemo(elsewhere{})
	require.ErrorContains(t, err, "LISTEN_ADDR")
	assert.Empty(t, s.Authority, "no provider was started")
}

// stopped is the context of a program that would stop at once, if it started.
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
	assert.ErrorContains(t, err, "Another program is using the port")
	assert.Equal(t, 1, exitCode(err))
}

func TestAnAddressThatNobodyCanListenAtNamesListenAddr(t *testing.T) {
	t.Chdir(t.TempDir())
	var out bytes.Buffer
	err := run(t.Context(), []string{"-demo"}, lookupIn(map[string]string{"LISTEN_ADDR": "localhost:99999"}), &out, &out)
	assert.ErrorContains(t, err, "LISTEN_ADDR")
	assert.NotContains(t, err.Error(), "Another program")
	assert.Equal(t, 1, exitCode(err))
}

// What a paste leaves around a value is no part of it, but for secrets.
func TestBlanksAroundValues(t *testing.T) {
	vars := good()
	vars["AUTHORITY"] = " https://login.microsoftonline.com/common "
	vars["CLIENT_ID"] = "\tid "
	vars["CLIENT_SECRET"] = " S3cret "
	vars["ALLOWED_TENANTS"] = " " + fakeidp.ContosoTenantID + ", " + fakeidp.FabrikamTenantID + ","
	s, err := load(lookupIn(vars), false)
	require.NoError(t, err)
	assert.Equal(t, "https://login.microsoftonline.com/common", s.Authority)
	assert.Equal(t, "id", s.ClientID)
	assert.Equal(t, " S3cret ", s.ClientSecret)
	assert.Equal(t, []string{fakeidp.ContosoTenantID, fakeidp.FabrikamTenantID}, s.AllowedTenants)
	vars["ALLOWED_TENANTS"] = " * "
	_, err = load(lookupIn(vars), false)
	require.NoError(t, err)
}

// Invariant 14: a stop lets a callback in flight finish, and is no failure.
func TestStopLetsACallbackInFlightFinish(t *testing.T) {
	idp, err := fakeidp.New(fakeidp.Config{SigningKey: signingKey()})
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
	out, done := &safeBuffer{}, make(chan error, 1)
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

func TestDemoServesAndSaysSo(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	out, done := &safeBuffer{}, make(chan error, 1)
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
