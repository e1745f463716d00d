package domain_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/domain"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// directory is a provider with given groups in its ID tokens, and with a directory.
type directory struct {
	*portstest.FakeProvider
	said  ports.Groups
	all   []string
	err   error
	asked int
}

func (d *directory) Complete(ctx context.Context, cb ports.Callback, secret string) (ports.SignedIn, error) {
	in, err := d.FakeProvider.Complete(ctx, cb, secret)
	in.Tokens.Groups = d.said
	return in, err
}

func (d *directory) MemberGroups(context.Context, string) ([]string, error) {
	d.asked++
	return d.all, d.err
}

func newDirectory(t *testing.T, said ports.Groups) (*fixture, *directory, context.Context) {
	d := &directory{said: said}
	f := newFixtureWith(t, func(cfg *domain.Config) {
		d.FakeProvider = cfg.Provider.(*portstest.FakeProvider)
		cfg.Provider, cfg.GroupScopes = d, []string{"User.Read"}
	})
	b := f.sessions.NewBrowser()
	f.signIn(b, ports.Identity{}, "User.Read")
	return f, d, b.Context(t.Context())
}

func TestGroupsOfTheToken(t *testing.T) {
	f, d, ctx := newDirectory(t, ports.Groups{IDs: []string{"g1"}, AsOf: time.Now()})
	groups, err := f.Groups(ctx)
	require.NoError(t, err)
	assert.True(t, groups.Contains("g1"))
	assert.False(t, groups.Contains("g2"))
	assert.False(t, groups.Contains(""))
	assert.True(t, groups.Contains("G1"), "IDs compare without regard to case")
	assert.Zero(t, d.asked)
}

func TestGroupsBeyondTheTokenAreLookedUpAndKept(t *testing.T) {
	f, d, ctx := newDirectory(t, ports.Groups{Overage: true, AsOf: time.Now()})
	d.all = []string{"g1", "g2"}
	for range 3 {
		groups, err := f.Groups(ctx)
		require.NoError(t, err)
		assert.True(t, groups.Contains("g2"))
		assert.Equal(t, f.clock.Now(), groups.AsOf)
	}
	assert.Equal(t, 1, d.asked, "kept with its age")
	f.clock.Advance(16 * time.Minute)
	d.all = []string{"g1"}
	groups, err := f.Groups(ctx)
	require.NoError(t, err)
	assert.False(t, groups.Contains("g2"))
	assert.Equal(t, 2, d.asked)
}

// A token with too many groups can list some of them. These are never returned as the
// whole list.
func TestGroupsOfATokenThatLeavesSomeOutCountForNothing(t *testing.T) {
	f, d, ctx := newDirectory(t, ports.Groups{IDs: []string{"g1"}, Overage: true, AsOf: time.Now()})
	d.err = ports.ErrProviderUnavailable
	_, err := f.Groups(ctx)
	require.ErrorIs(t, err, domain.ErrProviderUnavailable)
	d.all, d.err = []string{"g1", "g2"}, nil
	groups, err := f.Groups(ctx)
	require.NoError(t, err)
	assert.Equal(t, []string{"g1", "g2"}, groups.IDs)
	assert.Equal(t, 2, d.asked)
}

func TestGroupsOfARefreshedTokenThatLeavesSomeOutCountForNothing(t *testing.T) {
	f, d, ctx := newDirectory(t, ports.Groups{IDs: []string{"g0"}, AsOf: time.Now()})
	d.SetMemberships(&ports.Memberships{Groups: ports.Groups{IDs: []string{"g1"}, Overage: true, AsOf: f.clock.Now().Add(56 * time.Minute)}})
	f.clock.Advance(56 * time.Minute)
	_, err := f.AccessToken(ctx, "User.Read")
	require.NoError(t, err)
	d.all = []string{"g1", "g2"}
	groups, err := f.Groups(ctx)
	require.NoError(t, err)
	assert.Equal(t, []string{"g1", "g2"}, groups.IDs)
	assert.Equal(t, 1, d.asked)
}

