//go:build integration

package postgres

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
	"webapp/internal/test/servertest"
)

func TestTheTables(t *testing.T) {
	server := servertest.StartPostgreSQL(t)
	for name, test := range map[string]func(*testing.T, string){
		"several instances start at once": testConcurrentStart,
		"an older schema is migrated":     testMigration,
		"a newer schema is refused":       testNewerSchema,
		"dropped tables are made again":   testDroppedTables,
		"a role without rights":           testPoorRole,
		"a server that only lets read":    testReadOnly,
	} {
		t.Run(name, func(t *testing.T) { test(t, server.NewDatabase()) })
	}
}

func testConcurrentStart(t *testing.T, dsn string) {
	var wg sync.WaitGroup
	for i := range 8 {
		s := openStore(t, dsn, startClock())
		wg.Go(func() {
			_, err := s.Create(t.Context(), record(fmt.Sprint(i), "v", "all"))
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	require.Equal(t, 8, count(t, dsn, `SELECT count(*) FROM webapp_session_records`))
	require.Equal(t, len(migrations), count(t, dsn, `SELECT version FROM webapp_session_schema`))
}

func testMigration(t *testing.T, dsn string) {
	s := openStore(t, dsn, startClock())
	v, err := s.Create(t.Context(), record("k", "v", "index"))
	require.NoError(t, err)
	next := append(migrations[:len(migrations):len(migrations)],
		`ALTER TABLE webapp_session_records ADD COLUMN note text;
		UPDATE webapp_session_records SET note = 'migrated'`)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { assert.NoError(t, migrate(t.Context(), s.pool, next)) })
	}
	wg.Wait()
	require.Equal(t, 1, count(t, dsn, `SELECT count(*) FROM webapp_session_records WHERE note = 'migrated'`))

	broken := append(next[:len(next):len(next)], `CREATE TABLE half (v int); CREATE TABLE half (v int)`)
	require.ErrorIs(t, migrate(t.Context(), s.pool, broken), errTables)
	require.NoError(t, migrate(t.Context(), s.pool, next), "a failed migration leaves nothing behind")
	found, err := s.Find(t.Context(), "k")
	require.NoError(t, err, "an instance of the old version goes on meanwhile")
	require.Equal(t, v, found.Version)
}

func testNewerSchema(t *testing.T, dsn string) {
	s := openStore(t, dsn, startClock())
	require.NoError(t, s.Ready(t.Context()))
	execute(t, dsn, `UPDATE webapp_session_schema SET version = version + 1`)
	after := openStore(t, dsn, startClock())
	err := after.Ready(t.Context())
	require.ErrorIs(t, err, errNewer)
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
}

func testDroppedTables(t *testing.T, dsn string) {
	s := openStore(t, dsn, startClock())
	_, err := s.Create(t.Context(), record("k", "v"))
	require.NoError(t, err)
	execute(t, dsn, `DROP TABLE webapp_session_indexes, webapp_session_records, webapp_session_schema`)
	_, err = s.Find(t.Context(), "k")
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	_, err = s.Find(t.Context(), "k")
	require.ErrorIs(t, err, ports.ErrNoRecord)
}

func testPoorRole(t *testing.T, dsn string) {
	role := "poor_" + fmt.Sprint(len(dsn))
	execute(t, dsn, `CREATE ROLE `+role+` LOGIN PASSWORD 'poor'; REVOKE CREATE ON SCHEMA public FROM public`)
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	u.User = url.UserPassword(role, "poor")
	s := openStore(t, u.String(), startClock())
	err = s.Ready(t.Context())
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	require.ErrorContains(t, err, "its tables cannot be created or changed")

	require.NoError(t, openStore(t, dsn, startClock()).Ready(t.Context()))
	execute(t, dsn, `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO `+role)
	_, err = s.Create(t.Context(), record("k", "v", "index"))
	require.NoError(t, err, "tables that are there will do")
	require.NoError(t, s.Delete(t.Context(), "k", ports.AnyVersion))
}

func testReadOnly(t *testing.T, dsn string) {
	require.NoError(t, openStore(t, dsn, startClock()).Ready(t.Context()))
	s := openStore(t, dsn+"&default_transaction_read_only=on", startClock())
	_, err := s.Find(t.Context(), "k")
	require.ErrorIs(t, err, ports.ErrNoRecord)
	require.ErrorIs(t, s.Ready(t.Context()), errStandby)
	_, err = s.Create(context.WithoutCancel(t.Context()), record("k", "v"))
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
}
