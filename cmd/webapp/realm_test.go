package main

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/cmd/webapp/config"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports/portstest"
)

// A store and a SESSION_KEY that two applications share, by mistake or not, do
// not make one's people the other's: above all not the demo's, who need no
// password.
func TestSessionsOfAnotherApplicationAreNone(t *testing.T) {
	for name, change := range map[string]func(*config.Config){
		"the demo":       func(s *config.Config) { s.Demo = true },
		"another client": func(s *config.Config) { s.ClientID = "11112222-bbbb-3333-cccc-4444dddd5555" },
		"another authority": func(s *config.Config) {
			s.Authority = strings.Replace(s.Authority, fakeidp.ContosoTenantID, "common", 1)
			s.AllowedTenants = []string{"*"}
		},
		"another OpenID Provider": func(s *config.Config) { s.Authority, s.OIDCAuthority = "", "https://idp.example" },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, map[string]string{"SESSION_KEY": someKey})
			ours, theirs := w.s, w.s
			change(&theirs)
			b := w.browser()
			b.mustSignIn(fakeidp.UserAdmin)
			w.s = theirs
			w.restart()
			assert.Equal(t, http.StatusUnauthorized, b.get("/sessions").StatusCode)
			w.s = ours
			w.restart()
			assert.True(t, b.signedIn(), "nothing of ours was ended")
		})
	}
	w := newWorld(t, map[string]string{"SESSION_KEY": someKey})
	b := w.browser()
	b.mustSignIn(fakeidp.UserAdmin)
	w.s.Authority += "/"
	w.restart()
	require.True(t, b.signedIn(), "a slash behind AUTHORITY changes nothing")
}

// Somebody whose tenant has been taken off the list is signed in no longer, and
// the others stay.
func TestATenantThatIsTakenOffTheListIsOut(t *testing.T) {
	w := newWorld(t, map[string]string{
		"AUTHORITY": "common", "ALLOWED_TENANTS": fakeidp.ContosoTenantID + "," + fakeidp.FabrikamTenantID, "SESSION_KEY": someKey,
	})
	theirs, ours := w.browser(), w.browser()
	theirs.mustSignIn(fakeidp.UserGuest)
	ours.mustSignIn(fakeidp.UserAdmin)
	w.s.AllowedTenants = []string{fakeidp.ContosoTenantID}
	w.restart()
	assert.True(t, ours.signedIn())
	w.store.SetFault(func(c portstest.StoreCall) error {
		if c.Method == "Find" {
			return nil
		}
		return errors.New("disk full")
	})
	assert.Equal(t, http.StatusUnauthorized, theirs.get("/sessions").StatusCode, "also where nothing can be written")
	w.store.SetFault(nil)
	assert.Equal(t, http.StatusUnauthorized, theirs.get("/sessions").StatusCode)
	assert.False(t, theirs.signedIn())
	assert.Contains(t, w.logs.String(), `by="no longer admitted"`)
}
