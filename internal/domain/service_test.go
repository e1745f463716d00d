package domain_test

import (
	"context"
	"crypto/rand"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/domain"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// fixture is a Service with fake ports.
type fixture struct {
	*testing.T
	*domain.Service
	provider *portstest.FakeProvider
	sessions *portstest.FakeSessions
	clock    *portstest.Clock
}

func newFixture(t *testing.T) *fixture { return newFixtureWith(t, func(*domain.Config) {}) }

func newFixtureWith(t *testing.T, change func(*domain.Config)) *fixture {
	clock := portstest.NewClock(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	f := &fixture{T: t, clock: clock, provider: portstest.NewFakeProvider(clock.Now), sessions: portstest.NewFakeSessions(clock.Now)}
	cfg := domain.Config{
		Provider: f.provider, Sessions: f.sessions,
		Limits: domain.Limits{Idle: time.Hour, Lifetime: 12 * time.Hour},
		Now:    clock.Now, Random: rand.Reader,
		Wait: func(ctx context.Context, _ time.Duration) error { runtime.Gosched(); return ctx.Err() },
	}
	change(&cfg)
	service, err := domain.New(cfg)
	require.NoError(t, err)
	f.Service = service
	return f
}

// signIn signs id in with b.
func (f *fixture) signIn(b *portstest.FakeBrowser, id ports.Identity, scopes ...string) {
	f.Helper()
	ctx := b.Context(f.Context())
	location, err := f.SignIn(ctx, domain.SignInRequest{Scopes: scopes})
	require.NoError(f, err)
	_, err = f.CompleteSignIn(b.Context(f.Context()), f.provider.Approve(location, id), "Firefox, Linux")
	require.NoError(f, err)
}

func (f *fixture) user(b *portstest.FakeBrowser) domain.User {
	f.Helper()
	session, err := f.CurrentUser(b.Context(f.Context()))
	require.NoError(f, err)
	return session.User
}

func TestNewNamesEverythingMissing(t *testing.T) {
	_, err := domain.New(domain.Config{})
	for _, part := range []string{"provider", "session manager", "clock", "randomness", "idle", "lifetime"} {
		assert.ErrorContains(t, err, part)
	}
}

// Invariant 4: a user is tid+oid, or iss+sub; never an address or a name.
func TestUserKey(t *testing.T) {
	key := func(id ports.Identity) domain.UserKey {
		f := newFixture(t)
		b := f.sessions.NewBrowser()
		f.signIn(b, id)
		return f.user(b).Key
	}
	entra := ports.Identity{Issuer: "https://l/t1/v2.0", Subject: "s1", TenantID: "t1", ObjectID: "o1", Username: "ada@contoso.example", Name: "Ada"}
	with := func(change func(*ports.Identity)) ports.Identity { id := entra; change(&id); return id }

	assert.Equal(t, key(entra), key(with(func(id *ports.Identity) { id.Username, id.Name = "new@contoso.example", "Ada L." })), "a new address is the same person")
	assert.Equal(t, key(entra), key(with(func(id *ports.Identity) { id.Subject = "s2" })), "sub differs between applications")
	assert.NotEqual(t, key(entra), key(with(func(id *ports.Identity) { id.ObjectID = "o2" })), "the same address is not the same person")
	assert.NotEqual(t, key(entra), key(with(func(id *ports.Identity) { id.TenantID = "t2" })), "an object ID belongs to its tenant")

	capitals := with(func(id *ports.Identity) { id.TenantID, id.ObjectID = "T1", "O1" })
	assert.Equal(t, key(entra), key(capitals), "GUIDs compare without regard to case")

	other := ports.Identity{Issuer: "https://idp.example", Subject: "s1", Username: "ada@contoso.example"}
	assert.NotEqual(t, key(entra), key(other))
	elsewhere := other
	elsewhere.Issuer = "https://other.example"
	assert.NotEqual(t, key(other), key(elsewhere), "a subject belongs to its issuer")
	shouting := other
	shouting.Subject = "S1"
	assert.NotEqual(t, key(other), key(shouting), "a subject keeps its letter case")
}

// A user's name comes from the provider. An opaque identifier is not used as a name.
func TestWhatAPersonIsCalled(t *testing.T) {
	for _, c := range []struct{ name, username, want string }{
		{"Ada Lovelace", "ada@contoso.example", "Ada Lovelace"},
		{"", "ada@contoso.example", "ada@contoso.example"},
		{" \t", "ada", "ada"},
		{"", " ", ""},
		{"", "", ""},
	} {
		f := newFixture(t)
		b := f.sessions.NewBrowser()
		f.signIn(b, ports.Identity{Issuer: "https://idp.example", Subject: "s", Name: c.name, Username: c.username})
		assert.Equal(t, c.want, f.user(b).Name, "%q", c)
	}
}

// Only Entra has tenants. Users of other providers have only an issuer.
func TestTenantAndIssuerOfAUser(t *testing.T) {
	for _, c := range []struct {
		id     ports.Identity
		tenant string
	}{
		{ports.Identity{Issuer: "https://l/t1/v2.0", Subject: "s1", TenantID: "t1", ObjectID: "o1"}, "t1"},
		{ports.Identity{Issuer: "https://idp.example", Subject: "s1"}, ""},
	} {
		f := newFixture(t)
		b := f.sessions.NewBrowser()
		f.signIn(b, c.id)
		assert.Equal(t, c.tenant, f.user(b).Tenant)
		assert.Equal(t, c.id.Issuer, f.user(b).Issuer)
	}
}

func TestRolesAreComparedExactly(t *testing.T) {
	u := domain.User{Roles: []string{"Admin", ""}}
	assert.True(t, u.HasRole("Admin"))
	for _, role := range []string{"admin", "Admin ", "Adm", ""} {
		assert.False(t, u.HasRole(role), "%q", role)
	}
}

func TestCallbackIsJudgedBeforeTheProviderIsAsked(t *testing.T) {
	f := newFixture(t)
	b := f.sessions.NewBrowser()
	location, err := f.SignIn(b.Context(t.Context()), domain.SignInRequest{ReturnTo: "/reports"})
	require.NoError(t, err)
	good := f.provider.Approve(location, ports.Identity{})
	for name, c := range map[string]struct {
		ctx  context.Context
		cb   domain.Callback
		want error
	}{
		"no state":        {b.Context(t.Context()), domain.Callback{Code: good.Code}, domain.ErrBadCallback},
		"no code":         {b.Context(t.Context()), domain.Callback{State: good.State}, domain.ErrBadCallback},
		"code and error":  {b.Context(t.Context()), domain.Callback{State: good.State, Code: good.Code, Error: "access_denied"}, domain.ErrBadCallback},
		"no such code":    {b.Context(t.Context()), domain.Callback{State: good.State, Code: "a\x00"}, domain.ErrBadCallback},
		"unknown state":   {b.Context(t.Context()), domain.Callback{State: "other", Code: good.Code}, domain.ErrUnknownSignIn},
		"another browser": {f.sessions.NewBrowser().Context(t.Context()), good, domain.ErrUnknownSignIn},
	} {
		_, err := f.CompleteSignIn(c.ctx, c.cb, "")
		assert.ErrorIs(t, err, c.want, name)
	}
	f.clock.Advance(domain.PendingLifetime + time.Second)
	_, err = f.CompleteSignIn(b.Context(t.Context()), good, "")
	assert.ErrorIs(t, err, domain.ErrSignInExpired)
	failure, ok := errors.AsType[*domain.SignInFailure](err)
	require.True(t, ok)
	assert.Equal(t, "/reports", failure.ReturnTo)
	assert.Zero(t, f.provider.Completions())
}

func TestFailureKeepsTheWayBack(t *testing.T) {
	f := newFixture(t)
	b := f.sessions.NewBrowser()
	location, err := f.SignIn(b.Context(t.Context()), domain.SignInRequest{ReturnTo: "/reports"})
	require.NoError(t, err)
	_, err = f.CompleteSignIn(b.Context(t.Context()), f.provider.Decline(location), "")
	var failure *domain.SignInFailure
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, "/reports", failure.ReturnTo)
	assert.ErrorIs(t, err, domain.ErrDeclined)
}

func TestStoreDownIsNotSignedOut(t *testing.T) {
	f := newFixture(t)
	b := f.sessions.NewBrowser()
	f.signIn(b, ports.Identity{})
	f.sessions.SetDown(true)
	_, err := f.CurrentUser(b.Context(t.Context()))
	assert.ErrorIs(t, err, domain.ErrStoreUnavailable)
	assert.NotErrorIs(t, err, domain.ErrNotSignedIn)
	_, err = f.SignOut(b.Context(t.Context()))
	assert.ErrorIs(t, err, domain.ErrStoreUnavailable)
	f.sessions.SetDown(false)
	f.user(b)
}

func TestSmallerLimitGoverns(t *testing.T) {
	f := newFixture(t)
	b := f.sessions.NewBrowser()
	f.signIn(b, ports.Identity{})
	for range 12 {
		session, err := f.CurrentUser(b.Context(t.Context()))
		require.NoError(t, err)
		assert.False(t, session.IdleEnds.After(session.Ends))
		f.clock.Advance(59 * time.Minute)
	}
	f.clock.Advance(13 * time.Minute)
	_, err := f.CurrentUser(b.Context(t.Context()))
	assert.ErrorIs(t, err, domain.ErrNotSignedIn)
}

// A session never ends earlier than the idle limit after its last use. It ends at most a
// tenth of the limit later, or ten minutes, and writes no more often than that.
func TestTheIdleLimitIsRoundedInTheUsersFavour(t *testing.T) {
	for idle, slack := range map[time.Duration]time.Duration{
		10 * time.Second: time.Second, time.Hour: 6 * time.Minute, 8 * time.Hour: 10 * time.Minute,
	} {
		for _, last := range []time.Duration{0, 1, slack / 2, slack - 1, slack, slack + 1, idle} {
			f := newFixtureWith(t, func(c *domain.Config) { c.Limits = domain.Limits{Idle: idle, Lifetime: 100 * time.Hour} })
			b := f.sessions.NewBrowser()
			f.signIn(b, ports.Identity{})
			f.clock.Advance(last)
			session, err := f.CurrentUser(b.Context(t.Context()))
			require.NoError(t, err)
			lasts := session.IdleEnds.Sub(f.clock.Now())
			assert.GreaterOrEqual(t, lasts, idle, "%v: used after %v", idle, last)
			assert.LessOrEqual(t, lasts, idle+slack, "%v: used after %v", idle, last)
			if last < slack {
				assert.Equal(t, idle+slack-last, lasts, "%v: a use after %v writes nothing", idle, last)
			}
			f.clock.Advance(lasts - 1)
			_, err = f.Peek(b.Context(t.Context()))
			require.NoError(t, err, "%v: used after %v", idle, last)
			f.clock.Advance(1)
			_, err = f.Peek(b.Context(t.Context()))
			require.ErrorIs(t, err, domain.ErrNotSignedIn, "%v: used after %v", idle, last)
		}
	}
}

// A session that began with a shorter idle limit lasts as long as the new one from its
// next use on.
func TestAUseReachesTheWiderLimitAtOnce(t *testing.T) {
	narrow := newFixtureWith(t, func(c *domain.Config) { c.Limits.Idle = 30 * time.Minute })
	b := narrow.sessions.NewBrowser()
	narrow.signIn(b, ports.Identity{})
	wide := newFixtureWith(t, func(c *domain.Config) { c.Sessions, c.Now = narrow.sessions, narrow.clock.Now })
	narrow.clock.Advance(time.Second)
	_, err := wide.CurrentUser(b.Context(t.Context()))
	require.NoError(t, err)
	narrow.clock.Advance(time.Hour - 1)
	_, err = wide.CurrentUser(b.Context(t.Context()))
	require.NoError(t, err)
}

func TestAccessToken(t *testing.T) {
	f := newFixture(t)
	b := f.sessions.NewBrowser()
	_, err := f.AccessToken(b.Context(t.Context()), "api")
	require.ErrorIs(t, err, domain.ErrNotSignedIn)
	f.signIn(b, ports.Identity{}, "api")
	first, err := f.AccessToken(b.Context(t.Context()), "api")
	require.NoError(t, err)
	again, err := f.AccessToken(b.Context(t.Context()), "api")
	require.NoError(t, err)
	assert.Equal(t, first, again)

	f.clock.Advance(56 * time.Minute)
	fresh, err := f.AccessToken(b.Context(t.Context()), "api")
	require.NoError(t, err)
	assert.NotEqual(t, first, fresh, "refreshed before it expires")

	f.clock.Advance(56 * time.Minute)
	f.provider.Down(true)
	old, err := f.AccessToken(b.Context(t.Context()), "api")
	require.NoError(t, err)
	assert.Equal(t, fresh, old, "after a failed refresh the token is used until it expires")
	f.clock.Advance(5 * time.Minute)
	_, err = f.AccessToken(b.Context(t.Context()), "api")
	require.ErrorIs(t, err, domain.ErrProviderUnavailable)

	f.provider.Down(false)
	f.provider.RevokeRefreshTokens()
	_, err = f.AccessToken(b.Context(t.Context()), "api")
	var required *domain.InteractionRequired
	require.ErrorAs(t, err, &required)
	assert.Equal(t, []string{"api"}, required.Scopes)
	f.user(b)
}

// Peek changes nothing: it does not touch the session, and it does not end an expired one.
func TestPeekChangesNothing(t *testing.T) {
	f := newFixture(t)
	b := f.sessions.NewBrowser()
	f.signIn(b, ports.Identity{})
	before, err := f.CurrentUser(b.Context(t.Context()))
	require.NoError(t, err)

	f.clock.Advance(30 * time.Minute)
	peeked, err := f.Peek(b.Context(t.Context()))
	require.NoError(t, err)
	assert.Equal(t, before, peeked, "the session is not prolonged")

	f.clock.Advance(365 * 24 * time.Hour)
	_, err = f.Peek(b.Context(t.Context()))
	require.ErrorIs(t, err, domain.ErrNotSignedIn)
	_, err = f.Peek(f.sessions.NewBrowser().Context(t.Context()))
	require.ErrorIs(t, err, domain.ErrNotSignedIn)
}

// A person is warned two minutes before the end, or after three quarters of a limit
// under eight minutes.
func TestEndWarnings(t *testing.T) {
	for limit, ahead := range map[time.Duration]time.Duration{
		time.Hour: 2 * time.Minute, 8 * time.Minute: 2 * time.Minute,
		4 * time.Minute: time.Minute, 12 * time.Second: 3 * time.Second,
	} {
		f := newFixtureWith(t, func(c *domain.Config) { c.Limits = domain.Limits{Idle: limit, Lifetime: 12 * time.Hour} })
		idle, end := f.EndWarnings()
		assert.Equal(t, ahead, idle, limit)
		assert.Equal(t, 2*time.Minute, end)
		f = newFixtureWith(t, func(c *domain.Config) { c.Limits = domain.Limits{Idle: time.Hour, Lifetime: limit} })
		_, end = f.EndWarnings()
		assert.Equal(t, ahead, end, limit)
	}
}
