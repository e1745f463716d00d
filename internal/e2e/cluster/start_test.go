//go:build integration && linux

package cluster

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"

	"webapp/internal/adapters/fakeidp"
)

// The application starts while the store is down, and becomes ready when the store
// is up.
func TestStartWhileTheStoreIsDown(t *testing.T) {
	inEachStore(t, servers(), func(t *testing.T, s store) {
		s.server.Kill()
		c := newCluster(t, s, 1, nil)
		app := c.instances[0]
		assert.Contains(t, c.awaitReadiness(app, http.StatusServiceUnavailable), "session store")
		assert.Equal(t, http.StatusOK, c.browser().get(0, "/").StatusCode)
		assert.Equal(t, http.StatusSeeOther, c.browser().get(0, "/login").StatusCode)

		s.server.Restart()
		c.awaitReadiness(app, http.StatusOK)
		c.signedIn(0, fakeidp.UserMember).everywhere(true, "once the store is there")
	})
}

// An invalid SESSION_STORE ends the start. The error names the variable and contains
// no password.
func TestStartWithAnImpossibleStore(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "no directory")
	for name, store := range map[string]string{
		"unknown":                "oracle://user:" + redisPassword + "@localhost/db",
		"no store":               redisPassword,
		"no file":                "sqlite:",
		"no directory":           "sqlite:" + filepath.Join(file, "sessions.db"),
		"a device":               "sqlite:/dev/null",
		"a directory":            "sqlite:/",
		"under a file":           "sqlite:/dev/null/sessions.db",
		"redis, not a URL":       "redis:localhost",
		"redis, bad port":        "redis://:" + redisPassword + "@localhost:port",
		"redis, bad escape":      "redis://:" + redisPassword + "%zz@localhost:6379",
		"redis, bad database":    "redis://:" + redisPassword + "@localhost:6379/" + redisPassword,
		"redis, bad parameter":   "redis://:" + redisPassword + "@localhost:6379?pool_size=" + redisPassword,
		"sentinel, no master":    "redis+sentinel://:" + redisPassword + "@localhost:26379",
		"cluster, with database": "redis+cluster://:" + redisPassword + "@localhost:6379/3",
		"postgres, bad port":     "postgres://user:" + redisPassword + "@localhost:port/db",
		"postgres, bad escape":   "postgres://user:" + redisPassword + "%zz@localhost/db",
		"postgres, bad mode":     "postgres://user:" + redisPassword + "@localhost/db?sslmode=" + redisPassword,
	} {
		t.Run(name, func(t *testing.T) {
			i := &instance{t: t, addr: freeAddr(t), env: map[string]string{
				"AUTHORITY": "http://127.0.0.1:1/" + fakeidp.ContosoTenantID, "CLIENT_ID": fakeidp.DefaultClientID,
				"CLIENT_SECRET": fakeidp.DefaultClientSecret, "SESSION_STORE": store, "SESSION_KEY": newKey(),
			}}
			i.env["LISTEN_ADDR"] = i.addr
			i.run()
			p := i.process
			i.process = nil // it has exited
			await(t, p.Exited(), "the end of the process: "+p.Output())
			assert.Equal(t, 1, p.ExitCode(), p.Output())
			assert.Contains(t, p.Output(), "SESSION_STORE")
		})
	}
}
