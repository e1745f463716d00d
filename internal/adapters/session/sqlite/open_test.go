package sqlite

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func record(key, value string, indexes ...string) ports.Record {
	expires := startClock().Now().Add(time.Hour)
	return ports.Record{Key: key, Value: []byte(value), Expires: expires, Indexes: indexes}
}

// rawDatabase opens the file as another program would.
func rawDatabase(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestARestartLosesNothing(t *testing.T) {
	path, clock := filepath.Join(t.TempDir(), "sessions.db"), startClock()
	before := openStore(t, path, clock)
	v, err := before.Create(t.Context(), record("k", "v", "index"))
	require.NoError(t, err)
	require.NoError(t, before.Close())

	after := openStore(t, path, clock)
	found, err := after.Find(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, "v", string(found.Value))
	require.Equal(t, v, found.Version)
	require.True(t, found.Expires.Equal(record("", "").Expires))
	keys, err := after.Keys(t.Context(), "index")
	require.NoError(t, err)
	require.Equal(t, []string{"k"}, keys)
}

// SQLite removes the write-ahead log when the last connection is closed.
func TestCloseClosesTheFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.db")
	s := openStore(t, path, startClock())
	_, err := s.Create(t.Context(), record("k", "v"))
	require.NoError(t, err)
	require.FileExists(t, path+"-wal")
	require.NoError(t, s.Close())
	require.NoFileExists(t, path+"-wal")
	require.NoFileExists(t, path+"-shm")
}

func TestOnlyTheOwnerMayReadTheFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.db")
	s := openStore(t, path, startClock())
	_, err := s.Create(t.Context(), record("k", "v"))
	require.NoError(t, err)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode(), "file%s", suffix)
	}
}

func TestNoCharacterOfThePathHasAMeaning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?mode=memory&c%20#ü;'\".db")
	s := openStore(t, path, startClock())
	_, err := s.Create(t.Context(), record("k", "v"))
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Positive(t, info.Size())
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	database := func(name string, statements ...string) string {
		path := filepath.Join(dir, name)
		for _, statement := range statements {
			_, err := rawDatabase(t, path).Exec(statement)
			require.NoError(t, err)
		}
		return path
	}
	newer := filepath.Join(dir, "newer.db")
	require.NoError(t, openStore(t, newer, startClock()).Close())
	database("newer.db", fmt.Sprintf("PRAGMA user_version = %d", len(migrations)+1))
	for name, c := range map[string]struct{ path, says string }{
		"no name":             {"", "give the path of one"},
		"memory":              {":memory:", "give the path of one"},
		"a directory":         {dir, "is a directory: name a file in it"},
		"no such directory":   {filepath.Join(dir, "none", "sessions.db"), "does not exist: make it"},
		"below a file":        {filepath.Join(file("file", ""), "sessions.db"), "check the path"},
		"unwritable":          {"/proc/sessions.db", "choose another path"},
		"a device":            {os.DevNull, "no regular file"},
		"no database":         {file("text", string(make([]byte, 5000))+"text"), "no SQLite database: choose another file"},
		"of another program":  {database("alien.db", "CREATE TABLE customers (name TEXT)"), "another program: choose another file"},
		"of a newer version":  {newer, "newer version of this program"},
		"cut in the middle":   {file("cut", "SQLite format 3\x00\x10\x00\x02\x02\x00\x40\x20\x20"), "move it away"},
		"in use, exclusively": {lockedDatabase(t, filepath.Join(dir, "locked.db")), "another program holds it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			_, err := Open(t.Context(), c.path, time.Now)
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "%!")
			require.Less(t, time.Since(began), 15*time.Second)
		})
	}
}

// lockedDatabase makes a database that another handle keeps to itself.
func lockedDatabase(t testing.TB, path string) string {
	db := rawDatabase(t, path)
	for _, statement := range []string{"PRAGMA locking_mode = EXCLUSIVE", "CREATE TABLE t (v)"} {
		_, err := db.Exec(statement)
		require.NoError(t, err)
	}
	return path
}

func TestAnOlderSchemaIsMigrated(t *testing.T) {
	path, clock := filepath.Join(t.TempDir(), "sessions.db"), startClock()
	s := openStore(t, path, clock)
	_, err := s.Create(t.Context(), record("k", "v", "index"))
	require.NoError(t, err)
	w := <-s.writer
	next := append(migrations[:len(migrations):len(migrations)],
		"ALTER TABLE records ADD COLUMN note TEXT; UPDATE records SET note = 'migrated'")
	require.NoError(t, migrate(t.Context(), w.conn, next))
	require.NoError(t, migrate(t.Context(), w.conn, next), "nothing is left to do")
	require.ErrorIs(t, migrate(t.Context(), w.conn, migrations[:]), errNewer)
	var note string
	require.NoError(t, w.conn.QueryRowContext(t.Context(), "SELECT note FROM records").Scan(&note))
	require.Equal(t, "migrated", note)
	s.writer <- w

	broken := append(next[:len(next):len(next)], "CREATE TABLE half (v); CREATE TABLE records (v)")
	w = <-s.writer
	require.ErrorContains(t, migrate(t.Context(), w.conn, broken), "already exists")
	require.NoError(t, migrate(t.Context(), w.conn, next), "a failed migration leaves nothing behind")
	s.writer <- w
	found, err := s.Find(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, "v", string(found.Value))
}

func TestManyMayOpenANewFileAtOnce(t *testing.T) {
	path, clock := filepath.Join(t.TempDir(), "sessions.db"), startClock()
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			s, err := open(t.Context(), path, clock.Now, nil)
			if !assert.NoError(t, err) {
				return
			}
			_, err = s.Create(t.Context(), record(fmt.Sprint(i), "v", "all"))
			assert.NoError(t, err)
			assert.NoError(t, s.Close())
		})
	}
	wg.Wait()
	keys, err := openStore(t, path, clock).Keys(t.Context(), "all")
	require.NoError(t, err)
	require.Len(t, keys, 6)
}
