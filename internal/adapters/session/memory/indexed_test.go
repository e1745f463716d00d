package memory

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func TestIndexedRecordsAreCounted(t *testing.T) {
	s, clock := openStore(t)
	for i := range 3000 {
		r := ports.Record{Key: fmt.Sprint("key-", i), Expires: start.Add(time.Minute)}
		if i%3 == 0 {
			r.Indexes = []string{"person", fmt.Sprint("provider's session ", i)}
		}
		if i%2 == 0 {
			r.Expires = start.Add(time.Hour)
		}
		mustCreate(t, s, r)
	}
	countAfter := func(ahead time.Duration) int {
		n, err := s.IndexedRecords(t.Context(), ahead)
		require.NoError(t, err)
		return n
	}
	count := func() int { return countAfter(0) }
	require.Equal(t, 1000, count())
	require.Equal(t, 1000, countAfter(time.Minute-1))
	require.Equal(t, 500, countAfter(time.Minute))
	require.Equal(t, 500, countAfter(time.Hour-1))
	require.Zero(t, countAfter(time.Hour))
	require.NoError(t, s.Delete(t.Context(), "key-0", ports.AnyVersion))
	require.NoError(t, s.Delete(t.Context(), "key-1", ports.AnyVersion))
	require.Equal(t, 999, count())
	clock.Advance(time.Minute)
	require.Equal(t, 499, count(), "before it is swept")
	s.sweep()
	require.Equal(t, 499, count())
	clock.Advance(time.Hour)
	s.sweep()
	require.Zero(t, count())
}
