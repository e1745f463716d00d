package domain_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/domain"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// ended returns the events of ended sessions in order.
func (l *auditLog) ended() (events []ports.AuditEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if e.Kind == ports.AuditSessionEnded {
			events = append(events, e)
		}
	}
	return events
}

func entraIdentity(object, sid string) ports.Identity {
	return ports.Identity{Issuer: portstest.FakeIssuer, Subject: "s-" + object, TenantID: "t1", ObjectID: object, ProviderSession: sid}
}

// endOf returns the event of a person's ended sessions.
func endOf(object string, by ports.AuditCause, count int) ports.AuditEvent {
	return ports.AuditEvent{Kind: ports.AuditSessionEnded, By: by, Count: count, User: "tid:t1 oid:" + object, Tenant: "t1"}
}

// If several people have sessions with one sid of the provider, each person gets an event.
func TestAProvidersLogoutIsAuditedForEachPerson(t *testing.T) {
	log := &auditLog{}
	f := newFixtureWith(t, func(cfg *domain.Config) { cfg.Audit, cfg.AllowLogoutWithoutIssuer = log, true })
	for _, object := range []string{"ada", "eve", "ada"} {
		f.signIn(f.sessions.NewBrowser(), entraIdentity(object, "sid"))
	}
	n, err := f.FrontChannelLogout(t.Context(), "", "sid")
	require.NoError(t, err)
	assert.Equal(t, 3, n)
	assert.ElementsMatch(t, []ports.AuditEvent{endOf("ada", ports.EndedByFrontChannel, 2), endOf("eve", ports.EndedByFrontChannel, 1)}, log.ended())
}

// partialDirectory is a session manager whose store fails after sessions of a
// person have ended.
type partialDirectory struct{ *portstest.FakeSessions }

func (p partialDirectory) EndProviderSession(ctx context.Context, issuer, subject, sid string, withTokens bool) ([]ports.EndedSessions, error) {
	ended, _ := p.FakeSessions.EndProviderSession(ctx, issuer, subject, sid, withTokens)
	return ended, ports.ErrStoreUnavailable
}

func (p partialDirectory) EndSessionsOf(ctx context.Context, issuer, subject string, keepThis, withTokens bool) ([]ports.EndedSessions, error) {
	ended, _ := p.FakeSessions.EndSessionsOf(ctx, issuer, subject, keepThis, withTokens)
	return ended, ports.ErrStoreUnavailable
}

func (p partialDirectory) EndSession(ctx context.Context, issuer, subject, id string, withTokens bool) ([]ports.EndedSessions, error) {
	ended, _ := p.FakeSessions.EndSession(ctx, issuer, subject, id, withTokens)
	return ended, ports.ErrStoreUnavailable
}

// Sessions that ended before an error are recorded.
func TestEndsBesideAnErrorAreAudited(t *testing.T) {
	log := &auditLog{}
	f := newFixtureWith(t, func(cfg *domain.Config) {
		cfg.Audit, cfg.AllowLogoutWithoutIssuer, cfg.Sessions = log, true, partialDirectory{cfg.Sessions.(*portstest.FakeSessions)}
	})
	here, there := f.sessions.NewBrowser(), f.sessions.NewBrowser()
	f.signIn(here, entraIdentity("ada", "sid"))
	f.signIn(there, entraIdentity("ada", "sid"))
	_, err := f.EndOtherSessions(here.Context(t.Context()))
	require.ErrorIs(t, err, domain.ErrStoreUnavailable)
	f.signIn(there, entraIdentity("ada", "sid"))
	own, err := f.OwnSessions(here.Context(t.Context()))
	require.NoError(t, err)
	require.ErrorIs(t, f.EndOwnSession(here.Context(t.Context()), own[1].ID), domain.ErrStoreUnavailable)
	n, err := f.FrontChannelLogout(t.Context(), "", "sid")
	require.ErrorIs(t, err, domain.ErrStoreUnavailable)
	assert.Equal(t, 1, n)
	assert.Equal(t, []ports.AuditEvent{
		endOf("ada", ports.EndedElsewhere, 1), endOf("ada", ports.EndedElsewhere, 1), endOf("ada", ports.EndedByFrontChannel, 1),
	}, log.ended())
}

