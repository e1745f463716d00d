//go:build integration && linux

package cluster

import (
	"path/filepath"
	"testing"

	"webapp/internal/test/servertest"
)

// redisPassword is an unlikely word, so that it can be looked for where it must
// not be.
const redisPassword = "pw-8d21f6c0ae-secret"

// store is one that all instances of a test share.
type store struct {
	url    string // SESSION_STORE
	server server // nil where the store is a file
}

// server is what can go away under a store.
type server interface {
	Kill()    // connections break, further ones are refused
	Restart() // with what it has answered
	Pause()   // connections stay open and are not answered
	Resume()
}

type storeKind struct {
	name  string
	start func(*testing.T) store
}

// servers are the stores that are reached over the network.
func servers() []storeKind {
	return []storeKind{
		{"redis", startRedis},
		{"postgres", startPostgreSQL},
	}
}

// stores are all that several processes can share.
func stores() []storeKind { return append(servers(), storeKind{"sqlite", newSQLite}) }

// inEachStore runs test once with every store, beside other tests.
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

// alone runs test once with every store and nothing beside it: a test that
// loads the machine, and judges how long pages take.
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
