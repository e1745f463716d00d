package domain_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/domain"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// newFlows returns a fixture whose provider has every flow.
func newFlows(t *testing.T) *fixture {
	f := newFixture(t)
	f.provider.OfferFlows(ports.FlowSignUp, ports.FlowEditProfile, ports.FlowResetPassword)
	return f
}

func (f *fixture) complete(b *portstest.FakeBrowser, cb domain.Callback) (string, error) {
	return f.CompleteSignIn(b.Context(f.Context()), cb, "Firefox, Linux")
}

func (f *fixture) editProfile(b *portstest.FakeBrowser) string {
	f.Helper()
	location, err := f.EditProfile(b.Context(f.Context()), "")
	require.NoError(f, err)
	return location
}

func adaNamed(name string) ports.Identity { return ports.Identity{Subject: "ada", Name: name} }

// The flow changes names and claims. It neither prolongs the session nor takes anything
// away.
func TestEditedProfileKeepsTheRestOfTheSession(t *testing.T) {
	f := newFlows(t)
	b := f.sessions.NewBrowser()
	began := adaNamed("Ada Byron")
	began.Roles, began.Username = []string{"Admin"}, "ada@contoso.example"
	f.signIn(b, began, "api")
	before, err := f.CurrentUser(b.Context(t.Context()))
	require.NoError(t, err)
	token, err := f.AccessToken(b.Context(t.Context()), "api")
	require.NoError(t, err)
	old, ok := b.Clone().(*portstest.FakeBrowser)
	require.True(t, ok)

	f.clock.Advance(10 * time.Minute)
	to, err := f.complete(b, f.provider.Approve(f.editProfile(b), adaNamed("Ada Lovelace")))
	require.NoError(t, err)
	assert.Equal(t, "/", to)
	after, err := f.CurrentUser(b.Context(t.Context()))
	require.NoError(t, err)
	want := before.User
	want.Name = "Ada Lovelace"
	assert.Equal(t, want, after.User)
	assert.Equal(t, before.Started, after.Started)
	assert.Equal(t, before.Ends, after.Ends)
	claims, err := f.Claims(b.Context(t.Context()))
	require.NoError(t, err)
	assert.Contains(t, claims, domain.Claim{Name: "name", Value: "Ada Lovelace"})
	again, err := f.AccessToken(b.Context(t.Context()), "api")
	require.NoError(t, err)
	assert.Equal(t, token, again)
	_, err = f.CurrentUser(old.Context(t.Context()))
	require.ErrorIs(t, err, domain.ErrNotSignedIn, "the old session token is dead")
	last := f.provider.Requests()[len(f.provider.Requests())-1]
	assert.Equal(t, ports.FlowEditProfile, last.Flow)
	assert.Equal(t, "ada", last.Person.Subject)
	assert.Empty(t, last.Scopes, "its tokens are not kept")
}

// The flow can ask for less than a sign-in does, so it signs nobody in.
func TestEditedProfileSignsNobodyIn(t *testing.T) {
	signOut := func(f *fixture, b *portstest.FakeBrowser) {
		_, err := f.SignOut(b.Context(f.Context()))
		require.NoError(f, err)
	}
	expire := func(f *fixture, _ *portstest.FakeBrowser) { f.clock.Advance(10 * time.Minute) }
	for name, c := range map[string]struct {
		who       ports.Identity
		meanwhile func(*fixture, *portstest.FakeBrowser)
	}{
		"another subject": {ports.Identity{Subject: "eve", Name: "Eve"}, nil},
		"another issuer":  {ports.Identity{Issuer: "https://other.example", Subject: "ada", Name: "Eve"}, nil},
		"signed out":      {adaNamed("Ada"), signOut},
		"expired":         {adaNamed("Ada"), expire},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixtureWith(t, func(c *domain.Config) { c.Limits.Idle = 5 * time.Minute })
			f.provider.OfferFlows(ports.FlowEditProfile)
			b := f.sessions.NewBrowser()
			f.signIn(b, adaNamed("Ada Byron"))
			location := f.editProfile(b)
			if c.meanwhile != nil {
				c.meanwhile(f, b)
			}
			_, err := f.complete(b, f.provider.Approve(location, c.who))
			require.ErrorIs(t, err, domain.ErrSignInAgain)
			session, err := f.CurrentUser(b.Context(t.Context()))
			if c.meanwhile != nil {
				require.ErrorIs(t, err, domain.ErrNotSignedIn)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, "Ada Byron", session.User.Name)
		})
	}
}

// changesBeforeTokens changes the browser's session after the domain has read it.
type changesBeforeTokens struct {
	*portstest.FakeSessions
	change func(context.Context) error // nil changes nothing
}

func (s *changesBeforeTokens) Tokens(ctx context.Context) (ports.Tokens, error) {
	tokens, err := s.FakeSessions.Tokens(ctx)
	if s.change != nil {
		err = errors.Join(err, s.change(ctx))
	}
	return tokens, err
}

