package domain_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/domain"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

const fresh = 5 * time.Minute

// check opens a page with this requirement.
func (f *fixture) check(b *portstest.FakeBrowser, need domain.SignInRequirement) error {
	f.Helper()
	session, err := f.CurrentUser(b.Context(f.Context()))
	require.NoError(f, err)
	return f.CheckSignIn(session, need, "api")
}

// stepUp begins the sign-in that err asks for and returns the provider's URL.
func (f *fixture) stepUp(b *portstest.FakeBrowser, page string, err error) (string, error) {
	f.Helper()
	var required *domain.InteractionRequired
	require.ErrorAs(f, err, &required)
	return f.StepUp(b.Context(f.Context()), page, "en", required)
}

// comeBack completes the sign-in of location as id.
func (f *fixture) comeBack(b *portstest.FakeBrowser, location string, id ports.Identity) (string, error) {
	f.Helper()
	return f.CompleteSignIn(b.Context(f.Context()), f.provider.Approve(location, id), "")
}

func (f *fixture) lastRequest() ports.AuthorizationRequest {
	all := f.provider.Requests()
	return all[len(all)-1]
}

func ada(authTime time.Time, contexts ...string) ports.Identity {
	return ports.Identity{Issuer: portstest.FakeIssuer, Subject: "ada", Name: "Ada", Roles: []string{"Admin"}, AuthTime: authTime, AuthContexts: contexts}
}

func eve(authTime time.Time, contexts ...string) ports.Identity {
	return ports.Identity{Issuer: portstest.FakeIssuer, Subject: "eve", Name: "Eve", AuthTime: authTime, AuthContexts: contexts}
}

