//go:build integration

package journeys

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/test/browsertest"
)

// TestInterop signs in and out with oidc-provider from npm, an OpenID certified
// provider. The client is confidential, PKCE is required, and the provider uses
// plain http on the loopback interface.
func TestInterop(t *testing.T) {
	for _, method := range []string{"client_secret_basic", "client_secret_post"} {
		t.Run(method, func(t *testing.T) {
			p := startPeer(t, map[string]string{"CLIENT_AUTH": method})
			tab := p.tab(t)

			require.Equal(t, http.StatusUnauthorized, tab.Open(p.app.URL+"/call_api?x=1"))
			p.signIn(t, tab, "ada")
			require.Equal(t, p.app.URL+"/call_api?x=1", tab.URL())
			require.Contains(t, tab.Text(), `"email": "ada@example.test"`)

			require.Equal(t, http.StatusOK, tab.Follow("link", "Home"))
			requireHome(t, p.app, tab, "Ada Interop")

			p.signOut(t, tab)
			requireAnonymous(t, p.app, tab)
			p.signIn(t, tab, "grace")
			requireHome(t, p.app, tab, "Grace Interop")
		})
	}
}

// TestInteropMaxAge opens a page for a recent sign-in. The provider sends auth_time only
// in response to max_age or a claims request, so the first sign-in does not count.
func TestInteropMaxAge(t *testing.T) {
	p := startPeer(t, nil)
	tab := p.tab(t)
	tab.Open(p.app.URL)
	p.signIn(t, tab, "ada")

	require.Equal(t, http.StatusOK, tab.Follow("link", "Recent sign-in"), tab.Text())

	require.Equal(t, p.app.URL+"/fresh", tab.URL())
	require.Contains(t, tab.Text(), "Signed in at the sign-in service")
	require.Equal(t, 2, strings.Count(p.provider.Output(), "pushed\n"), "the page asked for a sign-in of its own")
}

// A person who cancels at the provider gets a page that says so, and can sign in
// from there.
func TestInteropDeclined(t *testing.T) {
	p := startPeer(t, nil)
	tab := p.tab(t)
	tab.Open(p.app.URL)
	tab.Follow("link", "Sign in")

	require.Equal(t, http.StatusForbidden, tab.Follow("link", "Cancel"))

	require.True(t, tab.Has("heading", "Sign-in was cancelled"), tab.Text())
	p.signIn(t, tab, "ada")
	requireHome(t, p.app, tab, "Ada Interop")
}

// A person who declines the sign-out at the provider is still signed out of the
// application.
func TestInteropSignOutRefusedAtTheProvider(t *testing.T) {
	p := startPeer(t, nil)
	tab := p.tab(t)
	tab.Open(p.app.URL)
	p.signIn(t, tab, "ada")

	tab.Follow("button", "Sign out")
	tab.Follow("button", "No, stay signed in")

	requireAnonymous(t, p.app, tab)
}

// Some providers send only sub in the ID token and the other claims by UserInfo, as
// this one does by default. The home page still shows the person's name.
func TestInteropNamelessToken(t *testing.T) {
	p := startPeer(t, map[string]string{"ID_TOKEN_CLAIMS": "none"})
	tab := p.tab(t)
	tab.Open(p.app.URL)

	p.signIn(t, tab, "ada")

	requireHome(t, p.app, tab, "Ada Interop")
}

// TestInteropPushed signs in with pushed authorization requests, which the provider
// requires, and without them.
func TestInteropPushed(t *testing.T) {
	certificate, keys := clientCertificate(t)
	for name, c := range map[string]struct {
		settings, app map[string]string
		pushed        int
	}{
		"client_secret_basic": {map[string]string{"PUSHED": "required"}, nil, 1},
		"client_secret_post":  {map[string]string{"PUSHED": "required", "CLIENT_AUTH": "client_secret_post"}, nil, 1},
		"private_key_jwt": {
			map[string]string{"PUSHED": "required", "CLIENT_AUTH": "private_key_jwt", "CLIENT_KEYS": keys},
			map[string]string{"CLIENT_SECRET": "", "CLIENT_CERTIFICATE_FILE": certificate}, 1,
		},
		"off":         {nil, map[string]string{"PUSHED_AUTHORIZATION_REQUESTS": "off"}, 0},
		"not offered": {map[string]string{"PUSHED": "off"}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := startPeerWith(t, c.settings, c.app)
			tab := p.tab(t)
			tab.Open(p.app.URL)
			p.signIn(t, tab, "ada")
			requireHome(t, p.app, tab, "Ada Interop")
			require.Equal(t, c.pushed, strings.Count(p.provider.Output(), "pushed\n"))
		})
	}
}

// TestInteropPushedRefused has a registration with another redirect URI. The person sees
// a page of the application instead of one of the provider.
func TestInteropPushedRefused(t *testing.T) {
	p := startPeerWith(t, map[string]string{"REDIRECT_URI": "https://app.example.com/getAToken"}, nil)
	tab := p.tab(t)
	tab.Open(p.app.URL)
	require.Equal(t, http.StatusForbidden, tab.Follow("link", "Sign in"))
	require.True(t, tab.Has("heading", "The sign-in service refused the sign-in"), tab.Text())
}

