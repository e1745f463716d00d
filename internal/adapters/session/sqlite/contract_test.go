package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

func startClock() *portstest.Clock {
	return portstest.NewClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
}

// openStore opens a store without a background sweep and closes it after the test.
func openStore(t testing.TB, path string, clock *portstest.Clock) *Store {
	t.Helper()
	s, err := open(t.Context(), path, clock.Now, nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func newHarness(t *testing.T) portstest.StoreHarness {
	path, clock, ticks := filepath.Join(t.TempDir(), "sessions.db"), startClock(), make(chan time.Time)
	s, err := open(t.Context(), path, clock.Now, ticks)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return portstest.StoreHarness{
		Store:   s,
		New:     func(t *testing.T) ports.SessionStore { return openStore(t, path, clock) },
		Now:     clock.Now,
		Advance: clock.Advance,
		Sweep: func() {
			ticks <- time.Time{}
			ticks <- time.Time{} // taken when the first sweep is over
		},
		Kept: func(t *testing.T) int {
			records, _ := rows(t, path)
			return records
		},
	}
}

func TestStoreKeepsTheContract(t *testing.T) { portstest.SessionStore(t, newHarness) }

func TestStoreAgainstModel(t *testing.T) { portstest.SessionStoreModel(t, newHarness) }