// Invariants 6 and 7: a sign-out while the profile is being saved wins, and so does a token
// refresh that takes a role away.
func TestTheSessionChangesDuringTheEditOfAProfile(t *testing.T) {
	changing := &changesBeforeTokens{}
	for name, change := range map[string]func(context.Context) error{
		"sign-out": func(ctx context.Context) error {
			_, err := changing.EndSessionsOf(ctx, portstest.FakeIssuer, "ada", false, false)
			return err
		},
		"roles": func(ctx context.Context) error { return changing.UpdateMemberships(ctx, nil, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixtureWith(t, func(c *domain.Config) {
				*changing = changesBeforeTokens{FakeSessions: c.Sessions.(*portstest.FakeSessions)}
				c.Sessions = changing
			})
			f.provider.OfferFlows(ports.FlowEditProfile)
			b := f.sessions.NewBrowser()
			who := adaNamed("Ada Byron")
			who.Roles = []string{"Admin"}
			f.signIn(b, who)
			location := f.editProfile(b)
			changing.change = change
			_, err := f.complete(b, f.provider.Approve(location, adaNamed("Ada Lovelace")))
			require.ErrorIs(t, err, domain.ErrSignInAgain)
			_, err = f.CurrentUser(b.Context(t.Context()))
			require.ErrorIs(t, err, domain.ErrNotSignedIn)
			listed, err := f.sessions.SessionsOf(b.Context(t.Context()), portstest.FakeIssuer, "ada")
			require.NoError(t, err)
			assert.Empty(t, listed)
		})
	}
}

func TestEditProfileNeedsAPersonAndTheFlow(t *testing.T) {
	f := newFlows(t)
	b := f.sessions.NewBrowser()
	_, err := f.EditProfile(b.Context(t.Context()), "")
	require.ErrorIs(t, err, domain.ErrNotSignedIn)
	f.signIn(b, adaNamed("Ada"))
	f.provider.OfferFlows()
	_, err = f.EditProfile(b.Context(t.Context()), "")
	require.ErrorIs(t, err, domain.ErrUnsupported)
	assert.False(t, f.HasFlow(domain.FlowEditProfile))
	assert.True(t, f.HasFlow(ports.FlowSignIn))
}

// A person who cancels comes back without an error.
func TestCancelledGoesBack(t *testing.T) {
	f := newFlows(t)
	b := f.sessions.NewBrowser()
	location, err := f.SignIn(b.Context(t.Context()), domain.SignInRequest{ReturnTo: "/reports?year=2026"})
	require.NoError(t, err)
	to, err := f.complete(b, f.provider.Cancel(location))
	require.NoError(t, err)
	assert.Equal(t, "/reports?year=2026", to)
	_, err = f.CurrentUser(b.Context(t.Context()))
	require.ErrorIs(t, err, domain.ErrNotSignedIn)

	f.signIn(b, adaNamed("Ada"), "api")
	to, err = f.complete(b, f.provider.Cancel(f.editProfile(b)))
	require.NoError(t, err)
	assert.Equal(t, "/", to)
	assert.Equal(t, "Ada", f.user(b).Name)

	location, err = f.StepUp(b.Context(t.Context()), "/call_api", "", &domain.InteractionRequired{Scopes: []string{"other"}})
	require.NoError(t, err)
	to, err = f.complete(b, f.provider.Cancel(location))
	require.NoError(t, err)
	assert.Equal(t, "/", to, "the page would ask again")
}

// After the new password the person signs in: the reset itself signs nobody in, and its
// code is not redeemed.
func TestForgottenPassword(t *testing.T) {
	f := newFlows(t)
	b := f.sessions.NewBrowser()
	location, err := f.SignIn(b.Context(t.Context()), domain.SignInRequest{ReturnTo: "/reports"})
	require.NoError(t, err)
	_, err = f.complete(b, f.provider.ForgetPassword(location))
	require.ErrorIs(t, err, domain.ErrPasswordForgotten)
	failure, ok := errors.AsType[*domain.SignInFailure](err)
	require.True(t, ok)
	assert.Equal(t, "/reports", failure.ReturnTo)

	location, err = f.SignIn(b.Context(t.Context()), domain.SignInRequest{ReturnTo: "/reports", Flow: domain.FlowResetPassword})
	require.NoError(t, err)
	before := f.provider.Completions()
	cb := f.provider.Approve(location, adaNamed("Ada"))
	_, err = f.complete(b, cb)
	require.ErrorIs(t, err, domain.ErrSignInAgain)
	failure, ok = errors.AsType[*domain.SignInFailure](err)
	require.True(t, ok)
	assert.Equal(t, "/reports", failure.ReturnTo)
	assert.Equal(t, before, f.provider.Completions(), "the code is not redeemed")
	_, err = f.CurrentUser(b.Context(t.Context()))
	require.ErrorIs(t, err, domain.ErrNotSignedIn)
	_, err = f.complete(b, cb)
	require.ErrorIs(t, err, domain.ErrUnknownSignIn, "its state is spent")

	location, err = f.SignIn(b.Context(t.Context()), domain.SignInRequest{ReturnTo: "/reports", Flow: domain.FlowResetPassword})
	require.NoError(t, err)
	to, err := f.complete(b, f.provider.Cancel(location))
	require.NoError(t, err)
	assert.Equal(t, "/reports", to)
}

func TestFlowsOfASignIn(t *testing.T) {
	for _, c := range []struct {
		asked domain.Flow
		has   []ports.Flow
		begun ports.Flow
	}{
		{domain.FlowSignUp, nil, ports.FlowSignUp}, // the adapter decides
		{domain.FlowResetPassword, []ports.Flow{ports.FlowResetPassword}, ports.FlowResetPassword},
		{domain.FlowResetPassword, nil, ports.FlowSignIn},
		{domain.FlowEditProfile, []ports.Flow{ports.FlowEditProfile}, ports.FlowSignIn},
		{"unknown", nil, ports.FlowSignIn},
	} {
		f := newFixture(t)
		f.provider.OfferFlows(c.has...)
		_, err := f.SignIn(f.sessions.NewBrowser().Context(t.Context()), domain.SignInRequest{Flow: c.asked})
		require.NoError(t, err)
		assert.Equal(t, c.begun, f.provider.Requests()[0].Flow, "%q", c.asked)
	}
}