func TestCheckSignIn(t *testing.T) {
	f := newFixture(t)
	now := f.clock.Now()
	recent, context := domain.SignInRequirement{MaxAge: fresh}, domain.SignInRequirement{AuthContext: "c1"}
	for name, c := range map[string]struct {
		need domain.SignInRequirement
		who  ports.Identity
		want error
	}{
		"nothing required":             {domain.SignInRequirement{}, ada(time.Time{}), nil},
		"just now":                     {recent, ada(now), nil},
		"exactly at the limit":         {recent, ada(now.Add(-fresh)), nil},
		"a second older":               {recent, ada(now.Add(-fresh - time.Second)), domain.ErrNotRecent},
		"no auth_time":                 {recent, ada(time.Time{}), domain.ErrNotRecent},
		"the provider's clock is fast": {recent, ada(now.Add(4 * time.Minute)), nil},
		"the context":                  {context, ada(time.Time{}, "c2", "c1"), nil},
		"another context":              {context, ada(now, "c10", "C1", ""), domain.ErrAuthContextMissing},
		"no context":                   {context, ada(now), domain.ErrAuthContextMissing},
		"both":                         {domain.SignInRequirement{MaxAge: fresh, AuthContext: "c1"}, ada(now, "c1"), nil},
		"both, one unmet":              {domain.SignInRequirement{MaxAge: fresh, AuthContext: "c1"}, ada(now, "c2"), domain.ErrAuthContextMissing},
	} {
		b := f.sessions.NewBrowser()
		f.signIn(b, c.who)
		err := f.check(b, c.need)
		if c.want == nil {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorIs(t, err, c.want, name)
		require.ErrorIs(t, err, domain.ErrInteractionRequired, name)
	}
}

func TestStepUpForARecentSignIn(t *testing.T) {
	f := newFixture(t)
	b := f.sessions.NewBrowser()
	f.signIn(b, ada(f.clock.Now()))
	need := domain.SignInRequirement{MaxAge: fresh}
	require.NoError(t, f.check(b, need))
	f.clock.Advance(fresh + time.Second)
	location, err := f.stepUp(b, "/fresh?x=1", f.check(b, need))
	require.NoError(t, err)
	asked := f.lastRequest()
	assert.Equal(t, new(fresh), asked.MaxAge)
	assert.JSONEq(t, `{"id_token":{"auth_time":{"essential":true}}}`, asked.Claims)
	assert.Equal(t, []string{"api"}, asked.Scopes)
	assert.NotEmpty(t, asked.LoginHint, "for the same person")
	assert.Empty(t, asked.ACRValues)

	to, err := f.comeBack(b, location, ada(f.clock.Now().Add(-2*time.Second)))
	require.NoError(t, err)
	assert.Equal(t, "/fresh?x=1", to)
	require.NoError(t, f.check(b, need))
	assert.Equal(t, 1, f.sessions.Len(), "the new session replaces the old one")
}

// Both requirements need one sign-in.
func TestStepUpForAnAuthContext(t *testing.T) {
	for _, c := range []struct {
		need   domain.SignInRequirement
		claims string
		maxAge *time.Duration
	}{
		{domain.SignInRequirement{AuthContext: "c1"}, `{"id_token":{"acrs":{"essential":true,"value":"c1"}}}`, nil},
		{domain.SignInRequirement{AuthContext: "c1", MaxAge: fresh},
			`{"id_token":{"acrs":{"essential":true,"value":"c1"},"auth_time":{"essential":true}}}`, new(fresh)},
	} {
		f := newFixture(t)
		b := f.sessions.NewBrowser()
		f.signIn(b, ada(time.Time{}))
		location, err := f.stepUp(b, "/payments", f.check(b, c.need))
		require.NoError(t, err)
		assert.JSONEq(t, c.claims, f.lastRequest().Claims)
		assert.Equal(t, c.maxAge, f.lastRequest().MaxAge)
		_, err = f.comeBack(b, location, ada(f.clock.Now(), "c1"))
		require.NoError(t, err)
		require.NoError(t, f.check(b, c.need))
	}
}

// A new sign-in that does not satisfy the page is refused. The person stays signed in
// with the old session.
func TestStepUpThatDoesNotSatisfyThePage(t *testing.T) {
	long := newFixture(t).clock.Now().Add(-time.Hour)
	for name, c := range map[string]struct {
		need domain.SignInRequirement
		back ports.Identity
		want error
	}{
		"no auth_time":        {domain.SignInRequirement{MaxAge: fresh}, ada(time.Time{}), domain.ErrNotRecent},
		"older":               {domain.SignInRequirement{MaxAge: fresh}, ada(long), domain.ErrNotRecent},
		"beyond the skew":     {domain.SignInRequirement{MaxAge: fresh}, ada(long.Add(50*time.Minute - time.Second)), domain.ErrNotRecent},
		"no acrs":             {domain.SignInRequirement{AuthContext: "c1"}, ada(long), domain.ErrAuthContextMissing},
		"wrong acrs":          {domain.SignInRequirement{AuthContext: "c1"}, ada(long, "c2"), domain.ErrAuthContextMissing},
		"acrs, but not fresh": {domain.SignInRequirement{AuthContext: "c1", MaxAge: fresh}, ada(long, "c1"), domain.ErrNotRecent},
	} {
		t.Run(name, func(t *testing.T) {
			log := &auditLog{}
			f := newFixtureWith(t, func(cfg *domain.Config) { cfg.Audit = log })
			b := f.sessions.NewBrowser()
			f.signIn(b, ada(long), "api")
			before, err := f.sessions.Current(b.Context(t.Context()))
			require.NoError(t, err)
			location, err := f.stepUp(b, "/fresh", f.check(b, c.need))
			require.NoError(t, err)
			to, err := f.comeBack(b, location, c.back)
			require.ErrorIs(t, err, c.want)
			assert.Empty(t, to)
			var failure *domain.SignInFailure
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, "/fresh", failure.ReturnTo)
			assert.Equal(t, ports.AuditSignInRefused, log.last().Kind)
			assert.Equal(t, c.want.Error(), log.last().Reason)
			after, err := f.sessions.Current(b.Context(t.Context()))
			require.NoError(t, err)
			assert.Equal(t, before, after, "the old session stays")
			_, err = f.AccessToken(b.Context(t.Context()), "api")
			require.NoError(t, err, "and its tokens")
		})
	}
}

// The provider's clock may be behind: the callback tolerates five minutes. The page
// does not. Its second request asks for a new authentication, and a third is refused.
func TestStepUpWithASlowClockAtTheProvider(t *testing.T) {
	f := newFixture(t)
	need := domain.SignInRequirement{MaxAge: fresh}
	b := f.sessions.NewBrowser()
	slow := func(age time.Duration) ports.Identity { return ada(f.clock.Now().Add(-age)) }
	f.signIn(b, slow(time.Hour))
	for _, maxAge := range []time.Duration{fresh, 0} {
		location, err := f.stepUp(b, "/fresh", f.check(b, need))
		require.NoError(t, err)
		assert.Equal(t, &maxAge, f.lastRequest().MaxAge)
		assert.Contains(t, f.lastRequest().Claims, "auth_time")
		_, err = f.comeBack(b, location, slow(2*fresh))
		require.NoError(t, err)
		require.ErrorIs(t, f.check(b, need), domain.ErrNotRecent)
	}
	_, err := f.stepUp(b, "/fresh", f.check(b, need))
	require.ErrorIs(t, err, domain.ErrSignInLoop)
	require.ErrorIs(t, err, domain.ErrNotRecent)
	f.user(b)
}

