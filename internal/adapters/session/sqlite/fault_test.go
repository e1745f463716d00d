package sqlite

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func TestAFullDiskIsAnOutageThatHeals(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "sessions.db"), startClock())
	v, err := s.Create(t.Context(), record("k", "v", "index"))
	require.NoError(t, err)
	limitPages(t, s, "page_count")

	for i := 0; err == nil && i < 1000; i++ {
		_, err = s.Create(t.Context(), record(fmt.Sprint(i), "filler"))
	}
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	require.ErrorIs(t, s.Ready(t.Context()), ports.ErrStoreUnavailable)

	large := record("large", strings.Repeat("secret value ", 10000), "index")
	_, err = s.Create(t.Context(), large)
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	require.NotContains(t, err.Error(), "secret value")
	_, err = s.Replace(t.Context(), ports.Record{Key: "k", Value: large.Value, Expires: large.Expires}, v)
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	_, err = s.Find(t.Context(), "large")
	require.ErrorIs(t, err, ports.ErrNoRecord, "no half of a record")
	keys, err := s.Keys(t.Context(), "index")
	require.NoError(t, err)
	require.Equal(t, []string{"k"}, keys)
	found, err := s.Find(t.Context(), "k")
	require.NoError(t, err, "reading goes on")
	require.Equal(t, v, found.Version)

	limitPages(t, s, "1000000")
	require.NoError(t, s.Ready(t.Context()))
	_, err = s.Create(t.Context(), large)
	require.NoError(t, err)
	require.NoError(t, s.Ready(t.Context()))
}

// limitPages acts like a full disk: SQLite returns SQLITE_FULL in the same places.
func limitPages(t *testing.T, s *Store, count string) {
	t.Helper()
	w := <-s.writer
	defer func() { s.writer <- w }()
	if count == "page_count" {
		require.NoError(t, w.conn.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&count))
	}
	_, err := w.conn.ExecContext(t.Context(), "PRAGMA max_page_count = "+count)
	require.NoError(t, err)
}

func TestReadinessTellsThatNothingCanBeWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sessions.db")
	s := openStore(t, path, startClock())
	require.NoError(t, s.Ready(t.Context()))
	release := lockForWriting(t, path)
	began := time.Now()
	_, err := s.Create(t.Context(), record("k", "v"))
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	require.Less(t, time.Since(began), 15*time.Second)
	require.ErrorIs(t, s.Ready(t.Context()), ports.ErrStoreUnavailable)
	_, err = s.Find(t.Context(), "k")
	require.ErrorIs(t, err, ports.ErrNoRecord, "reading goes on")

	release()
	require.NoError(t, s.Ready(t.Context()))
	_, err = s.Create(t.Context(), record("k", "v"))
	require.NoError(t, err)
}

// lockForWriting acts like another process with a long write.
func lockForWriting(t *testing.T, path string) (release func()) {
	db := rawDatabase(t, path)
	_, err := db.Exec("BEGIN IMMEDIATE")
	require.NoError(t, err)
	return func() {
		_, err := db.Exec("ROLLBACK")
		require.NoError(t, err)
	}
}

func TestEveryCallHasATimeLimit(t *testing.T) {
	t.Parallel()
	s := openStore(t, filepath.Join(t.TempDir(), "sessions.db"), startClock())
	w := <-s.writer
	ctx, cancel := context.WithCancel(t.Context())
	patient, impatient := make(chan error), make(chan error)
	go func() { impatient <- s.Delete(ctx, "k", ports.AnyVersion) }()
	cancel()
	err := <-impatient
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	go func() { patient <- s.Delete(t.Context(), "k", ports.AnyVersion) }()
	err = <-patient
	require.ErrorIs(t, err, errQueue)
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	s.writer <- w
	require.NoError(t, s.Delete(t.Context(), "k", ports.AnyVersion))
}

func TestAClosedStoreSaysSo(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "sessions.db"), time.Now)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	_, err = s.Find(t.Context(), "k")
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	_, err = s.Create(t.Context(), record("k", "v"))
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	require.ErrorIs(t, s.Ready(t.Context()), ports.ErrStoreUnavailable)
}

func TestAnOpenTransactionIsRolledBack(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "sessions.db"), startClock())
	w := <-s.writer
	_, err := w.begin.ExecContext(t.Context())
	require.NoError(t, err)
	s.writer <- w
	_, err = s.Create(t.Context(), record("k", "v"))
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	_, err = s.Create(t.Context(), record("k", "v"))
	require.NoError(t, err)
}

func TestAValueThatIsNilIsEmpty(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "sessions.db"), startClock())
	r := record("k", "")
	r.Value = nil
	v, err := s.Create(t.Context(), r)
	require.NoError(t, err)
	_, err = s.Replace(t.Context(), r, v)
	require.NoError(t, err)
	found, err := s.Find(t.Context(), "k")
	require.NoError(t, err)
	require.True(t, bytes.Equal(nil, found.Value))
}