// TestInteropRevocation signs out, which revokes the refresh token. The provider issues
// one only after its consent page. It then still ends its own session.
func TestInteropRevocation(t *testing.T) {
	certificate, keys := clientCertificate(t)
	for name, c := range map[string]struct {
		settings, app map[string]string
		revoked       int
	}{
		"client_secret_basic": {nil, nil, 1},
		"client_secret_post":  {map[string]string{"CLIENT_AUTH": "client_secret_post"}, nil, 1},
		"private_key_jwt": {
			map[string]string{"CLIENT_AUTH": "private_key_jwt", "CLIENT_KEYS": keys},
			map[string]string{"CLIENT_SECRET": "", "CLIENT_CERTIFICATE_FILE": certificate}, 1,
		},
		"off":         {nil, map[string]string{"TOKEN_REVOCATION": "off"}, 0},
		"not offered": {map[string]string{"REVOCATION": "off"}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			app := map[string]string{"SIGN_IN_PROMPT": "consent"}
			maps.Copy(app, c.app)
			p := startPeerWith(t, c.settings, app)
			tab := p.tab(t)
			tab.Open(p.app.URL)
			p.signIn(t, tab, "ada")
			requireHome(t, p.app, tab, "Ada Interop")
			require.Equal(t, 1, strings.Count(p.provider.Output(), "refresh token issued\n"))

			p.signOut(t, tab)
			p.app.Stop() // waits for the revocation

			require.Equal(t, c.revoked, strings.Count(p.provider.Output(), "refresh token revoked\n"), p.provider.Output())
			require.Equal(t, c.revoked, strings.Count(p.app.Output(), "token revoked"), p.app.Output())
			require.NotContains(t, p.provider.Output(), "error")
		})
	}
}

// clientCertificate returns a file with a key and its certificate, and the public key as
// a JSON Web Key Set.
func clientCertificate(t *testing.T) (path, keys string) {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &shared.key.PublicKey, shared.key)
	require.NoError(t, err)
	key, err := x509.MarshalPKCS8PrivateKey(shared.key)
	require.NoError(t, err)
	path = filepath.Join(t.TempDir(), "client.pem")
	text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	require.NoError(t, os.WriteFile(path, text, 0o600))
	modulus := base64.RawURLEncoding.EncodeToString(shared.key.N.Bytes())
	return path, fmt.Sprintf(`{"keys":[{"kty":"RSA","use":"sig","e":"AQAB","n":"%s"}]}`, modulus)
}

// peer is oidc-provider with the application as its only client.
type peer struct {
	issuer   string
	app      *browsertest.App
	provider *browsertest.Process
}

// startPeer runs the provider with additional settings, and the application with
// this provider.
func startPeer(t *testing.T, settings map[string]string) peer {
	t.Helper()
	return startPeerWith(t, settings, nil)
}

// startPeerWith also takes variables of the application.
func startPeerWith(t *testing.T, settings, app map[string]string) peer {
	t.Helper()
	issuer := fmt.Sprintf("http://127.0.0.1:%d", browsertest.FreePort(t))
	port := browsertest.FreePort(t)
	origin := fmt.Sprintf("http://localhost:%d", port)
	env := map[string]string{
		"CLIENT_ID": "interop",
		// RFC 6749, section 2.3.1, demands form encoding before the Authorization
		// header. These characters show a client that leaves it out.
		"CLIENT_SECRET": "secret with + and % and : in it",
		"REDIRECT_URI":  origin + "/getAToken",
	}
	provider := startProvider(t, issuer, origin, env, settings)
	env["OIDC_AUTHORITY"] = issuer
	env["SCOPE"] = "email"
	env["ENDPOINT"] = issuer + "/me"
	maps.Copy(env, app)
	return peer{issuer: issuer, provider: provider, app: browsertest.StartApp(t, browsertest.AppConfig{
		Binary: shared.binary, Port: port, Env: env,
	})}
}

func startProvider(t *testing.T, issuer, appOrigin string, client, settings map[string]string) *browsertest.Process {
	t.Helper()
	node, err := exec.LookPath("node")
	require.NoError(t, err, "the interop journeys need node 20 or newer")
	cmd := exec.Command(node, "server.mjs")
	cmd.Dir = peers
	env := map[string]string{"ISSUER": issuer, "POST_LOGOUT_REDIRECT_URI": appOrigin + "/"}
	maps.Copy(env, client)
	maps.Copy(env, settings)
	provider := browsertest.StartProcess(t, cmd, env)
	provider.WaitForOutput("ready " + issuer)
	return provider
}

// tab opens a tab that ignores the errors of the provider's pages, which load a font
// from the internet.
func (p peer) tab(t *testing.T) *browsertest.Tab {
	t.Helper()
	tab := shared.browser.Visitor(t).Tab()
	tab.IgnoreErrors(p.issuer)
	return tab
}

// signIn follows the link in the tab and completes the provider's login and consent
// pages.
func (p peer) signIn(t *testing.T, tab *browsertest.Tab, login string) {
	t.Helper()
	require.Equal(t, http.StatusOK, tab.Follow("link", "Sign in"), tab.Text())
	require.True(t, tab.Has("heading", "Sign-in"), "the provider asks for a login, not:\n%s", tab.Text())
	tab.Type("Enter any login", login)
	tab.Type("and password", "any")
	require.Equal(t, http.StatusOK, tab.Follow("button", "Sign-in"), tab.Text())
	require.True(t, tab.Has("heading", "Authorize"), tab.Text())
	require.Equal(t, http.StatusOK, tab.Follow("button", "Continue"), tab.Text())
}

// signOut signs out of the application and confirms it at the provider.
func (p peer) signOut(t *testing.T, tab *browsertest.Tab) {
	t.Helper()
	require.Equal(t, http.StatusOK, tab.Follow("button", "Sign out"), tab.Text())
	require.Contains(t, tab.URL(), p.issuer, "the provider asks whether to sign out there too")
	require.Equal(t, http.StatusOK, tab.Follow("button", "Yes, sign me out"), tab.Text())
	require.True(t, tab.Has("heading", "You are signed out"), tab.Text())
}
