package domain_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/domain"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// Invariant 7: one refresh at a time per session; the others get its result.
func TestOneRefreshAtATime(t *testing.T) {
	f := newFixture(t)
	b := f.sessions.NewBrowser()
	f.signIn(b, ports.Identity{}, "api")
	f.clock.Advance(58 * time.Minute)
	var wg sync.WaitGroup
	tokens := make([]string, 8)
	for i := range tokens {
		wg.Go(func() {
			token, err := f.AccessToken(b.Context(t.Context()), "api")
			assert.NoError(t, err)
			tokens[i] = token
		})
	}
	wg.Wait()
	assert.Equal(t, 1, f.provider.Refreshes(), "the fake's refresh tokens are single-use as well")
}

// If an instance crashes during a refresh, its lease expires after half a minute. Nobody is
// signed out in the meantime.
func TestLeaseOfADeadInstanceRunsOut(t *testing.T) {
	f := newFixture(t)
	b := f.sessions.NewBrowser()
	f.signIn(b, ports.Identity{}, "api")
	f.clock.Advance(59*time.Minute + 55*time.Second)
	ctx := b.Context(t.Context())
	_, err := f.sessions.LeaseRefresh(ctx, f.clock.Now().Add(30*time.Second))
	require.NoError(t, err)

	_, err = f.AccessToken(b.Context(t.Context()), "api")
	require.NoError(t, err, "the old token has not expired")
	f.clock.Advance(6 * time.Second)
	_, err = f.AccessToken(b.Context(t.Context()), "api")
	require.ErrorIs(t, err, domain.ErrRefreshBusy)
	f.user(b)
	f.clock.Advance(30 * time.Second)
	_, err = f.AccessToken(b.Context(t.Context()), "api")
	require.NoError(t, err)
}

// A slow store does not prolong the wait for another request's refresh.
func TestWaitForARenewalIsBoundedByTime(t *testing.T) {
	var f *fixture
	f = newFixtureWith(t, func(c *domain.Config) {
		c.Wait = func(context.Context, time.Duration) error { f.clock.Advance(2 * time.Second); return nil }
	})
	b := f.sessions.NewBrowser()
	f.signIn(b, ports.Identity{}, "api")
	f.clock.Advance(59*time.Minute + 55*time.Second)
	f.user(b)
	f.clock.Advance(6 * time.Second)
	_, err := f.sessions.LeaseRefresh(b.Context(t.Context()), f.clock.Now().Add(30*time.Second))
	require.NoError(t, err)
	begin := f.clock.Now()
	_, err = f.AccessToken(b.Context(t.Context()), "api")
	require.ErrorIs(t, err, domain.ErrRefreshBusy)
	assert.LessOrEqual(t, f.clock.Now().Sub(begin), 7*time.Second)
}

// A refresh continues if the browser disconnects, because the provider may already have
// replaced the refresh token.
func TestRefreshGoesOnWithoutTheBrowser(t *testing.T) {
	f := newFixture(t)
	b := f.sessions.NewBrowser()
	f.signIn(b, ports.Identity{}, "api")
	f.clock.Advance(58 * time.Minute)
	gone, leave := context.WithCancel(t.Context())
	leave()
	_, err := f.AccessToken(b.Context(gone), "api")
	require.NoError(t, err)
	assert.Equal(t, 1, f.provider.Refreshes())
	_, err = f.AccessToken(b.Context(t.Context()), "api")
	require.NoError(t, err)
	assert.Equal(t, 1, f.provider.Refreshes(), "its result was stored")
}

// Invariant 6: a refresh that ends after the sign-out writes no session back.
func TestRefreshThatEndsAfterSignOut(t *testing.T) {
	f := newFixture(t)
	b := f.sessions.NewBrowser()
	f.signIn(b, ports.Identity{}, "api")
	f.clock.Advance(58 * time.Minute)
	late := b.Context(t.Context())
	_, err := f.CurrentUser(late)
	require.NoError(t, err)
	thief := b.Clone().(*portstest.FakeBrowser)
	_, err = f.SignOut(b.Context(t.Context()))
	require.NoError(t, err)
	_, err = f.AccessToken(late, "api")
	require.ErrorIs(t, err, domain.ErrNotSignedIn)
	_, err = f.CurrentUser(thief.Context(t.Context()))
	require.ErrorIs(t, err, domain.ErrNotSignedIn)
	assert.Zero(t, f.sessions.Len())
}

func TestIncrementalConsentAndItsLoopGuard(t *testing.T) {
	f := newFixture(t)
	b := f.sessions.NewBrowser()
	f.signIn(b, ports.Identity{})
	missing := &domain.InteractionRequired{Scopes: []string{"more"}, Claims: `{"a":{}}`}
	round := func() error {
		location, err := f.StepUp(b.Context(t.Context()), "/page?x=1", "de", missing)
		if err != nil {
			return err
		}
		asked := f.provider.Requests()
		last := asked[len(asked)-1]
		assert.Equal(t, []string{"more"}, last.Scopes)
		assert.Equal(t, `{"a":{}}`, last.Claims)
		assert.NotEmpty(t, last.LoginHint, "for the same person")
		assert.NotEmpty(t, last.Person.Subject)
		assert.Equal(t, "de", last.UILocales)
		to, err := f.CompleteSignIn(b.Context(t.Context()), f.provider.Approve(location, ports.Identity{}), "")
		require.NoError(t, err)
		assert.Equal(t, "/page?x=1", to)
		return nil
	}
	require.NoError(t, round())
	require.NoError(t, round())
	require.ErrorIs(t, round(), domain.ErrSignInLoop, "a third step-up for the same page")
	_, err := f.StepUp(b.Context(t.Context()), "/other", "de", missing)
	require.NoError(t, err, "another page has its own count")
	f.clock.Advance(3 * time.Minute)
	require.NoError(t, round(), "later the page may ask again")
}

