package http

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/session"
	"webapp/internal/adapters/session/memory"
	"webapp/internal/domain"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
	"webapp/templates"
)

// readiness is a provider with another Ready.
type readiness struct {
	*portstest.FakeProvider
	ready func(context.Context) error
}

func (p readiness) Ready(ctx context.Context) error { return p.ready(ctx) }

// appWithReady returns an app whose provider has the given Ready.
func appWithReady(t *testing.T, ready func(context.Context) error) *app {
	t.Helper()
	store := memory.New(time.Now)
	t.Cleanup(func() { _ = store.Close() })
	sessions, err := session.New(session.Config{Store: store, Keys: [][]byte{make([]byte, 32)}, Lifetime: time.Hour})
	require.NoError(t, err)
	service, err := domain.New(domain.Config{
		Provider: readiness{portstest.NewFakeProvider(time.Now), ready},
		Sessions: sessions,
		Limits:   domain.Limits{Idle: time.Hour, Lifetime: time.Hour}, Now: time.Now, Random: rand.Reader,
	})
	require.NoError(t, err)
	return &app{Config: Config{Domain: service}}
}

func TestTheSignInPageDoesNotWaitForTheFirstMetadata(t *testing.T) {
	a := appWithReady(t, func(ctx context.Context) error {
		assert.Error(t, ctx.Err(), "the page does not wait")
		<-ctx.Done() // the metadata are loading
		return errors.Join(ports.ErrProviderUnavailable, ports.ErrProviderPending, ctx.Err())
	})
	assert.NoError(t, a.providerFailure(t.Context()), "no warning while the metadata are loading")
}

func TestTheSignInPageGivesAProviderTimeToComeBack(t *testing.T) {
	refused := errors.Join(ports.ErrProviderUnavailable, errors.New("connection refused"))
	silent := errors.Join(ports.ErrProviderUnavailable, context.DeadlineExceeded)
	for name, c := range map[string]struct {
		down, inTime error
		want         bool
	}{
		"still down":   {refused, refused, true},
		"still silent": {silent, silent, true},
		"back":         {refused, nil, false},
	} {
		calls := 0
		a := appWithReady(t, func(ctx context.Context) error {
			calls++
			if ctx.Err() != nil {
				return c.down
			}
			return c.inTime
		})
		assert.Equal(t, c.want, a.providerFailure(t.Context()) != nil, name)
		assert.Equal(t, 2, calls, name)
	}
}

// The sign-in page and /readyz show the number.
func TestAnUnknownTenantShowsItsNumber(t *testing.T) {
	unknown := errors.Join(ports.ErrProviderSetup, &ports.ProviderError{Kind: ports.ErrProviderUnavailable, Code: "invalid_tenant", Number: 90002})
	for name, c := range map[string]struct {
		err        error
		page, says string
	}{
		"unknown tenant": {unknown, "Sign-in is not set up correctly. The configuration of this application does not match", "it responds, but does not fit the configuration (AADSTS90002)"},
		"no number":      {errors.Join(ports.ErrProviderSetup, ports.ErrProviderUnavailable), "Sign-in is not set up correctly.", "does not fit the configuration; run"},
		"throttled":      {&ports.ProviderError{Kind: ports.ErrProviderUnavailable, Number: 90055}, "cannot be reached at the moment.", "have not been loaded (AADSTS90055); check"},
		"down":           {ports.ErrProviderUnavailable, "cannot be reached at the moment.", "have not been loaded; check the authority"},
	} {
		a := appWithReady(t, func(context.Context) error { return c.err })
		rec := httptest.NewRecorder()
		require.NoError(t, a.readyz(rec, httptest.NewRequest(http.MethodGet, "/readyz", nil)))
		assert.Equal(t, http.StatusServiceUnavailable, rec.Code, name)
		assert.Contains(t, rec.Body.String(), c.says, name)
		assert.Contains(t, rec.Body.String(), `un "webapp doctor"`, name)
		rec = httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		require.NoError(t, mustPages(t).Write(rec, r, http.StatusOK, templates.Chrome{}, a.signInView(t.Context(), "/")))
		assert.Contains(t, words(rec.Body.String()), c.page, name)
		assert.Equal(t, numberIn(c.err) != "", strings.Contains(rec.Body.String(), "Error number: AADSTS"), name)
	}
}

func TestClaimsThatAreTimesAreShownAsDates(t *testing.T) {
	now := time.Date(2026, 11, 23, 16, 9, 0, 0, time.UTC)
	names := []string{"auth_time", "exp", "iat", "nbf"}
	for _, name := range names {
		shown := shownClaims([]domain.Claim{{Name: name, Value: "1795450140"}}, now)
		require.NotNil(t, shown[0].Time, name)
		assert.Equal(t, "2026-11-23T16:09:00Z", shown[0].Time.DateTime())
		assert.Equal(t, "1795450140", shown[0].Value)
	}
	for _, other := range []domain.Claim{{Name: "uti", Value: "1795450140"}, {Name: "exp", Value: "soon"}, {Name: "exp", Value: "1e9"},
		{Name: "exp", Value: "-1"}, {Name: "exp", Value: "0"}, {Name: "exp", Value: "99999999999999"}} {
		assert.Nil(t, shownClaims([]domain.Claim{other}, now)[0].Time, other)
	}
}
