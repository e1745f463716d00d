package sqlite

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func TestIndexedRecordsAreCounted(t *testing.T) {
	clock := startClock()
	s := openStore(t, filepath.Join(t.TempDir(), "sessions.db"), clock)
	for i := range 30 {
		r := ports.Record{Key: fmt.Sprint("key-", i), Expires: clock.Now().Add(time.Minute)}
		if i%3 == 0 {
			r.Indexes = []string{"person", fmt.Sprint("provider's session ", i)}
		}
		_, err := s.Create(t.Context(), r)
		require.NoError(t, err)
	}
	count := func() int {
		n, err := s.IndexedRecords(t.Context(), 0)
		require.NoError(t, err)
		return n
	}
	require.Equal(t, 10, count())
	require.NoError(t, s.Delete(t.Context(), "key-0", ports.AnyVersion))
	require.Equal(t, 9, count())
	later, err := s.IndexedRecords(t.Context(), time.Minute)
	require.NoError(t, err)
	require.Zero(t, later)
	clock.Advance(time.Hour)
	require.Zero(t, count(), "before it is swept")
	s.sweepAll()
	require.Zero(t, count())
	require.NoError(t, s.Close())
	_, err = s.IndexedRecords(t.Context(), 0)
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
}
