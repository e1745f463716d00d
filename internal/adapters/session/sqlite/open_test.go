package sqlite

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
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
	keys, err := after.Keys(t.Context(), "index")
	require.NoError(t, err)
	require.Equal(t, []string{"k"}, keys)
	clock.Advance(time.Hour - time.Microsecond)
	_, err = after.Find(t.Context(), "k")
	require.NoError(t, err)
	clock.Advance(time.Microsecond)
	_, err = after.Find(t.Context(), "k")
	require.ErrorIs(t, err, ports.ErrNoRecord, "nor the expiry")
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
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no file modes: the access list of the directory decides")
	}
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

func TestThePathMayHaveAnyCharacter(t *testing.T) {
	name := "a b?mode=memory&c%20#ü;'\".db"
	if runtime.GOOS == "windows" {
		name = "a b&mode=memory;c%20#ü'.db" // Windows allows neither ? nor "
	}
	path := filepath.Join(t.TempDir(), name)
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
	belowAFile := "check the path"
	if runtime.GOOS == "windows" {
		belowAFile = "does not exist: create the directory" // Windows does not tell the two apart
	}
	for name, c := range map[string]struct{ path, says string }{
		"no name":             {"", "the path is missing"},
		"memory":              {":memory:", "the path is missing"},
		"a directory":         {dir, "is a directory: name a file in it"},
		"no such directory":   {filepath.Join(dir, "none", "sessions.db"), "does not exist: create the directory"},
		"below a file":        {filepath.Join(file("file", ""), "sessions.db"), belowAFile},
		"unwritable":          {"/proc/sessions.db", "choose another path"},
		"a device":            {os.DevNull, "not a regular file"},
		"no database":         {file("text", string(make([]byte, 5000))+"text"), "not an SQLite database: choose another file"},
		"of another program":  {database("alien.db", "CREATE TABLE customers (name TEXT)"), "another program: choose another file"},
		"of a newer version":  {newer, "newer version of this program"},
		"cut in the middle":   {file("cut", "SQLite format 3\x00\x10\x00\x02\x02\x00\x40\x20\x20"), "move it away"},
		"in use, exclusively": {lockedStore(t, filepath.Join(dir, "locked.db")), "another program uses it"},
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

// lockedStore creates a file that another handle has locked.
func lockedStore(t testing.TB, path string) string {
	require.NoError(t, openStore(t, path, startClock()).Close())
	_, err := rawDatabase(t, path).Exec("BEGIN IMMEDIATE")
	require.NoError(t, err)
	return path
}

// Earlier versions could leave a file that is marked in its write-ahead log only.
func TestAFileOfAnEarlierVersion(t *testing.T) {
	inUse, left := t.TempDir(), t.TempDir()
	earlier := rawDatabase(t, filepath.Join(inUse, "sessions.db"))
	for _, statement := range []string{
		"PRAGMA journal_mode = WAL", migrations[0],
		"INSERT INTO records (key, expires, version, value) VALUES ('k', 4000000000000000, 7, x'76')",
		fmt.Sprintf("PRAGMA application_id = %d", applicationID), "PRAGMA user_version = 1",
	} {
		_, err := earlier.Exec(statement)
		require.NoError(t, err)
	}
	for name, content := range files(t, inUse) {
		require.NoError(t, os.WriteFile(filepath.Join(left, name), []byte(content), 0o600))
	}
	require.NoError(t, os.Remove(filepath.Join(left, "sessions.db-shm")))
	s := openStore(t, filepath.Join(left, "sessions.db"), startClock())
	found, err := s.Find(t.Context(), "k")
	require.NoError(t, err)
	require.EqualValues(t, 7, found.Version)
}

// files returns the content of every file in dir.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	content := map[string]string{}
	for _, entry := range entries {
		b, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		require.NoError(t, err)
		content[entry.Name()] = string(b)
	}
	return content
}

// The file of another program is closed, in use, or was left by a killed process.
func TestAFileOfAnotherProgramIsLeftAsItIs(t *testing.T) {
	const customers = "CREATE TABLE customers (name TEXT)"
	const large = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)\n" +
		"INSERT INTO customers SELECT hex(randomblob(2000)) FROM n"
	for _, c := range []struct {
		name       string
		statements []string
		raw        string // the file's content, where it is no database
		mode       os.FileMode
		says       string
	}{
		{name: "a table", statements: []string{customers}, says: "of another program"},
		{name: "a table, read-only", statements: []string{customers}, mode: 0o444, says: "of another program"},
		{name: "its own application ID", statements: []string{"PRAGMA application_id = 42"}, says: "of another program"},
		{name: "its own version", statements: []string{"PRAGMA user_version = 1"}, says: "of another program"},
		{name: "no table yet", statements: []string{customers, "DROP TABLE customers", "VACUUM"}, says: "of another program"},
		{name: "WAL mode", statements: []string{"PRAGMA journal_mode = WAL", customers}, says: "program"},
		{name: "WAL mode, checkpointed", statements: []string{"PRAGMA journal_mode = WAL", customers, "PRAGMA wal_checkpoint(TRUNCATE)"}, says: "of another program"},
		{name: "a transaction", statements: []string{customers, "PRAGMA cache_size = 1", "BEGIN", large}, says: "program"},
		{name: "its first transaction", statements: []string{"PRAGMA cache_size = 1", "BEGIN", customers, large}, says: "another program is writing to it"},
		{name: "text", raw: strings.Repeat("not a database\n", 1000), says: "it is not an SQLite database"},
		{name: "short text", raw: "hello", says: "it is not an SQLite database"},
		{name: "text, read-only", raw: "hello", mode: 0o400, says: "it is not an SQLite database"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inUse, killed := t.TempDir(), t.TempDir()
			path := filepath.Join(inUse, "app.db")
			if c.raw != "" {
				require.NoError(t, os.WriteFile(path, []byte(c.raw), 0o600))
			}
			program := rawDatabase(t, path)
			for _, statement := range c.statements {
				_, err := program.Exec(statement)
				require.NoError(t, err, statement)
			}
			for name, content := range files(t, inUse) {
				require.NoError(t, os.WriteFile(filepath.Join(killed, name), []byte(content), 0o600))
			}
			for _, dir := range []string{killed, inUse} {
				if c.mode != 0 {
					require.NoError(t, os.Chmod(filepath.Join(dir, "app.db"), c.mode))
				}
				before := files(t, dir)
				_, err := Open(t.Context(), filepath.Join(dir, "app.db"), time.Now)
				require.ErrorContains(t, err, c.says)
				require.NotContains(t, err.Error(), "app.db")
				require.Equal(t, before, files(t, dir))
			}
		})
	}
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