func TestADirectoryThatNamesNoGroupIsAskedOnce(t *testing.T) {
	f, d, ctx := newDirectory(t, ports.Groups{Overage: true})
	for range 3 {
		groups, err := f.Groups(ctx)
		require.NoError(t, err)
		assert.Empty(t, groups.IDs)
	}
	assert.Equal(t, 1, d.asked)
}

// Overage is never treated as "no groups", and a result of the directory expires.
func TestGroupsFailClosed(t *testing.T) {
	f, d, ctx := newDirectory(t, ports.Groups{Overage: true})
	d.err = ports.ErrProviderUnavailable
	_, err := f.Groups(ctx)
	require.ErrorIs(t, err, domain.ErrProviderUnavailable)
	d.all, d.err = []string{"g1"}, nil
	_, err = f.Groups(ctx)
	require.NoError(t, err)
	f.clock.Advance(16 * time.Minute)
	d.err = ports.ErrProviderUnavailable
	_, err = f.Groups(ctx)
	require.ErrorIs(t, err, domain.ErrProviderUnavailable)
	d.err = &ports.ProviderError{Kind: ports.ErrInteractionRequired, Code: "invalid_token", Claims: `{"a":{}}`}
	_, err = f.Groups(ctx)
	var required *domain.InteractionRequired
	require.ErrorAs(t, err, &required)
	assert.Equal(t, `{"a":{}}`, required.Claims)
}

func TestProviderThatSaysNothingOfGroups(t *testing.T) {
	f, _, ctx := newDirectory(t, ports.Groups{})
	_, err := f.Groups(ctx)
	require.ErrorIs(t, err, domain.ErrUnsupported)
}

// slowDirectory is a directory that responds when a test says so.
type slowDirectory struct {
	*portstest.FakeProvider
	asked   atomic.Int32
	begun   chan struct{}
	respond chan struct{}
}

func (d *slowDirectory) Complete(ctx context.Context, cb ports.Callback, secret string) (ports.SignedIn, error) {
	in, err := d.FakeProvider.Complete(ctx, cb, secret)
	in.Tokens.Groups = ports.Groups{Overage: true}
	return in, err
}

func (d *slowDirectory) MemberGroups(ctx context.Context, _ string) ([]string, error) {
	d.asked.Add(1)
	close(d.begun)
	<-d.respond
	return []string{"g1"}, ctx.Err()
}

// A proxy asks for all requests of a page at once. They ask the directory once, and the
// first of them may disconnect.
func TestRequestsAtTheSameTimeShareALookup(t *testing.T) {
	d := &slowDirectory{begun: make(chan struct{}), respond: make(chan struct{})}
	f := newFixtureWith(t, func(cfg *domain.Config) {
		d.FakeProvider = cfg.Provider.(*portstest.FakeProvider)
		cfg.Provider, cfg.GroupScopes = d, []string{"User.Read"}
	})
	b := f.sessions.NewBrowser()
	f.signIn(b, ports.Identity{}, "User.Read")
	first, disconnect := context.WithCancel(b.Context(t.Context()))
	var all sync.WaitGroup
	ask := func(ctx context.Context) {
		all.Go(func() {
			groups, err := f.Groups(ctx)
			assert.NoError(t, err)
			assert.Equal(t, []string{"g1"}, groups.IDs)
		})
	}
	ask(first)
	<-d.begun
	disconnect()
	gone, leave := context.WithCancel(b.Context(t.Context()))
	leave()
	_, err := f.Groups(gone)
	require.ErrorIs(t, err, context.Canceled, "one that waits may disconnect too")
	for range 30 {
		ask(b.Context(t.Context()))
	}
	close(d.respond)
	all.Wait()
	assert.Equal(t, int32(1), d.asked.Load())
}
