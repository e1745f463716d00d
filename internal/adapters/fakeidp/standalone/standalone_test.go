package standalone

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/logtest"
)

func TestAnApplicationSignsInWithTheEnv(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "localhost:0", "[::1]:0"} {
		t.Run(addr, func(t *testing.T) {
			listener, err := net.Listen("tcp", addr)
			if err != nil {
				t.Skip("this machine has no address", addr)
			}
			require.NoError(t, listener.Close())
			r := start(t, https, func(o *Options) { o.Addr = addr })
			host, _, _ := net.SplitHostPort(addr)
			authority, err := url.Parse(r.env("AUTHORITY"))
			require.NoError(t, err)
			assert.Equal(t, host, authority.Hostname(), "AUTHORITY has the host of -addr")
			assert.Equal(t, "/"+fakeidp.ContosoTenantID, authority.Path, "and names one tenant")
			p := r.party()
			token, claims := p.signIn(fakeidp.UserAdmin)
			assert.Equal(t, "Megan Bowen", claims["name"])
			assert.Equal(t, "a-nonce", claims["nonce"])
			_, me := r.do(http.MethodGet, "/v1.0/me", "", header("Authorization", "Bearer "+token.AccessToken))
			assert.Contains(t, me, `"displayName":"Megan Bowen"`)
			p.config.RedirectURL = "http://localhost:5001/another/callback"
			p.signIn(fakeidp.UserMember)
		})
	}
}

func TestTheEnvIsAllOfStdout(t *testing.T) {
	r := start(t, https)
	want := "CLIENT_ID=" + fakeidp.DefaultClientID + "\nCLIENT_SECRET=" + fakeidp.DefaultClientSecret + "\n" +
		"AUTHORITY=" + r.base + "/" + fakeidp.ContosoTenantID + "\nREDIRECT_URI=http://localhost:3000/getAToken\n" +
		"# CA certificate: " + filepath.Join(r.options.Dir, certificateFile) + "\n"
	assert.Equal(t, want, r.stdout.String())
	p := r.party()
	callback := p.pick(fakeidp.UserMember)
	r.rotate <- os.Interrupt
	r.fault(`{"endpoint":"token","status":503}`)
	r.fault(`{}`)
	require.NoError(t, r.stop())
	assert.Equal(t, want, r.stdout.String())
	log := r.stderr.String()
	assert.Contains(t, log, "method=POST path=/_faults status=400")
	assert.NotContains(t, log, callback.Query().Get("code"), "the log has no codes")
	assert.NotContains(t, log, "a-state")
}

func TestPlainHTTPMakesNoCertificateAuthority(t *testing.T) {
	r := start(t)
	assert.True(t, strings.HasPrefix(r.env("AUTHORITY"), "http://127.0.0.1:"))
	assert.NotContains(t, r.stdout.String(), "#")
	made, err := os.ReadDir(r.options.Dir)
	require.NoError(t, err)
	assert.Empty(t, made)
	r.party().signIn(fakeidp.UserGuest)
}

func TestOnlyThisMachine(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for _, o := range []Options{
		{Addr: "0.0.0.0:0"}, {Addr: ":0"}, {Addr: "[::]:0"}, {Addr: "192.0.2.1:0"}, {Addr: "app.example.com:0"}, {Addr: "localhost.evil.example:0"},
		{Addr: "0.0.0.0:0", HTTP: true}, {Addr: ":0", HTTP: true}, {Addr: "[::]:0", HTTP: true}, {Addr: "192.0.2.1:0", HTTP: true}, {Addr: "app.example.com:0", HTTP: true},
		{Addr: "127.0.0.2:0"}, // the certificate is not for this address
	} {
		stdout := &logtest.Buffer{}
		o.Dir, o.Stdout, o.Stderr = t.TempDir(), stdout, io.Discard
		require.Error(t, Run(stopped, o), o.Addr)
		assert.Empty(t, stdout.String())
	}
	r := start(t)
	for _, host := range []string{"rebound.example", "localhost.evil.example", "127.0.0.1.evil.example"} {
		for _, path := range []string{"/", "/common/discovery/v2.0/keys", pathFaults} {
			response, _ := r.do(http.MethodGet, path, "", func(request *http.Request) { request.Host = host })
			assert.GreaterOrEqual(t, response.StatusCode, 400, host+path)
		}
	}
}

func TestEachPageSaysThatItIsADemo(t *testing.T) {
	r := start(t)
	p := r.party()
	for name, address := range map[string]string{
		"front": "/", "picker": p.authURL(), "refused": p.authURL(oauth2.SetAuthURLParam("redirect_uri", "https://evil.example/")),
		"missing": "/nowhere", "help": "/error?code=50105", "signed out": "/common/oauth2/v2.0/logout",
		"device": "/common/oauth2/deviceauth",
	} {
		_, page := r.get(address)
		assert.Contains(t, page, "Demo provider, not Microsoft", name)
	}
}

// A client that has read the key set before the rotation accepts the next token.
func TestAKeyRotationDisturbsNoClient(t *testing.T) {
	r := start(t)
	p := r.party()
	keyID := func(token *oauth2.Token) string {
		head, _, _ := strings.Cut(token.Extra("id_token").(string), ".")
		text, err := base64.RawURLEncoding.DecodeString(head)
		require.NoError(t, err)
		var header struct {
			KeyID string `json:"kid"`
		}
		require.NoError(t, json.Unmarshal(text, &header))
		return header.KeyID
	}
	first, _ := p.signIn(fakeidp.UserMember)
	_, before := r.get(r.env("AUTHORITY") + "/discovery/v2.0/keys")
	r.rotate <- os.Interrupt
	require.Eventually(t, func() bool { return strings.Contains(r.stderr.String(), "signing keys are replaced") }, 10*time.Second, time.Millisecond)
	second, _ := p.signIn(fakeidp.UserMember)
	assert.NotEqual(t, keyID(first), keyID(second))
	assert.Contains(t, before, keyID(second))
	_, after := r.get(r.env("AUTHORITY") + "/discovery/v2.0/keys")
	assert.Contains(t, after, keyID(first))
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestAnEnvThatCannotBePrintedIsAnError(t *testing.T) {
	require.ErrorIs(t, Run(t.Context(), Options{Addr: "127.0.0.1:0", HTTP: true, Stdout: brokenWriter{}, Stderr: io.Discard}), io.ErrClosedPipe)
}
