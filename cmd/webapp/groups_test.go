package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"webapp/internal/adapters/fakeidp"
)

// Too many groups for a token are looked up page by page; a directory that is
// down closes what depends on them, and heals.
func TestGroupsOverage(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserManyGroups)
	w.idp.Fail(fakeidp.EndpointMemberGroups, fakeidp.Fault{Status: http.StatusServiceUnavailable})
	down := b.get("/groups")
	assert.Equal(t, http.StatusServiceUnavailable, down.StatusCode)
	assert.NotContains(t, down.body, "no group")
	w.idp.Heal()
	page := b.get("/groups")
	assert.Equal(t, http.StatusOK, page.StatusCode)
	assert.Contains(t, page.body, "<dd>1000</dd>")
	asked := w.idp.Requests(fakeidp.EndpointMemberGroups)
	b.get("/groups")
	assert.Equal(t, asked, w.idp.Requests(fakeidp.EndpointMemberGroups), "kept with its age")
	w.clock.advance(20 * time.Minute)
	b.get("/groups")
	assert.Greater(t, w.idp.Requests(fakeidp.EndpointMemberGroups), asked)
}

func TestGroupsOfTheToken(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserAdmin)
	assert.Equal(t, http.StatusOK, b.get("/groups").StatusCode)
	assert.Zero(t, w.idp.Requests(fakeidp.EndpointMemberGroups))
	assert.Equal(t, http.StatusUnauthorized, w.browser().get("/groups").StatusCode)
}
