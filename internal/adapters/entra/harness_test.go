package entra_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/entra/credential"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
	"webapp/internal/test/rsakeys"
)

const (
	redirectURI = "http://localhost:3000/getAToken"
	homeURI     = "http://localhost:3000/"
	testState   = "c3RhdGUtb2YtYS10ZXN0LTAxMjM0NTY3ODk_-AbCdEf"
	apiScope    = "User.Read"
)

func newClock() *portstest.Clock {
	return portstest.NewClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
}

// world is a running provider and an adapter for it.
type world struct {
	idp      *fakeidp.Provider
	provider *entra.Provider
	clock    *portstest.Clock
	config   entra.Config
}

// newWorld starts a provider and makes an adapter for one of its authorities. change
// can be nil.
func newWorld(t testing.TB, tenant string, change func(*fakeidp.Config, *entra.Config)) world {
	t.Helper()
	w := world{clock: newClock()}
	idpConfig := fakeidp.Config{Clock: w.clock.Now, NewKey: rsakeys.Sequence()}
	config := entra.Config{
		ClientID:              fakeidp.DefaultClientID,
		Credential:            credential.Config{Secret: fakeidp.DefaultClientSecret},
		RedirectURI:           redirectURI,
		PostLogoutRedirectURI: homeURI,
		Clock:                 w.clock.Now,
		Pause: func(ctx context.Context, d time.Duration) error {
			w.clock.Advance(d)
			return ctx.Err()
		},
	}
	if tenant == "common" || tenant == "organizations" {
		config.AllowedTenants = []string{entra.AnyTenant}
	}
	if change != nil {
		change(&idpConfig, &config)
	}
	var err error
	w.idp, err = fakeidp.New(idpConfig)
	require.NoError(t, err)
	_, err = w.idp.Start("127.0.0.1:0")
	require.NoError(t, err)
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	if config.Transport == nil {
		config.Transport = transport
	}
	if tenant != "" && config.Issuer == "" {
		config.Authority = w.idp.Authority(tenant)
	}
	if config.Issuer == "self" {
		config.Issuer = w.idp.Issuer(tenant)
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = w.idp.Close()
	})
	w.config = config
	w.provider, err = entra.New(config)
	require.NoError(t, err)
	return w
}

func contoso(t testing.TB) world { return newWorld(t, fakeidp.ContosoTenantID, nil) }

func (w world) begin(t testing.TB, scopes ...string) ports.Authorization {
	t.Helper()
	a, err := w.provider.Begin(t.Context(), ports.AuthorizationRequest{State: testState, Scopes: scopes})
	require.NoError(t, err)
	return a
}

func (w world) approve(t testing.TB, url, username string) ports.Callback {
	t.Helper()
	answer, err := w.idp.Authorize(url, username)
	require.NoError(t, err)
	return callback(answer)
}

func callback(answer fakeidp.AuthResponse) ports.Callback {
	v := answer.Values
	return ports.Callback{
		State: v.Get("state"), Code: v.Get("code"), Issuer: v.Get("iss"), Error: v.Get("error"),
		ErrorDescription: v.Get("error_description"), ErrorSubcode: v.Get("error_subcode"),
	}
}

// signIn runs a whole sign-in.
func (w world) signIn(t testing.TB, username string, scopes ...string) (ports.SignedIn, error) {
	t.Helper()
	a := w.begin(t, scopes...)
	return w.provider.Complete(t.Context(), w.approve(t, a.URL, username), a.Secret)
}

func (w world) mustSignIn(t testing.TB, username string, scopes ...string) ports.SignedIn {
	t.Helper()
	in, err := w.signIn(t, username, scopes...)
	require.NoError(t, err)
	return in
}

// assertNothingSecret checks that an error has no token, code, secret, name of a
// person or text of the provider.
func assertNothingSecret(t testing.TB, err error) {
	t.Helper()
	for _, secret := range []string{
		"eyJ", "1.AX", "1.AY", "@", "adele", "Adele", fakeidp.DefaultClientSecret,
		"code=", "code_verifier", "Trace ID", "http://", "https://",
	} {
		assert.NotContains(t, err.Error(), secret)
	}
}