func TestOwnSessions(t *testing.T) {
	f := newFixture(t)
	ada := ports.Identity{Issuer: portstest.FakeIssuer, Subject: "ada"}
	laptop, phone, other := f.sessions.NewBrowser(), f.sessions.NewBrowser(), f.sessions.NewBrowser()
	f.signIn(phone, ada)
	f.clock.Advance(time.Minute)
	f.signIn(laptop, ada)
	f.signIn(other, ports.Identity{Issuer: portstest.FakeIssuer, Subject: "eve"})

	own, err := f.OwnSessions(laptop.Context(t.Context()))
	require.NoError(t, err)
	require.Len(t, own, 2)
	assert.True(t, own[0].Current)
	assert.False(t, own[1].Current)
	assert.Equal(t, "Firefox, Linux", own[1].Device)

	require.NoError(t, f.EndOwnSession(other.Context(t.Context()), own[1].ID), "another person's ID is no error")
	f.user(phone)
	require.NoError(t, f.EndOwnSession(laptop.Context(t.Context()), own[1].ID))
	_, err = f.CurrentUser(phone.Context(t.Context()))
	require.ErrorIs(t, err, domain.ErrNotSignedIn)

	f.signIn(phone, ada)
	n, err := f.EndOtherSessions(laptop.Context(t.Context()))
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	f.user(laptop)
	f.user(other)
}

func TestFrontChannelLogout(t *testing.T) {
	for name, c := range map[string]struct {
		withoutIss  bool
		issuer, sid string
		ends        bool
	}{
		"issuer and sid":       {false, portstest.FakeIssuer, "s1", true},
		"Entra leaves out iss": {true, "", "s1", true},
		"others must not":      {false, "", "s1", false},
		"wrong issuer":         {true, "https://evil.example", "s1", false},
		"another sid":          {true, portstest.FakeIssuer, "s2", false},
		"no sid":               {true, portstest.FakeIssuer, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixtureWith(t, func(cfg *domain.Config) { cfg.AllowLogoutWithoutIssuer = c.withoutIss })
			b := f.sessions.NewBrowser()
			f.signIn(b, ports.Identity{Issuer: portstest.FakeIssuer, Subject: "ada", ProviderSession: "s1"})
			_, err := f.FrontChannelLogout(t.Context(), c.issuer, c.sid)
			require.NoError(t, err)
			_, err = f.CurrentUser(b.Context(t.Context()))
			assert.Equal(t, c.ends, err != nil)
		})
	}
}

// logoutProvider is a provider with a fixed list of valid logout tokens.
type logoutProvider struct {
	*portstest.FakeProvider
	tokens map[string]ports.LogoutToken
}

func (p *logoutProvider) VerifyLogoutToken(_ context.Context, token string) (ports.LogoutToken, error) {
	if said, ok := p.tokens[token]; ok {
		return said, nil
	}
	return ports.LogoutToken{}, ports.ErrTokenRefused
}

func TestBackChannelLogout(t *testing.T) {
	said := func(id, sub, sid string) ports.LogoutToken {
		return ports.LogoutToken{ID: id, Issuer: portstest.FakeIssuer, Subject: sub, ProviderSession: sid, Expires: time.Now().AddDate(10, 0, 0)}
	}
	provider := &logoutProvider{tokens: map[string]ports.LogoutToken{
		"by sid": said("1", "ada", "s1"), "by sub": said("2", "ada", ""), "nobody": said("3", "", "s9"),
		"another's sid": said("4", "bert", "s1"), "by both": said("5", "ada", "s1"),
	}}
	f := newFixtureWith(t, func(cfg *domain.Config) {
		provider.FakeProvider = cfg.Provider.(*portstest.FakeProvider)
		cfg.Provider = provider
	})
	first, second := f.sessions.NewBrowser(), f.sessions.NewBrowser()
	ada := ports.Identity{Issuer: portstest.FakeIssuer, Subject: "ada", ProviderSession: "s1"}
	f.signIn(first, ada)
	adaElsewhere := ada
	adaElsewhere.ProviderSession = "s2"
	f.signIn(second, adaElsewhere)

	n, err := f.BackChannelLogout(t.Context(), "another's sid")
	require.NoError(t, err)
	assert.Zero(t, n, "sub and sid must be of the same session")
	n, err = f.BackChannelLogout(t.Context(), "by both")
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	f.signIn(first, ada)
	n, err = f.BackChannelLogout(t.Context(), "by sid")
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	f.user(second)
	f.signIn(first, ada)
	_, err = f.BackChannelLogout(t.Context(), "by sid")
	require.ErrorIs(t, err, domain.ErrTokenRefused, "a token works once")
	f.user(first)

	n, err = f.BackChannelLogout(t.Context(), "by sub")
	require.NoError(t, err)
	assert.Equal(t, 2, n, "sub alone ends all sessions of that user")
	n, err = f.BackChannelLogout(t.Context(), "nobody")
	require.NoError(t, err, "no matching session is no error")
	assert.Zero(t, n)
	_, err = f.BackChannelLogout(t.Context(), "forged")
	require.ErrorIs(t, err, domain.ErrTokenRefused)
}