// brittle is a session manager whose store fails, once broken is set, after the
// browser's session has ended.
type brittle struct {
	*portstest.FakeSessions
	broken bool
}

func (b *brittle) End(ctx context.Context, withTokens bool) ([]ports.EndedSession, error) {
	ended, err := b.FakeSessions.End(ctx, withTokens)
	if b.broken {
		err = ports.ErrStoreUnavailable
	}
	return ended, err
}

func (b *brittle) Start(ctx context.Context, n ports.NewSession, withTokens bool) ([]ports.EndedSession, error) {
	if b.broken {
		return b.End(ctx, withTokens)
	}
	return b.FakeSessions.Start(ctx, n, withTokens)
}

func TestABrowsersEndBesideAnErrorIsAudited(t *testing.T) {
	log, sessions := &auditLog{}, &brittle{}
	f := newFixtureWith(t, func(cfg *domain.Config) {
		sessions.FakeSessions = cfg.Sessions.(*portstest.FakeSessions)
		cfg.Audit, cfg.Sessions = log, sessions
	})
	b := f.sessions.NewBrowser()
	for _, end := range []func() error{
		func() error { _, err := f.SignOut(b.Context(t.Context())); return err },
		func() error {
			location, err := f.SignIn(b.Context(t.Context()), domain.SignInRequest{})
			require.NoError(t, err)
			_, err = f.CompleteSignIn(b.Context(t.Context()), f.provider.Approve(location, entraIdentity("ada", "")), "")
			return err
		},
	} {
		sessions.broken = false
		f.signIn(b, entraIdentity("ada", ""))
		sessions.broken = true
		require.ErrorIs(t, end(), domain.ErrStoreUnavailable)
	}
	assert.Equal(t, []ports.AuditEvent{endOf("ada", ports.EndedByUser, 1), endOf("ada", ports.EndedByNewSignIn, 1)}, log.ended())
	refused := log.last()
	assert.Equal(t, ports.AuditSignInRefused, refused.Kind)
	assert.Equal(t, "tid:t1 oid:ada", refused.User, "the token had been verified")
}

// An expired session is refused even if the store cannot remove it. The request that
// removes it records its end.
func TestALimitHoldsWhereNothingCanBeWritten(t *testing.T) {
	log, sessions := &auditLog{}, &unwritable{}
	f := newFixtureWith(t, func(cfg *domain.Config) {
		sessions.FakeSessions = cfg.Sessions.(*portstest.FakeSessions)
		cfg.Audit, cfg.Sessions = log, sessions
	})
	b := f.sessions.NewBrowser()
	f.signIn(b, entraIdentity("ada", ""))
	f.clock.Advance(66 * time.Minute)
	sessions.broken = true
	_, err := f.CurrentUser(b.Context(t.Context()))
	require.ErrorIs(t, err, domain.ErrNotSignedIn)
	require.NotErrorIs(t, err, domain.ErrStoreUnavailable)
	assert.Empty(t, log.ended())
	sessions.broken = false
	_, err = f.Claims(b.Context(t.Context()))
	require.ErrorIs(t, err, domain.ErrNotSignedIn)
	assert.Equal(t, []ports.AuditEvent{endOf("ada", ports.EndedByLimit, 1)}, log.ended())
}

// unwritable is a session manager whose sessions can be read but not ended while broken
// is set.
type unwritable struct {
	*portstest.FakeSessions
	broken bool
}

func (u *unwritable) End(ctx context.Context, withTokens bool) ([]ports.EndedSession, error) {
	if u.broken {
		return nil, ports.ErrStoreUnavailable
	}
	return u.FakeSessions.End(ctx, withTokens)
}

