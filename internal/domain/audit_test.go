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
)

// auditLog stores the events.
type auditLog struct {
	mu     sync.Mutex
	events []ports.AuditEvent
}

func (l *auditLog) Record(_ context.Context, e ports.AuditEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

func (l *auditLog) last() ports.AuditEvent {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.events[len(l.events)-1]
}

func TestAuditOfASession(t *testing.T) {
	log := &auditLog{}
	f := newFixtureWith(t, func(cfg *domain.Config) { cfg.Audit = log })
	b := f.sessions.NewBrowser()
	location, err := f.SignIn(b.Context(t.Context()), domain.SignInRequest{Scopes: []string{"api"}})
	require.NoError(t, err)
	assert.Equal(t, ports.AuditSignInStarted, log.last().Kind)
	_, err = f.CompleteSignIn(b.Context(t.Context()), f.provider.Decline(location), "")
	require.Error(t, err)
	assert.Equal(t, ports.AuditSignInRefused, log.last().Kind)
	assert.Equal(t, domain.ErrDeclined.Error(), log.last().Reason)

	ada := ports.Identity{Name: "Ada", Username: "ada@contoso.example", TenantID: "t1", ObjectID: "o1", Subject: "s1"}
	f.signIn(b, ada, "api")
	done := log.last()
	assert.Equal(t, ports.AuditSignInCompleted, done.Kind)
	assert.Equal(t, string(f.user(b).Key), done.User)
	assert.Equal(t, "t1", done.Tenant)

	f.clock.Advance(57 * time.Minute)
	_, err = f.AccessToken(b.Context(t.Context()), "api")
	require.NoError(t, err)
	assert.Equal(t, ports.AuditTokenRefreshed, log.last().Kind)
	f.provider.RevokeRefreshTokens()
	f.clock.Advance(57 * time.Minute)
	_, err = f.AccessToken(b.Context(t.Context()), "api")
	require.Error(t, err)
	assert.Equal(t, ports.AuditRefreshFailed, log.last().Kind)

	_, err = f.SignOut(b.Context(t.Context()))
	require.NoError(t, err)
	assert.Equal(t, ports.AuditEvent{Kind: ports.AuditSessionEnded, By: ports.EndedByUser, Count: 1, User: done.User, Tenant: "t1"}, log.last())

	f.signIn(b, ada)
	f.clock.Advance(66 * time.Minute)
	_, err = f.CurrentUser(b.Context(t.Context()))
	require.ErrorIs(t, err, domain.ErrNotSignedIn)
	over := ports.AuditEvent{Kind: ports.AuditSessionEnded, By: ports.EndedByLimit, Count: 1, User: done.User, Tenant: "t1"}
	assert.Equal(t, over, log.last())
	recorded := len(log.events)
	_, err = f.CurrentUser(b.Context(t.Context()))
	require.ErrorIs(t, err, domain.ErrNotSignedIn)
	assert.Len(t, log.events, recorded, "once")
	for _, e := range log.events {
		assert.NotContains(t, e.User+e.Tenant+e.Reason, "contoso.example", "no e-mail address")
	}
}
