package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/domain"
)

func TestSignInShowsThePersonsPage(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	require.Equal(t, http.StatusSeeOther, b.signIn(fakeidp.UserAdmin).StatusCode)
	home := b.get("/")
	assert.Equal(t, http.StatusOK, home.StatusCode)
	for _, want := range []string{"Welcome Megan Bowen!", fakeidp.UserAdmin, fakeidp.ContosoTenantID, "preferred_<wbr>username"} {
		assert.Contains(t, home.body, want)
	}
	api := b.get("/call_api")
	assert.Contains(t, home.body, `href="/call_api"`)
	assert.Equal(t, http.StatusOK, api.StatusCode)
	assert.Contains(t, api.body, "userPrincipalName")
}

func TestDeepLinkComesBackToTheSamePathAndQuery(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	page := b.get("/sessions?x=1&y=a%2Fb")
	require.Equal(t, http.StatusUnauthorized, page.StatusCode)
	login := "/login?return_to=" + url.QueryEscape("/sessions?x=1&y=a%2Fb")
	require.Contains(t, page.body, strings.ReplaceAll(login, "&", "&amp;"))
	r := b.callback(b.approve(b.begin(login), fakeidp.UserMember))
	assert.Equal(t, "/sessions?x=1&y=a%2Fb", r.Header.Get("Location"))
}

func TestProtectedPageAnswersJSONClientsWithAProblem(t *testing.T) {
	w := newWorld(t, nil)
	r := w.browser().get("/sessions", "Accept", "application/json")
	assert.Equal(t, http.StatusUnauthorized, r.StatusCode)
	assert.Equal(t, "application/problem+json", r.Header.Get("Content-Type"))
	assert.Contains(t, r.body, `"status":401`)
	assert.Empty(t, r.Header.Get("Location"))
}

// Invariant 1: anonymous visitors cost no server state.
func TestAnonymousVisitorsCostNoState(t *testing.T) {
	w := newWorld(t, nil)
	for range 50 {
		b := w.browser()
		b.get("/")
		b.get("/sessions")
		b.begin("/login")
		b.get("/getAToken?state=forged&code=forged")
	}
	assert.Zero(t, writes(w.store.Calls()))
}

func TestTabsDoNotCollide(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	var tabs []string
	for _, path := range []string{"/a", "/b", "/c", "/d", "/e"} {
		tabs = append(tabs, b.begin("/login?return_to="+path))
	}
	for i, path := range []string{"/a", "/b", "/c", "/d", "/e"} {
		r := b.callback(b.approve(tabs[i], fakeidp.UserMember))
		assert.Equal(t, path, r.Header.Get("Location"), r.body)
	}
}

// Five sign-ins can be open in one browser, however long their return paths are.
func TestTabsWithLongReturnPaths(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	var tabs, paths []string
	for i := range 5 {
		path := fmt.Sprintf("/sessions?tab=%d&x=", i)
		paths = append(paths, path+strings.Repeat("x", domain.MaxReturnPath-len(path)))
		tabs = append(tabs, b.begin("/login?return_to="+url.QueryEscape(paths[i])))
	}
	for i, path := range paths {
		r := b.callback(b.approve(tabs[i], fakeidp.UserMember))
		assert.Equal(t, path, r.Header.Get("Location"), r.body)
	}
}

// The sign-in page does not promise to return to a path that is too long.
func TestAPathThatIsTooLongToReturnToIsNotPromised(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	long := "/sessions?x=" + strings.Repeat("x", domain.MaxReturnPath)
	r := b.get(long)
	assert.Equal(t, http.StatusUnauthorized, r.StatusCode)
	assert.NotContains(t, r.body, "You return to it afterwards")
	assert.Contains(t, r.body, "Its address is too long to return to")
	assert.Contains(t, b.get("/sessions?x=1").body, "You return to it afterwards")
}

func TestSixtySignInsLeaveABoundedCookieHeader(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	var last string
	for range 60 {
		last = b.begin("/login?return_to=/" + strings.Repeat("x", 900))
	}
	total := 0
	for _, c := range b.cookies() {
		total += len(c.Name) + len(c.Value) + 3
	}
	assert.Less(t, total, 8<<10)
	assert.Equal(t, http.StatusSeeOther, b.callback(b.approve(last, fakeidp.UserMember)).StatusCode)
}