// Shorter limits apply to sessions that began before, and are the cause in the audit log.
func TestNarrowerLimitsHold(t *testing.T) {
	log := &auditLog{}
	wide := newFixture(t)
	b := wide.sessions.NewBrowser()
	wide.signIn(b, entraIdentity("ada", ""))
	narrow := newFixtureWith(t, func(cfg *domain.Config) {
		cfg.Sessions = wide.sessions
		cfg.Limits.Idle, cfg.Now, cfg.Audit = time.Minute, wide.clock.Now, log
	})
	wide.clock.Advance(2 * time.Minute)
	_, err := narrow.Claims(b.Context(t.Context()))
	require.ErrorIs(t, err, domain.ErrNotSignedIn)
	assert.Equal(t, []ports.AuditEvent{endOf("ada", ports.EndedByLimit, 1)}, log.ended())
	assert.Zero(t, wide.sessions.Len())
}

// Longer limits do not prolong sessions that began before.
func TestWiderLimitsProlongNothing(t *testing.T) {
	log := &auditLog{}
	narrow := newFixtureWith(t, func(cfg *domain.Config) { cfg.Limits.Idle = time.Minute })
	b := narrow.sessions.NewBrowser()
	narrow.signIn(b, entraIdentity("ada", ""))
	wide := newFixtureWith(t, func(cfg *domain.Config) {
		cfg.Sessions = narrow.sessions
		cfg.Now, cfg.Audit = narrow.clock.Now, log
	})
	narrow.clock.Advance(66 * time.Second)
	_, err := wide.SignOut(b.Context(t.Context()))
	require.NoError(t, err)
	assert.Equal(t, []ports.AuditEvent{endOf("ada", ports.EndedByLimit, 1)}, log.ended())
}

func TestRecordRefusal(t *testing.T) {
	log := &auditLog{}
	f := newFixtureWith(t, func(cfg *domain.Config) { cfg.Audit = log })
	err := f.RecordRefusal(t.Context(), fmt.Errorf("%w: adele@contoso.example", domain.ErrBadCallback))
	require.ErrorIs(t, err, domain.ErrBadCallback)
	assert.Equal(t, []ports.AuditEvent{{Kind: ports.AuditSignInRefused, Reason: domain.ErrBadCallback.Error()}}, log.events)
	assert.Contains(t, domain.AuditReasons(), log.last().Reason)
}

// A sid of the greatest length works; a longer one ends nothing.
func TestALongProviderSessionCanBeEnded(t *testing.T) {
	for size, ended := range map[int]int{257: 1, ports.MaxProviderSession: 1, ports.MaxProviderSession + 1: 0} {
		f := newFixtureWith(t, func(cfg *domain.Config) { cfg.AllowLogoutWithoutIssuer = true })
		sid := strings.Repeat("s", size)
		f.signIn(f.sessions.NewBrowser(), entraIdentity("ada", sid))
		n, err := f.FrontChannelLogout(t.Context(), "", sid)
		require.NoError(t, err)
		assert.Equal(t, ended, n, "%d bytes", size)
	}
}

// A person has at most 100 sessions. One more sign-in ends the least recently used one.
func TestAPersonHasABoundedNumberOfSessions(t *testing.T) {
	log := &auditLog{}
	f := newFixtureWith(t, func(cfg *domain.Config) { cfg.Audit = log })
	neighbour := f.sessions.NewBrowser()
	f.signIn(neighbour, entraIdentity("eve", ""))
	browsers := make([]*portstest.FakeBrowser, ports.MaxSessions+2)
	for i := range browsers {
		f.clock.Advance(time.Second)
		browsers[i] = f.sessions.NewBrowser()
		if i == ports.MaxSessions {
			f.clock.Advance(5 * time.Minute)
			f.user(browsers[0]) // the first is in use again
		}
		f.signIn(browsers[i], entraIdentity("ada", ""))
	}
	assert.Equal(t, []ports.AuditEvent{endOf("ada", ports.EndedByMaxSessions, 1), endOf("ada", ports.EndedByMaxSessions, 1)}, log.ended())
	for i, b := range browsers {
		_, err := f.CurrentUser(b.Context(t.Context()))
		if i == 1 || i == 2 {
			require.ErrorIs(t, err, domain.ErrNotSignedIn, i)
		} else {
			require.NoError(t, err, i)
		}
	}
	f.user(neighbour)
	listed, err := f.OwnSessions(browsers[0].Context(t.Context()))
	require.NoError(t, err)
	require.Len(t, listed, ports.MaxSessions)
}
