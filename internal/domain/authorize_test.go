package domain_test

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/domain"
	"webapp/internal/ports"
)

func TestAuthorizeMeetsOneDemandOfEachKind(t *testing.T) {
	f, d, ctx := newDirectory(t, ports.Groups{IDs: []string{"g1", "g2"}, AsOf: time.Now()})
	b := f.sessions.NewBrowser()
	f.signIn(b, ports.Identity{Name: "Ada", Roles: []string{"Admin"}})
	ctx = b.Context(ctx)
	for name, c := range map[string]struct {
		demands domain.Demands
		err     error
		groups  []string
		whole   bool
	}{
		"nothing":               {domain.Demands{}, nil, []string{"g1", "g2"}, true},
		"one of two roles":      {domain.Demands{Roles: []string{"Root", "Admin"}}, nil, []string{"g1", "g2"}, true},
		"another role":          {domain.Demands{Roles: []string{"Root"}}, domain.ErrRoleMissing, nil, false},
		"no role":               {domain.Demands{Roles: []string{}}, domain.ErrRoleMissing, nil, false},
		"an empty role":         {domain.Demands{Roles: []string{"Admin", ""}}, domain.ErrRoleMissing, nil, false},
		"one of two groups":     {domain.Demands{Groups: []string{"g3", "G2", "g2"}}, nil, []string{"g2"}, false},
		"another group":         {domain.Demands{Groups: []string{"g3"}}, domain.ErrGroupMissing, nil, false},
		"no group":              {domain.Demands{Groups: []string{}}, domain.ErrGroupMissing, nil, false},
		"an empty group":        {domain.Demands{Groups: []string{"g1", ""}}, domain.ErrGroupMissing, nil, false},
		"a role and a group":    {domain.Demands{Roles: []string{"Admin"}, Groups: []string{"g1"}}, nil, []string{"g1"}, false},
		"a role, another group": {domain.Demands{Roles: []string{"Admin"}, Groups: []string{"g3"}}, domain.ErrGroupMissing, nil, false},
		"a group, another role": {domain.Demands{Roles: []string{"Root"}, Groups: []string{"g1"}}, domain.ErrRoleMissing, nil, false},
	} {
		who, err := f.Authorize(ctx, c.demands)
		require.ErrorIs(t, err, c.err, name)
		assert.Equal(t, c.groups, who.Groups, name)
		assert.Equal(t, c.whole, who.GroupsComplete, name)
		assert.Equal(t, c.err == nil, who.User.Name == "Ada", name)
	}
	assert.Zero(t, d.asked)
}

