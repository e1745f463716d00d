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

// referring is a session manager whose reference cookies name a given session.
type referring struct {
	*portstest.FakeSessions
	session ports.Session
	err     error
}

func (r *referring) ReferencedSession(context.Context) (ports.Session, error) {
	return r.session, r.err
}

// A late callback succeeds only if the referenced session has not expired. A store that is
// down is an error.
func TestALateCallbackThatRefersToASession(t *testing.T) {
	sessions := &referring{}
	f := newFixtureWith(t, func(c *domain.Config) {
		sessions.FakeSessions = c.Sessions.(*portstest.FakeSessions)
		c.Sessions = sessions
	})
	now := f.clock.Now()
	forever := now.Add(1000 * time.Hour)
	for name, c := range map[string]struct {
		session ports.Session
		err     error
		want    error
	}{
		"live":     {ports.Session{Started: now.Add(-11 * time.Hour), Seen: now.Add(-time.Minute), Expires: forever}, nil, nil},
		"unused":   {ports.Session{Started: now.Add(-2 * time.Hour), Seen: now.Add(-66 * time.Minute), Expires: forever}, nil, domain.ErrUnknownSignIn},
		"too old":  {ports.Session{Started: now.Add(-12 * time.Hour), Seen: now, Expires: forever}, nil, domain.ErrUnknownSignIn},
		"none":     {ports.Session{}, ports.ErrNoSession, domain.ErrUnknownSignIn},
		"not told": {ports.Session{}, ports.ErrStoreUnavailable, domain.ErrStoreUnavailable},
	} {
		sessions.session, sessions.err = c.session, c.err
		b := f.sessions.NewBrowser()
		to, err := f.CompleteSignIn(b.Context(t.Context()), domain.Callback{State: "of long ago", Code: "c"}, "")
		if c.want != nil {
			require.ErrorIs(t, err, c.want, name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, "/", to)
		_, err = f.CurrentUser(b.Context(t.Context()))
		require.ErrorIs(t, err, domain.ErrNotSignedIn, "a reference signs nobody in")
	}
	assert.Zero(t, f.provider.Completions())
}
