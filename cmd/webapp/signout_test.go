package main

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

func TestSignOutEndsTheSessionAndGoesToTheProvider(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	thief := b.copy()
	r := b.do(http.MethodPost, "/logout", url.Values{}, "Origin", w.url, "Sec-Fetch-Site", "same-origin")
	require.Equal(t, http.StatusSeeOther, r.StatusCode)
	to, err := url.Parse(r.Header.Get("Location"))
	require.NoError(t, err)
	assert.Equal(t, w.url+"/", to.Query().Get("post_logout_redirect_uri"))
	assert.NotEmpty(t, to.Query().Get("logout_hint"))
	assert.Empty(t, to.Query().Get("id_token_hint"))
	assert.Contains(t, b.get("/").body, "signed out")
	assert.False(t, thief.signedIn(), "a copied cookie is dead too")
	b.mustSignIn(fakeidp.UserAdmin)
}

func TestSignOutTheProviderUnderstands(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	r := b.do(http.MethodPost, "/logout", url.Values{})
	back := b.get(r.Header.Get("Location"))
	assert.Equal(t, w.url+"/", back.Header.Get("Location"), back.body)
}

func TestAskingToSignOutSignsNobodyOut(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	assert.Equal(t, http.StatusOK, b.get("/logout").StatusCode)
	assert.Equal(t, http.StatusOK, b.do(http.MethodHead, "/logout", nil).StatusCode)
	assert.True(t, b.signedIn())
}

func TestSignOutFromAnotherOriginIsRefused(t *testing.T) {
	for name, headers := range map[string][]string{
		"another site":      {"Sec-Fetch-Site", "cross-site"},
		"sibling subdomain": {"Sec-Fetch-Site", "same-site"},
		"origin alone":      {"Origin", "https://evil.example"},
		"another port":      {"Origin", "http://localhost:1"},
		"opaque origin":     {"Origin", "null"},
		"another scheme":    {"Origin", "https://localhost"},
		"both disagree":     {"Origin", "ours", "Sec-Fetch-Site", "cross-site"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			if i := slices.Index(headers, "ours"); i >= 0 {
				headers[i] = w.url
			}
			b := w.browser()
			b.mustSignIn(fakeidp.UserMember)
			r := b.do(http.MethodPost, "/logout", url.Values{}, headers...)
			assert.Equal(t, http.StatusForbidden, r.StatusCode)
			assert.True(t, b.signedIn())
		})
	}
}

func TestSignOutWorksWhileTheProviderIsDown(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	w.idp.Down()
	r := b.do(http.MethodPost, "/logout", url.Values{})
	assert.Equal(t, http.StatusSeeOther, r.StatusCode)
	assert.False(t, b.signedIn())
}

func TestSignOutOfNobodyLeadsHome(t *testing.T) {
	w := newWorld(t, nil)
	r := w.browser().do(http.MethodPost, "/logout", url.Values{})
	assert.Equal(t, http.StatusSeeOther, r.StatusCode)
	assert.Equal(t, "/", r.Header.Get("Location"))
}

// Invariant 11 for one process: while the store is down, nobody is signed out, and
// pages without a session still work.
func TestStoreDownSignsNobodyOut(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	before := b.cookies()
	w.store.SetDown(true)
	for _, path := range []string{"/", "/sessions", "/logout"} {
		r := b.get(path)
		assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode, path)
		assert.NotEmpty(t, r.Header.Get("Retry-After"))
		assert.Empty(t, r.Header.Values("Set-Cookie"))
	}
	assert.Equal(t, http.StatusServiceUnavailable, b.do(http.MethodPost, "/logout", url.Values{}).StatusCode)
	assert.Equal(t, http.StatusServiceUnavailable, b.get("/readyz").StatusCode)
	assert.Equal(t, http.StatusOK, b.get("/healthz").StatusCode)
	anonymous := w.browser()
	assert.Equal(t, http.StatusOK, anonymous.get("/").StatusCode)
	assert.Equal(t, http.StatusSeeOther, anonymous.get("/login").StatusCode)
	w.store.SetDown(false)
	assert.Equal(t, before, b.cookies())
	assert.True(t, b.signedIn())
}

// If the store is down during a callback, the link to try again keeps the return path.
func TestAStoreThatIsDownLosesNoWayBack(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	answer := b.approve(b.begin("/login?return_to=/sessions?x=1"), fakeidp.UserMember)
	w.store.SetDown(true)
	r := b.callback(answer)
	assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode)
	assert.Contains(t, r.body, `href="/login?return_to=%2Fsessions%3Fx%3D1"`)
	assert.Equal(t, 1, strings.Count(r.body, "Try again"))
	w.store.SetDown(false)
	r = b.callback(answer)
	assert.Equal(t, "/sessions?x=1", r.Header.Get("Location"), "nothing was spent")
}

// Every response of the back-channel logout is JSON, and a malformed token is refused
// without a request to the provider.
func TestBackChannelLogoutWhileNobodyCanJudge(t *testing.T) {
	w := newWorld(t, nil)
	w.idp.Down()
	send := func(token string) reply {
		return w.browser().do(http.MethodPost, "/backchannel-logout", url.Values{"logout_token": {token}})
	}
	for token, status := range map[string]int{
		"garbage": http.StatusBadRequest, "a.b": http.StatusBadRequest, "": http.StatusBadRequest,
		"e30.e30.e30": http.StatusServiceUnavailable,
	} {
		r := send(token)
		assert.Equal(t, status, r.StatusCode, token)
		assert.Equal(t, "application/json", r.Header.Get("Content-Type"), token)
		assert.Contains(t, r.body, `"error":`, token)
		assert.Equal(t, status == http.StatusServiceUnavailable, r.Header.Get("Retry-After") != "", token)
	}
}
