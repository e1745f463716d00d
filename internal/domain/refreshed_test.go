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

// Invariant 7: a refreshed ID token renews roles and groups.
func TestARefreshRenewsRolesAndGroups(t *testing.T) {
	f := newFixture(t)
	b := f.sessions.NewBrowser()
	f.provider.SetGroups(ports.Groups{IDs: []string{"g1"}, AsOf: f.clock.Now()}, nil)
	f.signIn(b, ports.Identity{Roles: []string{"Admin"}}, "api")
	refresh := func(m *ports.Memberships) domain.Session {
		t.Helper()
		f.provider.SetMemberships(m)
		f.clock.Advance(56 * time.Minute)
		_, err := f.AccessToken(b.Context(t.Context()), "api")
		require.NoError(t, err)
		session, err := f.CurrentUser(b.Context(t.Context()))
		require.NoError(t, err)
		return session
	}
	groups := func() []string {
		t.Helper()
		groups, err := f.Groups(b.Context(t.Context()))
		require.NoError(t, err)
		return groups.IDs
	}
	before, err := f.CurrentUser(b.Context(t.Context()))
	require.NoError(t, err)

	session := refresh(nil)
	assert.Equal(t, []string{"Admin"}, session.User.Roles, "a response without an ID token changes nothing")
	assert.Equal(t, []string{"g1"}, groups())

	session = refresh(&ports.Memberships{Roles: []string{"Reader"}, Groups: ports.Groups{IDs: []string{"g2"}, AsOf: f.clock.Now()}})
	assert.Equal(t, []string{"Reader"}, session.User.Roles)
	assert.Equal(t, []string{"g2"}, groups())
	assert.Equal(t, before.Started, session.Started, "a refresh starts no new session")

	session = refresh(&ports.Memberships{})
	assert.Empty(t, session.User.Roles, "an ID token without roles clears them")
	_, err = f.Groups(b.Context(t.Context()))
	require.ErrorIs(t, err, domain.ErrUnsupported, "the provider returns no groups any more")
}

// The session ends on every instance: the store has deleted it.
func TestAnAccountThatIsGoneEndsTheSession(t *testing.T) {
	log := &auditLog{}
	f := newFixtureWith(t, func(cfg *domain.Config) { cfg.Audit = log })
	b, other := f.sessions.NewBrowser(), f.sessions.NewBrowser()
	f.signIn(b, ports.Identity{}, "api")
	f.signIn(other, ports.Identity{}, "api")
	f.provider.DisableAccounts()
	_, err := f.AccessToken(b.Context(t.Context()), "api")
	require.NoError(t, err, "nothing is refreshed yet")
	f.clock.Advance(56 * time.Minute)
	copied := b.Clone().(*portstest.FakeBrowser)

	_, err = f.AccessToken(b.Context(t.Context()), "api")
	require.ErrorIs(t, err, domain.ErrNotSignedIn, "although the access token would last for minutes")
	assert.ErrorContains(t, err, "50057", "the log line keeps the number")
	assert.Equal(t, ports.EndedByProvider, log.last().By)
	for _, browser := range []*portstest.FakeBrowser{b, copied} {
		_, err = f.CurrentUser(browser.Context(t.Context()))
		require.ErrorIs(t, err, domain.ErrNotSignedIn)
	}
	assert.Equal(t, 1, f.sessions.Len())
}

// storeBreaker is a provider that stops the store during a refresh.
type storeBreaker struct {
	*portstest.FakeProvider
	store  *portstest.FakeSessions
	breaks bool
}

func (s *storeBreaker) Refresh(ctx context.Context, req ports.RefreshRequest) (ports.Refreshed, error) {
	s.store.SetDown(s.breaks)
	return s.FakeProvider.Refresh(ctx, req)
}

// While the store is down, no session ends. The next refresh ends it.
func TestAnAccountThatIsGoneWhileTheStoreIsDown(t *testing.T) {
	var breaking *storeBreaker
	f := newFixtureWith(t, func(cfg *domain.Config) {
		breaking = &storeBreaker{cfg.Provider.(*portstest.FakeProvider), cfg.Sessions.(*portstest.FakeSessions), true}
		cfg.Provider = breaking
	})
	b := f.sessions.NewBrowser()
	f.signIn(b, ports.Identity{}, "api")
	f.provider.DisableAccounts()
	f.clock.Advance(56 * time.Minute)
	_, err := f.AccessToken(b.Context(t.Context()), "api")
	require.ErrorIs(t, err, domain.ErrStoreUnavailable)
	assert.NotErrorIs(t, err, domain.ErrNotSignedIn)
	breaking.breaks = false
	f.sessions.SetDown(false)
	f.clock.Advance(31 * time.Second) // the lease could not be given back
	_, err = f.AccessToken(b.Context(t.Context()), "api")
	require.ErrorIs(t, err, domain.ErrNotSignedIn)
}
