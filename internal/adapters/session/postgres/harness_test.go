//go:build integration

package postgres

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
	"webapp/internal/test/servertest"
)

func startClock() *portstest.Clock {
	return portstest.NewClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
}

func record(key, value string, indexes ...string) ports.Record {
	expires := startClock().Now().Add(time.Hour)
	return ports.Record{Key: key, Value: []byte(value), Expires: expires, Indexes: indexes}
}

// openStore opens a store without a background sweep and closes it after the test.
func openStore(t testing.TB, dsn string, clock *portstest.Clock) *Store {
	t.Helper()
	s, err := open(t.Context(), dsn, clock.Now, nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

// execute runs statements past the store.
func execute(t testing.TB, dsn, statements string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), statements)
	require.NoError(t, err)
}

// count returns the number that a query returns.
func count(t testing.TB, dsn, query string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	require.NoError(t, conn.QueryRow(t.Context(), query).Scan(&n))
	return n
}

// harnesses returns a harness for each test, with a database of its own. Its New
// returns a store with another connection pool.
func harnesses(server *servertest.PostgreSQL, parameters string) func(*testing.T) portstest.StoreHarness {
	return func(t *testing.T) portstest.StoreHarness {
		dsn, clock, ticks := server.NewDatabase()+parameters, startClock(), make(chan time.Time)
		s, err := open(t.Context(), dsn, clock.Now, ticks)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, s.Close()) })
		return portstest.StoreHarness{
			Store:   s,
			New:     func(t *testing.T) ports.SessionStore { return openStore(t, dsn, clock) },
			Now:     clock.Now,
			Advance: clock.Advance,
			Sweep: func() {
				ticks <- time.Time{}
				ticks <- time.Time{} // taken when the first sweep is over
			},
			Kept: func(t *testing.T) int { return count(t, dsn, countRecords) },
			Outage: func(down bool) {
				if down {
					server.Kill()
				} else {
					server.Restart()
				}
			},
		}
	}
}

func TestStoreKeepsTheContract(t *testing.T) {
	server := servertest.StartPostgreSQL(t)
	portstest.SessionStore(t, harnesses(server, ""))
	t.Run("model", func(t *testing.T) { portstest.SessionStoreModel(t, harnesses(server, "")) })
}

// Some connection poolers do not support prepared statements.
func TestStoreKeepsTheContractWithoutPreparedStatements(t *testing.T) {
	server := servertest.StartPostgreSQL(t)
	portstest.SessionStore(t, harnesses(server, "&default_query_exec_mode=exec"))
}
