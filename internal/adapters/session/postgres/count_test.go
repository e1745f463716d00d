//go:build integration

package postgres

import (
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
	"webapp/internal/test/servertest"
)

func requireCount(t *testing.T, s *Store, want int) {
	t.Helper()
	n, err := s.IndexedRecords(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, want, n)
}

func TestTheCount(t *testing.T) {
	server := servertest.StartPostgreSQL(t)
	t.Run("it holds for a while", func(t *testing.T) { testCountHolds(t, server.NewDatabase()) })
	t.Run("one is made at a time and in time", func(t *testing.T) { testCountBounded(t, server.NewDatabase()) })
}

func testCountHolds(t *testing.T, dsn string) {
	clock := startClock()
	s := openStore(t, dsn, clock)
	fill(t, s, 3, 0)
	requireCount(t, s, 3)
	require.NoError(t, s.Delete(t.Context(), "r0", ports.AnyVersion))
	clock.Advance(ports.MaxCountAge - time.Millisecond)
	requireCount(t, s, 3)
	clock.Advance(time.Millisecond)
	requireCount(t, s, 2)
	clock.Advance(2 * time.Hour)
	requireCount(t, s, 0) // though nothing has been swept
	require.Equal(t, 2, count(t, dsn, countRecords))
}

// testCountBounded counts a locked table. The count ends in time, other calls work,
// and the server counts once.
func testCountBounded(t *testing.T, dsn string) {
	clock := startClock()
	s := openStore(t, dsn, clock)
	fill(t, s, 1, 0)
	other, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer other.Close(t.Context())
	tx, err := other.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `LOCK TABLE webapp_session_indexes IN ACCESS EXCLUSIVE MODE`)
	require.NoError(t, err)

	began, asked := time.Now(), s.pool.Stat().AcquireCount()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, err := s.IndexedRecords(t.Context(), 0)
			assert.ErrorIs(t, err, ports.ErrStoreUnavailable)
		})
	}
	_, err = s.Find(t.Context(), "r0")
	all.Wait()
	require.NoError(t, err)
	require.Less(t, time.Since(began), inTime)
	require.Equal(t, asked+2, s.pool.Stat().AcquireCount(), "one count and the page's own")
	require.NoError(t, tx.Commit(t.Context()))
	clock.Advance(ports.MaxCountAge)
	requireCount(t, s, 1)
}
