package http

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/session"
	"webapp/internal/adapters/session/memory"
	"webapp/internal/domain"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// readiness is a provider that tells how it is as ready does.
type readiness struct {
	*portstest.FakeProvider
	ready func(context.Context) error
}

func (p readiness) Ready(ctx context.Context) error { return p.ready(ctx) }

// telling returns an app whose provider is that.
func telling(t *testing.T, ready func(context.Context) error) *app {
	t.Helper()
	store := memory.New(time.Now)
	t.Cleanup(func() { _ = store.Close() })
	sessions, err := session.New(session.Config{Store: store, Keys: [][]byte{make([]byte, 32)}, Lifetime: time.Hour})
	require.NoError(t, err)
	service, err := domain.New(domain.Config{
		Provider: readiness{portstest.NewFakeProvider(time.Now), ready},
		Sessions: sessions, Grants: sessions, Pending: sessions, Others: sessions, OneTime: sessions,
		Limits: domain.Limits{Idle: time.Hour, Lifetime: time.Hour}, Now: time.Now, Random: rand.Reader,
	})
	require.NoError(t, err)
	return &app{Config: Config{Domain: service}}
}

func TestTheSignInPageWaitsForNoAnswerThatNobodyHas(t *testing.T) {
	a := telling(t, func(ctx context.Context) error {
		assert.Error(t, ctx.Err(), "whoever asks has no time")
		<-ctx.Done() // the metadata are on their way
		return errors.Join(ports.ErrProviderUnavailable, ports.ErrProviderPending, ctx.Err())
	})
	assert.False(t, a.providerDown(t.Context()), "not knowing is no reason to warn")
}

func TestTheSignInPageGivesAProviderTimeToComeBack(t *testing.T) {
	refused := errors.Join(ports.ErrProviderUnavailable, errors.New("connection refused"))
	silent := errors.Join(ports.ErrProviderUnavailable, context.DeadlineExceeded)
	for name, c := range map[string]struct {
		down, inTime error
		want         bool
	}{
		"still down":   {refused, refused, true},
		"still silent": {silent, silent, true},
		"back":         {refused, nil, false},
	} {
		asked := 0
		a := telling(t, func(ctx context.Context) error {
			asked++
			if ctx.Err() != nil {
				return c.down
			}
			return c.inTime
		})
		assert.Equal(t, c.want, a.providerDown(t.Context()), name)
		assert.Equal(t, 2, asked, name)
	}
}
