package domain_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/domain"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// strangePending is a session manager that returns another pending sign-in than
// it was given. The domain must not rely on an adapter's checks.
type strangePending struct {
	ports.SessionManager
	kept    ports.PendingSignIn
	corrupt func(*ports.PendingSignIn)
}

func (s *strangePending) Keep(_ context.Context, p ports.PendingSignIn) error {
	s.kept = p
	return nil
}

func (s *strangePending) Take(context.Context, string) (ports.PendingSignIn, error) {
	s.corrupt(&s.kept)
	return s.kept, nil
}

func (s *strangePending) RecordOutcome(context.Context, ports.PendingSignIn, []byte) error {
	return nil
}

// completeCorrupted runs a sign-in and changes the pending sign-in that Take returns.
func completeCorrupted(t *testing.T, corrupt func(*ports.PendingSignIn)) (*fixture, string, error) {
	t.Helper()
	pending := &strangePending{corrupt: corrupt}
	f := newFixtureWith(t, func(c *domain.Config) { pending.SessionManager, c.Sessions = c.Sessions, pending })
	b := f.sessions.NewBrowser()
	location, err := f.SignIn(b.Context(t.Context()), domain.SignInRequest{ReturnTo: "//evil.example"})
	require.NoError(t, err)
	assert.Equal(t, "/", pending.kept.ReturnTo, "checked before it is kept")
	to, err := f.CompleteSignIn(b.Context(t.Context()), f.provider.Approve(location, somebody()), "")
	return f, to, err
}

func somebody() ports.Identity {
	return ports.Identity{Issuer: "https://idp.example", Subject: "s"}
}

// Invariant 2: a pending sign-in with another state is refused before the provider is
// called, even if the adapter returns one.
func TestThePendingSignInMustBeThatOfTheState(t *testing.T) {
	f, _, err := completeCorrupted(t, func(p *ports.PendingSignIn) { p.State += "x" })
	require.ErrorIs(t, err, domain.ErrUnknownSignIn)
	assert.Zero(t, f.provider.Completions())
}

// Invariant 1: a pending sign-in expires after 15 minutes, and none is from the future.
func TestThePendingSignInMustBeYoung(t *testing.T) {
	for _, shift := range []time.Duration{-domain.PendingLifetime - time.Second, 5*time.Minute + time.Second} {
		f, _, err := completeCorrupted(t, func(p *ports.PendingSignIn) { p.Expires = p.Expires.Add(shift) })
		require.ErrorIs(t, err, domain.ErrSignInExpired)
		assert.Zero(t, f.provider.Completions())
	}
}

// Invariant 1: a signed-in browser sees no error.
func TestAnExpiredCallbackOfASignedInBrowserGoesOnQuietly(t *testing.T) {
	f := newFixture(t)
	b := f.sessions.NewBrowser()
	location, err := f.SignIn(b.Context(t.Context()), domain.SignInRequest{ReturnTo: "/reports"})
	require.NoError(t, err)
	callback := f.provider.Approve(location, somebody())
	f.signIn(b, somebody())
	completions := f.provider.Completions()
	f.clock.Advance(domain.PendingLifetime + time.Second)
	to, err := f.CompleteSignIn(b.Context(t.Context()), callback, "")
	require.NoError(t, err)
	assert.Equal(t, "/", to)
	assert.Equal(t, completions, f.provider.Completions())
}

// The clocks of two instances may differ by a few minutes.
func TestAPendingSignInMayComeFromAnInstanceThatIsAhead(t *testing.T) {
	_, _, err := completeCorrupted(t, func(p *ports.PendingSignIn) { p.Expires = p.Expires.Add(4 * time.Minute) })
	require.NoError(t, err)
}

// Invariant 9: the return path is checked at the start and again at the end.
func TestTheReturnPathIsCheckedAgainAtTheEnd(t *testing.T) {
	_, to, err := completeCorrupted(t, func(p *ports.PendingSignIn) { p.ReturnTo = "//evil.example" })
	require.NoError(t, err)
	assert.Equal(t, "/", to)
}

// nameless is a provider whose Complete returns the identity id.
type nameless struct {
	ports.IdentityProvider
	id ports.Identity
}

func (n nameless) Complete(context.Context, ports.Callback, string) (ports.SignedIn, error) {
	return ports.SignedIn{Identity: n.id}, nil
}

// Invariant 4: an identity without issuer or subject is refused.
func TestAnIdentityNeedsIssuerAndSubject(t *testing.T) {
	for _, id := range []ports.Identity{{Issuer: "https://idp.example", Username: "ada@contoso.example"}, {Subject: "s"}} {
		var asked *portstest.FakeProvider
		f := newFixtureWith(t, func(c *domain.Config) {
			asked = c.Provider.(*portstest.FakeProvider)
			c.Provider = nameless{asked, id}
		})
		b := f.sessions.NewBrowser()
		location, err := f.SignIn(b.Context(t.Context()), domain.SignInRequest{})
		require.NoError(t, err)
		_, err = f.CompleteSignIn(b.Context(t.Context()), asked.Approve(location, somebody()), "")
		require.ErrorIs(t, err, domain.ErrTokenRefused)
		_, err = f.CurrentUser(b.Context(t.Context()))
		require.ErrorIs(t, err, domain.ErrNotSignedIn)
	}
}
