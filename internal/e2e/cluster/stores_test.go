//go:build integration && linux

package cluster

import (
	"path/filepath"
	"testing"

	"webapp/internal/test/servertest"
)

// redisPassword is an unusual word, so that a test can search logs for it.
const redisPassword = "pw-8d21f6c0ae-secret"

// store is a session store that all instances of a test share.
type store struct {
	url    string // SESSION_STORE
	server server // nil if the store is a file
}

// server is the server of a store.
type server interface {
	Kill()    // connections break, new ones are refused
	Restart() // with the data of all completed writes
	Pause()   // connections stay open without a response
	Resume()
}

type storeKind struct {
	name  string
	start func(*testing.T) store
}

// servers has the stores that are reached over the network.
func servers() []storeKind {
	return []storeKind{
		{"redis", startRedis},
		{"postgres", startPostgreSQL},
	}
}

// stores has all stores that several processes can share.
func stores() []storeKind { return append(servers(), storeKind{"sqlite", newSQLite}) }

// inEachStore runs test with every store, in parallel with other tests.
func inEachStore(t *testing.T, kinds []storeKind, test func(*testing.T, store)) {
	t.Helper()
	t.Parallel()
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			test(t, kind.start(t))
		})
	}
}

// alone runs test with every store and no other test at the same time. It is for
// tests that load the machine and measure how long pages take.
func alone(t *testing.T, kinds []storeKind, test func(*testing.T, store)) {
	t.Helper()
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) { test(t, kind.start(t)) })
	}
}

func startRedis(t *testing.T) store {
	t.Helper()
	r := servertest.StartRedis(t, "--requirepass", redisPassword)
	return store{"redis://:" + redisPassword + "@" + r.Addr, r}
}

func startPostgreSQL(t *testing.T) store {
	t.Helper()
	p := servertest.StartPostgreSQL(t)
	return store{p.NewDatabase(), p}
}

func newSQLite(t *testing.T) store {
	t.Helper()
	return store{url: "sqlite:" + filepath.Join(t.TempDir(), "sessions.db")}
}
