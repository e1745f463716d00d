//go:build integration

package postgres

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/test/servertest"
)

const (
	countRecords = `SELECT count(*) FROM webapp_session_records`
	countIndexes = `SELECT count(*) FROM webapp_session_indexes`
)

// fill creates records with two indexes. All but the last live ones expire within an
// hour.
func fill(t *testing.T, s *Store, total, live int) {
	t.Helper()
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := worker; i < total; i += 4 {
				r := record(fmt.Sprint("r", i), "v", fmt.Sprint("user ", i%7), fmt.Sprint("sid ", i))
				if i >= total-live {
					r.Expires = r.Expires.Add(time.Hour)
				}
				_, err := s.Create(t.Context(), r)
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
}

func TestTheSweep(t *testing.T) {
	server := servertest.StartPostgreSQL(t)
	t.Run("a step is bounded", func(t *testing.T) { testSweepStep(t, server.NewDatabase()) })
	t.Run("it runs in the background", func(t *testing.T) { testSweepRuns(t, server.NewDatabase()) })
	t.Run("instances do not collide", func(t *testing.T) { testSweepersApart(t, server.NewDatabase()) })
}

func testSweepStep(t *testing.T, dsn string) {
	clock := startClock()
	s := openStore(t, dsn, clock)
	const total, live = 2*sweepBatch + 50, 10
	fill(t, s, total, live)
	removed, err := s.sweepStep(t.Context())
	require.NoError(t, err)
	require.Zero(t, removed)

	clock.Advance(90 * time.Minute)
	left := total
	for _, want := range []int64{sweepBatch, sweepBatch, 50 - live, 0} {
		removed, err := s.sweepStep(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, removed)
		left -= int(removed)
		require.Equal(t, left, count(t, dsn, countRecords))
		require.Equal(t, 2*left, count(t, dsn, countIndexes), "indexes go with their records")
	}
}

func testSweepRuns(t *testing.T, dsn string) {
	clock, ticks := startClock(), make(chan time.Time)
	s, err := open(t.Context(), dsn, clock.Now, ticks)
	require.NoError(t, err)
	const total, live = sweepBatch + 20, 1
	fill(t, s, total, live)
	clock.Advance(90 * time.Minute)
	ticks <- time.Time{}
	ticks <- time.Time{} // taken when the first sweep is over
	require.Equal(t, live, count(t, dsn, countRecords))
	require.NoError(t, s.Close())
	select {
	case ticks <- time.Time{}:
		require.Fail(t, "the sweep outlives the store")
	default:
	}
}

func testSweepersApart(t *testing.T, dsn string) {
	clock := startClock()
	s := openStore(t, dsn, clock)
	fill(t, s, 30, 0)
	clock.Advance(90 * time.Minute)
	other, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer other.Close(t.Context())
	tx, err := other.Begin(t.Context())
	require.NoError(t, err)
	taken, err := tx.Exec(t.Context(), sweepSome, clock.Now().UnixMicro(), 20)
	require.NoError(t, err)
	require.EqualValues(t, 20, taken.RowsAffected())

	removed, err := s.sweepStep(t.Context())
	require.NoError(t, err, "it waits for nobody")
	require.EqualValues(t, 10, removed)
	require.NoError(t, tx.Commit(t.Context()))
	require.Zero(t, count(t, dsn, countRecords))
}
