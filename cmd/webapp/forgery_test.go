package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/fakeidp/forgery"
)

// Invariant 3, as the whole application answers: every forgery of the catalogue
// gets a page and no session, its state is spent, and the next sign-in in the
// same application works.
func TestForgeriesSignNobodyIn(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"one tenant":   {},
		"many tenants": {"AUTHORITY": "common", "ALLOWED_TENANTS": fakeidp.ContosoTenantID},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, env)
			w.browser().mustSignIn(fakeidp.UserMember)
			for _, f := range forgery.IDTokens() {
				t.Run(f.Name, func(t *testing.T) {
					w.t = t
					refuseForgery(t, w, f)
				})
			}
		})
	}
}

func refuseForgery(t *testing.T, w *world, f forgery.Forgery) {
	b := w.browser()
	answer := b.approve(b.begin("/login?return_to=/sessions"), fakeidp.UserMember)
	thief := b.copy()
	asked := w.idp.Requests(fakeidp.EndpointToken)
	w.store.Calls()
	w.idp.Mutate(f.Forge)
	r := b.callback(answer)
	w.idp.Mutate(nil)

	assert.GreaterOrEqual(t, r.StatusCode, 400)
	assert.Less(t, r.StatusCode, 500)
	assert.Contains(t, r.Header.Get("Content-Type"), "text/html")
	assert.Contains(t, r.body, "/login?return_to=%2Fcall_api", "the page offers a way on")
	for _, c := range r.Cookies() {
		assert.Negative(t, c.MaxAge, "%s is set", c.Name)
	}
	assert.Equal(t, 2, writes(w.store.Calls()), "the mark of the spent state alone is written, and how that ended")
	assert.False(t, b.signedIn())

	for _, again := range []*browser{b, thief} {
		assert.Equal(t, http.StatusBadRequest, again.callback(answer).StatusCode, "a state is spent by its first use")
	}
	assert.Equal(t, asked+1, w.idp.Requests(fakeidp.EndpointToken), "a code is never posted twice")
	require.Equal(t, "/sessions", b.callback(b.approve(b.begin("/login?return_to=/sessions"), fakeidp.UserMember)).Header.Get("Location"))
	require.True(t, b.signedIn())
}
