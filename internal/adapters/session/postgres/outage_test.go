//go:build integration

package postgres

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
	"webapp/internal/test/servertest"
)

// inTime is the time limit of a call and some more for a busy machine.
const inTime = callLimit + 7*time.Second

// load reads and writes until the context ends. It returns all errors other than
// ports.ErrStoreUnavailable.
func load(ctx context.Context, s *Store, key string, acknowledged func(ports.Version)) (surprises []error) {
	note := func(began time.Time, err error) {
		if err != nil && !errors.Is(err, ports.ErrStoreUnavailable) {
			surprises = append(surprises, err)
		}
		if err != nil && strings.Contains(err.Error(), servertest.PostgresPassword) {
			surprises = append(surprises, errors.New("the password is in an error"))
		}
		if time.Since(began) > inTime {
			surprises = append(surprises, errors.New("took too long"))
		}
	}
	for ctx.Err() == nil {
		began := time.Now()
		found, err := s.Find(context.WithoutCancel(ctx), key)
		note(began, err)
		if err != nil {
			continue
		}
		began = time.Now()
		v, err := s.Replace(context.WithoutCancel(ctx), record(key, "v"), found.Version)
		note(began, err)
		if err == nil {
			acknowledged(v)
		}
	}
	return surprises
}

func TestTheServerIsKilledInTheMiddle(t *testing.T) {
	server := servertest.StartPostgreSQL(t)
	s := openStore(t, server.NewDatabase(), startClock())
	keys := []string{"a", "b", "c", "d", "e", "f"}
	for _, key := range keys {
		_, err := s.Create(t.Context(), record(key, "v", "index"))
		require.NoError(t, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	written, last := make(chan string, 1000), sync.Map{}
	var wg sync.WaitGroup
	for _, key := range keys {
		wg.Go(func() {
			assert.Empty(t, load(ctx, s, key, func(v ports.Version) {
				last.Store(key, v)
				select {
				case written <- key:
				default:
				}
			}))
		})
	}
	for range 50 {
		<-written
	}
	server.Kill()
	require.ErrorIs(t, s.Ready(t.Context()), ports.ErrStoreUnavailable)
	for len(written) > 0 {
		<-written
	}
	server.Restart()
	for seen := map[string]bool{}; len(seen) < len(keys); { // it heals by itself
		seen[<-written] = true
	}
	cancel()
	wg.Wait()
	require.NoError(t, s.Ready(t.Context()))
	for _, key := range keys {
		found, err := s.Find(t.Context(), key)
		require.NoError(t, err)
		v, ok := last.Load(key)
		require.True(t, ok)
		require.Equal(t, v, found.Version, "what was acknowledged last is there")
	}
}

func TestAHangingServerIsUnavailableInTime(t *testing.T) {
	server := servertest.StartPostgreSQL(t)
	s := openStore(t, server.NewDatabase(), startClock())
	v, err := s.Create(t.Context(), record("k", "v"))
	require.NoError(t, err)
	server.Pause()
	var wg sync.WaitGroup
	for range 2 * s.pool.Config().MaxConns {
		wg.Go(func() {
			began := time.Now()
			_, err := s.Find(t.Context(), "k")
			assert.ErrorIs(t, err, ports.ErrStoreUnavailable)
			assert.Less(t, time.Since(began), inTime)
		})
	}
	wg.Wait()
	server.Resume()
	require.Eventually(t, func() bool {
		found, err := s.Find(t.Context(), "k")
		return err == nil && found.Version == v
	}, 15*time.Second, 10*time.Millisecond)
}

func TestAStoreThatStartsBeforeItsServer(t *testing.T) {
	server := servertest.StartPostgreSQL(t)
	dsn := server.NewDatabase()
	server.Kill()
	s := openStore(t, dsn, startClock())
	err := s.Ready(t.Context())
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	require.NotContains(t, err.Error(), servertest.PostgresPassword)
	server.Restart()
	require.Eventually(t, func() bool {
		_, err := s.Create(t.Context(), record("k", "v"))
		return err == nil
	}, 15*time.Second, 10*time.Millisecond)

	wrong := openStore(t, strings.Replace(dsn, servertest.PostgresPassword, "hunter2secret", 1), startClock())
	err = wrong.Ready(t.Context())
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	require.ErrorContains(t, err, "the server refuses the user name or password (SQLSTATE 28P01)")
	require.NotContains(t, err.Error(), "hunter2")
}

func TestACallerThatLeavesCostsNoConnection(t *testing.T) {
	server := servertest.StartPostgreSQL(t)
	s := openStore(t, server.NewDatabase(), startClock())
	_, err := s.Create(t.Context(), record("k", "v"))
	require.NoError(t, err)
	made := s.pool.Stat().NewConnsCount()
	server.Pause()
	ctx, cancel := context.WithCancel(t.Context())
	answered := make(chan error, 1)
	go func() { _, err := s.Find(ctx, "k"); answered <- err }()
	require.Eventually(t, func() bool { return s.pool.Stat().AcquiredConns() == 1 }, inTime, time.Millisecond)
	cancel()
	server.Resume()
	require.NoError(t, <-answered)
	require.Equal(t, made, s.pool.Stat().NewConnsCount())
}