// Invariant 2: state before network.
func TestCallbackIsRefusedBeforeTheProviderIsAsked(t *testing.T) {
	forge := func(change func(url.Values)) func(*testing.T, *world, *browser, fakeidp.AuthResponse) reply {
		return func(_ *testing.T, _ *world, b *browser, a fakeidp.AuthResponse) reply {
			change(a.Values)
			return b.callback(a)
		}
	}
	cases := map[string]func(*testing.T, *world, *browser, fakeidp.AuthResponse) reply{
		"missing state":   forge(func(v url.Values) { v.Del("state") }),
		"empty state":     forge(func(v url.Values) { v.Set("state", "") }),
		"unknown state":   forge(func(v url.Values) { v.Set("state", strings.Repeat("A", 43)) }),
		"shorter state":   forge(func(v url.Values) { v.Set("state", v.Get("state")[:42]) }),
		"longer state":    forge(func(v url.Values) { v.Set("state", v.Get("state")+"A") }),
		"duplicate state": forge(func(v url.Values) { v.Add("state", v.Get("state")) }),
		"another twice":   forge(func(v url.Values) { v["session_state"] = []string{"1", "2"} }),
		"duplicate code":  forge(func(v url.Values) { v.Add("code", "other") }),
		"no code":         forge(func(v url.Values) { v.Del("code") }),
		"code and error":  forge(func(v url.Values) { v.Set("error", "access_denied") }),
		"very long":       forge(func(v url.Values) { v.Set("code", strings.Repeat("c", 20<<10)) }),
		"another browser": func(_ *testing.T, w *world, _ *browser, a fakeidp.AuthResponse) reply { return w.browser().callback(a) },
		"another browser in a sign-in of its own": func(_ *testing.T, w *world, _ *browser, a fakeidp.AuthResponse) reply {
			other := w.browser()
			other.begin("/login")
			return other.callback(a)
		},
		"expired": func(_ *testing.T, w *world, b *browser, a fakeidp.AuthResponse) reply {
			w.clock.Advance(domain.PendingLifetime + time.Second)
			return b.callback(a)
		},
	}
	for name, deliver := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			b := w.browser()
			r := deliver(t, w, b, b.approve(b.begin("/login"), fakeidp.UserMember))
			assert.GreaterOrEqual(t, r.StatusCode, 400)
			assert.Less(t, r.StatusCode, 500)
			assert.Zero(t, w.idp.Requests(fakeidp.EndpointToken))
			assert.False(t, b.signedIn())
			b.mustSignIn(fakeidp.UserMember)
		})
	}
}

// A state is spent by its first use, also if that fails, and also for a copy of the
// cookie.
func TestStateIsSpentByItsFirstUse(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Times: 1, Status: http.StatusInternalServerError})
	answer := b.approve(b.begin("/login"), fakeidp.UserMember)
	thief := b.copy()
	assert.Equal(t, http.StatusServiceUnavailable, b.callback(answer).StatusCode)
	assert.Equal(t, 1, w.idp.Requests(fakeidp.EndpointToken), "a code is never posted twice")
	assert.Equal(t, http.StatusBadRequest, b.callback(answer).StatusCode)
	assert.Equal(t, http.StatusServiceUnavailable, thief.callback(answer).StatusCode, "a copy of the cookie gets the same error")
	assert.Equal(t, 1, w.idp.Requests(fakeidp.EndpointToken))
	assert.False(t, thief.signedIn())
}

func TestRepeatedCallbackOfASignedInBrowserGoesOnQuietly(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	answer := b.approve(b.begin("/login"), fakeidp.UserMember)
	require.Equal(t, http.StatusSeeOther, b.callback(answer).StatusCode)
	again := b.callback(answer)
	assert.Equal(t, http.StatusSeeOther, again.StatusCode)
	assert.Equal(t, "/", again.Header.Get("Location"))
	assert.Equal(t, 1, w.idp.Requests(fakeidp.EndpointToken))
	assert.True(t, b.signedIn())
}

// Invariant 5: a new session at every sign-in.
func TestEverySignInStartsANewSession(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	planted := &http.Cookie{Name: "webapp_session", Value: strings.Repeat("A", 43), Path: "/"}
	u, err := url.Parse(w.url)
	require.NoError(t, err)
	b.jar.SetCookies(u, []*http.Cookie{planted})
	b.mustSignIn(fakeidp.UserMember)
	first := sessionCookie(t, b)
	assert.NotEqual(t, planted.Value, first, "a token that a browser brings along is never adopted")
	old := b.copy()
	b.mustSignIn(fakeidp.UserAdmin)
	assert.NotEqual(t, first, sessionCookie(t, b))
	assert.False(t, old.signedIn(), "the old session is dead")
	assert.False(t, w.kept.contains(first), "the store holds only the token's hash")
	assert.False(t, w.kept.contains(fakeidp.UserMember), "stored values are sealed")
}

func sessionCookie(t *testing.T, b *browser) string {
	t.Helper()
	for _, c := range b.cookies() {
		if strings.HasSuffix(c.Name, "webapp_session") {
			assert.Less(t, len(c.Value), 64, "the cookie is always small")
			return c.Value
		}
	}
	require.Fail(t, "no session cookie")
	return ""
}

func TestSessionEndsAtItsLimits(t *testing.T) {
	t.Run("idle", func(t *testing.T) {
		w := newWorld(t, map[string]string{"SESSION_IDLE_TIMEOUT": "30m", "SESSION_LIFETIME": "2h"})
		b := w.browser()
		b.mustSignIn(fakeidp.UserMember)
		w.clock.Advance(29 * time.Minute)
		assert.True(t, b.signedIn())
		w.clock.Advance(29 * time.Minute)
		assert.True(t, b.signedIn(), "use keeps it alive")
		w.clock.Advance(33 * time.Minute)
		assert.False(t, b.signedIn())
	})
	t.Run("lifetime", func(t *testing.T) {
		w := newWorld(t, map[string]string{"SESSION_IDLE_TIMEOUT": "30m", "SESSION_LIFETIME": "1h"})
		b := w.browser()
		b.mustSignIn(fakeidp.UserMember)
		for range 5 {
			w.clock.Advance(11 * time.Minute)
			assert.True(t, b.signedIn())
		}
		w.clock.Advance(6 * time.Minute)
		assert.False(t, b.signedIn())
	})
}

func TestAnOrdinaryPageReadsOnceAndWritesNothing(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	w.store.Calls()
	require.Equal(t, http.StatusOK, b.get("/logout").StatusCode)
	calls := w.store.Calls()
	assert.Equal(t, 1, reads(calls))
	assert.Zero(t, writes(calls))
}
