package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

// rows returns the number of records in the file, including expired ones.
func rows(t *testing.T, path string) (records, indexes int) {
	t.Helper()
	err := rawDatabase(t, path).QueryRow(`SELECT (SELECT count(*) FROM records),
		(SELECT count(*) FROM record_indexes)`).Scan(&records, &indexes)
	require.NoError(t, err)
	return records, indexes
}

// fill creates records. All but the last live ones expire within an hour.
func fill(t *testing.T, s *Store, total, live int) {
	t.Helper()
	for i := range total {
		r := record(fmt.Sprint("r", i), "v", fmt.Sprint("user ", i%7), fmt.Sprint("sid ", i))
		if i >= total-live {
			r.Expires = r.Expires.Add(time.Hour)
		}
		_, err := s.Create(t.Context(), r)
		require.NoError(t, err)
	}
}

func TestASweepStepIsBounded(t *testing.T) {
	path, clock := filepath.Join(t.TempDir(), "sessions.db"), startClock()
	s := openStore(t, path, clock)
	const total, live = 2*sweepBatch + 50, 10
	fill(t, s, total, live)
	removed, err := s.sweepStep()
	require.NoError(t, err)
	require.Zero(t, removed)

	clock.Advance(90 * time.Minute)
	left := total
	for _, want := range []int64{sweepBatch, sweepBatch, 50 - live, 0} {
		removed, err := s.sweepStep()
		require.NoError(t, err)
		require.Equal(t, want, removed)
		left -= int(removed)
		records, indexes := rows(t, path)
		require.Equal(t, left, records)
		require.Equal(t, 2*left, indexes, "indexes go with their records")
	}
	found, err := s.Find(t.Context(), fmt.Sprint("r", total-1))
	require.NoError(t, err)
	require.Equal(t, "v", string(found.Value))
}

func TestTheSweepRunsInTheBackground(t *testing.T) {
	path, clock := filepath.Join(t.TempDir(), "sessions.db"), startClock()
	ticks := make(chan time.Time)
	s, err := open(t.Context(), path, clock.Now, ticks)
	require.NoError(t, err)
	const total, live = 3*sweepBatch + 1, 1
	fill(t, s, total, live)
	clock.Advance(90 * time.Minute)
	ticks <- time.Time{}
	ticks <- time.Time{} // taken when the first sweep is over
	records, _ := rows(t, path)
	require.Equal(t, live, records)
	require.NoError(t, s.Close())
	select {
	case ticks <- time.Time{}:
		require.Fail(t, "the sweep outlives the store")
	default:
	}
}

func TestTheWriteAheadLogIsCutBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.db")
	s := openStore(t, path, startClock())
	r := <-s.readers // a reader that never ends keeps the log from starting anew
	_, err := r.conn.ExecContext(t.Context(), "BEGIN; SELECT count(*) FROM records")
	require.NoError(t, err)
	v, err := s.Create(t.Context(), record("k", "v"))
	require.NoError(t, err)
	for i := range walLimit>>20 + 2 {
		v, err = s.Replace(t.Context(), record("k", strings.Repeat(string(rune('a'+i%2)), 1<<20)), v)
		require.NoError(t, err)
	}
	require.Greater(t, walSize(t, path), int64(walLimit))
	_, err = r.conn.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	s.readers <- r

	s.trimWAL()
	require.Less(t, walSize(t, path), int64(1<<20))
	found, err := s.Find(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, v, found.Version)
	require.NoError(t, s.Delete(t.Context(), "k", ports.AnyVersion))
}

func walSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path + "-wal")
	require.NoError(t, err)
	return info.Size()
}