func TestAuthorizeAsksTheDirectoryForDemandsOnly(t *testing.T) {
	f, d, ctx := newDirectory(t, ports.Groups{Overage: true})
	d.all = []string{"g1"}
	who, err := f.Authorize(ctx, domain.Demands{})
	require.NoError(t, err)
	assert.Empty(t, who.Groups)
	assert.False(t, who.GroupsComplete)
	_, err = f.Authorize(ctx, domain.Demands{Roles: []string{"Root"}, Groups: []string{"g1"}})
	require.ErrorIs(t, err, domain.ErrRoleMissing)
	assert.Zero(t, d.asked)
	who, err = f.Authorize(ctx, domain.Demands{Groups: []string{"g1"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"g1"}, who.Groups)
	assert.Equal(t, 1, d.asked)

	f.clock.Advance(16 * time.Minute)
	for _, fault := range []error{ports.ErrProviderUnavailable, ports.ErrNoGroupLookup, ports.ErrTokenRefused,
		&ports.ProviderError{Kind: ports.ErrProviderRefused}, &ports.ProviderError{Kind: ports.ErrInteractionRequired}} {
		d.err = fault
		_, err = f.Authorize(ctx, domain.Demands{Groups: []string{"g1"}})
		require.Error(t, err)
		for _, judgement := range []error{domain.ErrGroupMissing, domain.ErrRoleMissing, domain.ErrNotSignedIn} {
			assert.NotErrorIs(t, err, judgement, "%v is no refusal", fault)
		}
	}
}

// A provider that returns no groups has nobody in a demanded one.
func TestAuthorizeWithoutGroupsInTheToken(t *testing.T) {
	f, _, ctx := newDirectory(t, ports.Groups{})
	_, err := f.Authorize(ctx, domain.Demands{Groups: []string{"g1"}})
	require.ErrorIs(t, err, domain.ErrGroupMissing)
	who, err := f.Authorize(ctx, domain.Demands{})
	require.NoError(t, err)
	assert.False(t, who.GroupsComplete)
}

// More than fifty groups stand apart from the session, which every request reads.
func TestAuthorizeWithManyGroupsInTheToken(t *testing.T) {
	ids := make([]string, 51)
	for i := range ids {
		ids[i] = fmt.Sprint("g", i)
	}
	for n, known := range map[int]bool{50: true, 51: false} {
		f, d, ctx := newDirectory(t, ports.Groups{IDs: ids[:n], AsOf: time.Now()})
		who, err := f.Authorize(ctx, domain.Demands{})
		require.NoError(t, err)
		assert.Equal(t, known, who.GroupsComplete)
		assert.Equal(t, known, len(who.Groups) == n)
		who, err = f.Authorize(ctx, domain.Demands{Groups: []string{"g49"}})
		require.NoError(t, err)
		assert.Equal(t, []string{"g49"}, who.Groups)
		assert.Zero(t, d.asked)
	}
}

// The groups of a refreshed ID token replace the old ones.
func TestAuthorizeUsesTheGroupsOfARefreshedToken(t *testing.T) {
	f, d, ctx := newDirectory(t, ports.Groups{IDs: []string{"g1"}, AsOf: time.Now()})
	for _, c := range []struct {
		refreshed ports.Groups
		demand    string
		complete  bool
	}{
		{ports.Groups{IDs: []string{"g2"}, AsOf: time.Now()}, "g2", true},
		{ports.Groups{IDs: []string{"g3"}, Overage: true, AsOf: time.Now()}, "g4", false},
	} {
		d.all = []string{"g4"}
		d.SetMemberships(&ports.Memberships{Groups: c.refreshed})
		f.clock.Advance(56 * time.Minute)
		_, err := f.AccessToken(ctx, "User.Read")
		require.NoError(t, err)
		who, err := f.Authorize(ctx, domain.Demands{})
		require.NoError(t, err)
		assert.Equal(t, c.complete, who.GroupsComplete)
		_, err = f.Authorize(ctx, domain.Demands{Groups: []string{c.demand}})
		require.NoError(t, err)
		_, err = f.Authorize(ctx, domain.Demands{Groups: []string{"g1", "g3"}})
		require.ErrorIs(t, err, domain.ErrGroupMissing)
	}
}

// Authorize prolongs a session as CurrentUser does, and ends none.
func TestAuthorizeTouchesAndEndsNothing(t *testing.T) {
	f := newFixture(t)
	b := f.sessions.NewBrowser()
	f.signIn(b, ports.Identity{})
	ctx := b.Context(t.Context())
	began := f.clock.Now()
	for _, c := range []struct{ after, idleEnds time.Duration }{
		{6*time.Minute - time.Second, 66 * time.Minute},
		{time.Second, 72 * time.Minute},
		{6*time.Minute - time.Second, 72 * time.Minute},
		{time.Second, 78 * time.Minute},
	} {
		f.clock.Advance(c.after)
		who, err := f.Authorize(ctx, domain.Demands{})
		require.NoError(t, err)
		assert.Equal(t, began.Add(c.idleEnds), who.IdleEnds)
	}
	f.clock.Advance(66 * time.Minute)
	_, err := f.Authorize(ctx, domain.Demands{})
	require.ErrorIs(t, err, domain.ErrNotSignedIn)
	assert.Equal(t, 1, f.sessions.Len(), "the session is still there, for the audit log")
	_, err = f.CurrentUser(ctx)
	require.ErrorIs(t, err, domain.ErrNotSignedIn)
	assert.Zero(t, f.sessions.Len())
}

func TestAuthorizeWithoutASessionOrAStore(t *testing.T) {
	f := newFixture(t)
	b := f.sessions.NewBrowser()
	_, err := f.Authorize(b.Context(t.Context()), domain.Demands{})
	require.ErrorIs(t, err, domain.ErrNotSignedIn)
	f.signIn(b, ports.Identity{})
	f.sessions.SetDown(true)
	_, err = f.Authorize(b.Context(t.Context()), domain.Demands{})
	require.ErrorIs(t, err, domain.ErrStoreUnavailable)
	assert.NotErrorIs(t, err, domain.ErrNotSignedIn)
}

// A person who could no longer sign in is not signed in here either.
func TestAuthorizeAsksForAdmission(t *testing.T) {
	f := newFixtureWith(t, func(cfg *domain.Config) { cfg.AllowedSubjects = []string{"ada"} })
	b := f.sessions.NewBrowser()
	f.signIn(b, ports.Identity{Subject: "ada"})
	again, err := domain.New(domain.Config{
		Provider: f.provider, Sessions: f.sessions, AllowedSubjects: []string{"charles"},
		Limits: domain.Limits{Idle: time.Hour, Lifetime: 12 * time.Hour}, Now: f.clock.Now, Random: rand.Reader,
	})
	require.NoError(t, err)
	_, err = again.Authorize(b.Context(t.Context()), domain.Demands{})
	require.ErrorIs(t, err, domain.ErrNotSignedIn)
	assert.Equal(t, 1, f.sessions.Len())
}