// A step-up is a sign-in like any other: another person who comes back is signed in,
// and the page checks that person alone.
func TestAnotherPersonComesBackFromAStepUp(t *testing.T) {
	need := domain.SignInRequirement{MaxAge: fresh, AuthContext: "c1"}
	f := newFixture(t)
	b := f.sessions.NewBrowser()
	f.signIn(b, ada(f.clock.Now().Add(-time.Hour), "c1"), "api")
	location, err := f.stepUp(b, "/fresh", f.check(b, need))
	require.NoError(t, err)
	to, err := f.comeBack(b, location, eve(time.Time{}))
	require.NoError(t, err)
	assert.Equal(t, "/fresh", to)
	user := f.user(b)
	assert.Equal(t, "Eve", user.Name)
	assert.Empty(t, user.Roles)
	assert.Equal(t, 1, f.sessions.Len(), "the old session has ended")
	session, err := f.CurrentUser(b.Context(t.Context()))
	require.NoError(t, err)
	assert.Zero(t, session.AuthTime)
	assert.Empty(t, session.AuthContexts)

	// The page asks Eve, too. The loop ends.
	location, err = f.stepUp(b, "/fresh", f.check(b, need))
	require.NoError(t, err)
	assert.Equal(t, "login-hint-of-eve", f.lastRequest().LoginHint)
	_, err = f.comeBack(b, location, eve(time.Time{}))
	require.ErrorIs(t, err, domain.ErrNotRecent)
	assert.Equal(t, "Eve", f.user(b).Name)

	// A provider that sends two accounts in turn is stopped as well.
	f.clock.Advance(time.Hour)
	f.signIn(b, ada(time.Time{}))
	for _, next := range []ports.Identity{eve(time.Time{}), ada(time.Time{})} {
		location, err = f.stepUp(b, "/fresh", f.check(b, need))
		require.NoError(t, err)
		_, err = f.comeBack(b, location, next)
		require.NoError(t, err)
	}
	_, err = f.stepUp(b, "/fresh", f.check(b, need))
	require.ErrorIs(t, err, domain.ErrSignInLoop)
}

// Somebody else who satisfies the page opens it.
func TestAnotherPersonWithARecentSignIn(t *testing.T) {
	need := domain.SignInRequirement{MaxAge: fresh}
	f := newFixture(t)
	b := f.sessions.NewBrowser()
	f.signIn(b, ada(time.Time{}))
	location, err := f.stepUp(b, "/fresh", f.check(b, need))
	require.NoError(t, err)
	_, err = f.comeBack(b, location, eve(f.clock.Now()))
	require.NoError(t, err)
	require.NoError(t, f.check(b, need))
	assert.Equal(t, "Eve", f.user(b).Name)
}

// A refresh is no authentication.
func TestARefreshMakesNoSignInRecent(t *testing.T) {
	f := newFixture(t)
	b := f.sessions.NewBrowser()
	began := f.clock.Now()
	f.signIn(b, ada(began, "c1"), "api")
	f.clock.Advance(58 * time.Minute)
	f.provider.SetMemberships(&ports.Memberships{Roles: []string{"Reader"}})
	_, err := f.AccessToken(b.Context(t.Context()), "api")
	require.NoError(t, err)
	require.Equal(t, 1, f.provider.Refreshes())
	session, err := f.CurrentUser(b.Context(t.Context()))
	require.NoError(t, err)
	assert.Equal(t, []string{"Reader"}, session.User.Roles)
	assert.Equal(t, began, session.AuthTime)
	assert.Equal(t, []string{"c1"}, session.AuthContexts)
	require.ErrorIs(t, f.check(b, domain.SignInRequirement{MaxAge: fresh}), domain.ErrNotRecent)
}

// What an API demands goes to the provider as it is, and the API checks the result.
func TestStepUpOfAnAPI(t *testing.T) {
	for _, required := range []*domain.InteractionRequired{
		{Scopes: []string{"api"}, MaxAge: new(time.Duration(0)), ACRValues: []string{"gold", "silver"}},
		{Scopes: []string{"api"}, MaxAge: new(time.Minute)},
		{Scopes: []string{"api"}, ACRValues: []string{"gold"}},
	} {
		f := newFixture(t)
		b := f.sessions.NewBrowser()
		f.signIn(b, ada(time.Time{}), "api")
		for range 2 {
			location, err := f.stepUp(b, "/call_api", required)
			require.NoError(t, err)
			asked := f.lastRequest()
			assert.Equal(t, required.MaxAge, asked.MaxAge)
			assert.Equal(t, required.ACRValues, asked.ACRValues)
			assert.Empty(t, asked.Claims)
			_, err = f.comeBack(b, location, ada(time.Time{}))
			require.NoError(t, err)
		}
		_, err := f.stepUp(b, "/call_api", required)
		require.ErrorIs(t, err, domain.ErrSignInLoop)
	}
}
