//go:build integration && linux

package cluster

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// Restarts sign nobody out. Session keys are rotated by restarts.
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
