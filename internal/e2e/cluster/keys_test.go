//go:build integration && linux

package cluster

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// Restarts sign nobody out. Session keys in the environment are rotated by restarts.
func TestRestartsAndKeyRotation(t *testing.T) {
	inEachStore(t, stores(), func(t *testing.T, s store) {
		c := newCluster(t, s, 1, nil)
		app := c.instances[0]
		before, next := app.env["SESSION_KEY"], newKey()
		old := c.signedIn(0, fakeidp.UserMember)
		app.restart(nil)
		old.everywhere(true, "after a restart with the same key")
		app.kill()
		app.start()
		old.everywhere(true, "after a crash")

		atProvider := c.browser()
		callback := atProvider.begin(0, fakeidp.UserMember)
		app.restart(map[string]string{"SESSION_KEY": next + "," + before})
		old.everywhere(true, "a session of the old key while both open")
		require.Equal(t, http.StatusSeeOther, atProvider.get(0, callback).StatusCode, "a sign-in of the old key")
		young := c.signedIn(0, fakeidp.UserMember)

		app.restart(map[string]string{"SESSION_KEY": next})
		old.everywhere(false, "a session of a key that is gone")
		young.everywhere(true, "a session of the new key")
		atProvider.everywhere(true, "a sign-in that ended under the new key")
		require.Contains(t, young.get(0, "/call_api").body, "Adele Vance")
		old.signIn(0, fakeidp.UserMember)
		old.everywhere(true, "signed in again")
	})
}

// keyLimit is the time within which a new version of SESSION_KEY_FILE counts.
const keyLimit = 5 * time.Second

// keyFile is the file of session keys of one instance.
type keyFile struct {
	c    *cluster
	i    int
	path string
}

// rename puts a new version into place and waits until the instance's log says says.
func (f keyFile) rename(says string, keys ...string) {
	f.c.t.Helper()
	app := f.c.instances[f.i]
	before := strings.Count(app.process.Output(), says)
	require.NoError(f.c.t, os.WriteFile(f.path+".new", []byte(strings.Join(keys, "\n")+"\n"), 0o600))
	require.NoError(f.c.t, os.Rename(f.path+".new", f.path))
	eventually(f.c.t, keyLimit, says, func() bool { return strings.Count(app.process.Output(), says) > before })
}

const (
	keysInUse = "the list of session keys has changed; the new one is in use"
	keysKept  = "the new list of session keys cannot be used; the previous one stays in use"
)

// Session keys in a file are rotated while two instances run. They get each step one
// after the other. Nobody is signed out, and no sign-in fails, until the old key is
// removed.
func TestKeyRotationWithoutARestart(t *testing.T) {
	inEachStore(t, stores(), func(t *testing.T, s store) {
		before, next := newKey(), newKey()
		dir := t.TempDir()
		first := filepath.Join(dir, "0")
		require.NoError(t, os.WriteFile(first, []byte(before), 0o600))
		c := newCluster(t, s, 2, map[string]string{"SESSION_KEY": "", "SESSION_KEY_FILE": first})
		files := []keyFile{{c, 0, first}, {c, 1, filepath.Join(dir, "1")}}
		require.NoError(t, os.WriteFile(files[1].path, []byte(before), 0o600))
		c.instances[1].restart(map[string]string{"SESSION_KEY_FILE": files[1].path})

		old := []*browser{c.signedIn(0, fakeidp.UserMember), c.signedIn(1, fakeidp.UserAdmin)}
		var young []*browser
		atProvider, callback := c.browser(), ""
		check := func(step string) {
			t.Helper()
			for _, b := range append(old[:len(old):len(old)], young...) {
				b.everywhere(true, step)
			}
			// The sign-in began at one instance, before the step, and ends at the other.
			if callback != "" {
				require.Equal(t, http.StatusSeeOther, atProvider.get(1, callback).StatusCode, step)
				atProvider.everywhere(true, step)
			}
			atProvider = c.browser()
			callback = atProvider.begin(0, fakeidp.UserMember)
		}
		check("one key")
		for _, step := range []struct {
			name string
			keys []string
		}{{"OLD,NEW", []string{before, next}}, {"NEW,OLD", []string{next, before}}} {
			for i, file := range files {
				file.rename(keysInUse, step.keys...)
				if step.keys[0] == next {
					young = append(young, c.signedIn(i, fakeidp.UserMember))
				} else {
					old = append(old, c.signedIn(i, fakeidp.UserMember))
				}
				check(step.name)
			}
		}
		for _, file := range files {
			file.rename(keysKept, next, "nonsense")
		}
		check("a version with one bad key")

		for _, file := range files {
			file.rename(keysInUse, next)
		}
		for _, b := range old {
			b.everywhere(false, "a session of the key that is gone")
		}
		for _, b := range young {
			b.everywhere(true, "a session of the new key")
		}
		old[0].signIn(0, fakeidp.UserMember)
		old[0].everywhere(true, "signed in again")
		for _, i := range c.instances {
			require.NotContains(t, i.process.Output(), before)
			require.NotContains(t, i.process.Output(), next)
		}
	})
}

// A logout at the provider finds the sessions of both keys, on the instance that did not
// begin them.
func TestLogoutAtTheProviderDuringAKeyRotation(t *testing.T) {
	t.Parallel()
	before, next := newKey(), newKey()
	path := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.WriteFile(path, []byte(before+","+next), 0o600))
	c := newCluster(t, newSQLite(t), 2, map[string]string{"SESSION_KEY": "", "SESSION_KEY_FILE": path})
	sid := func(b *browser) string { return b.claim("sid") }
	one := c.signedIn(0, fakeidp.UserMember)
	keyFile{c, 0, path}.rename(keysInUse, next, before)
	eventually(t, keyLimit, "the other instance has the keys too", func() bool { return strings.Contains(c.instances[1].process.Output(), keysInUse) })
	two := c.signedIn(0, fakeidp.UserMember)
	for _, b := range []*browser{one, two} {
		require.Equal(t, http.StatusOK, c.browser().get(1, "/frontchannel-logout?sid="+sid(b)).StatusCode)
		b.everywhere(false, "after the logout")
	}
}
