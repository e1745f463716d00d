package main

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports/portstest"
	"webapp/internal/test/apptest"
)

// errand is a request of a person, with all of its calls to the store.
type errand struct {
	name string
	// prepare brings b, and the same person's phone, to the request.
	prepare func(b, phone *browser) step
	// status is the status if nothing fails.
	status int
	// settle checks, when the store works again, that the change was made completely or
	// not at all, and that it can be made now. done reports whether the response had
	// the expected status.
	settle func(t *testing.T, b, phone *browser, ask step, done bool)
}

// errands lists all requests that write to the store, and the pages that read it.
func errands() []errand {
	page := func(path string) func(b, _ *browser) step {
		return func(b, _ *browser) step {
			apptest.NeedsPage(b.w.t, path)
			b.mustSignIn(fakeidp.UserMember)
			b.w.clock.Advance(10 * time.Minute) // the time of last use is written
			return func(...string) reply { return b.get(path) }
		}
	}
	return []errand{
		{"home", page("/"), http.StatusOK, settlePage},
		{"list of sessions", page("/sessions"), http.StatusOK, settlePage},
		{"question before a sign-out", page("/logout"), http.StatusOK, settlePage},
		{"API", page("/call_api"), http.StatusOK, settlePage},
		{"API with a renewal", func(b, _ *browser) step { return toRefresh(b) }, http.StatusOK, settleRenewal},
		{"sign-in", func(b, _ *browser) step { return toCallback(b) }, http.StatusSeeOther, settleSignIn},
		{"sign-in of a person who is", func(b, _ *browser) step {
			b.mustSignIn(fakeidp.UserMember)
			return toCallback(b)
		}, http.StatusSeeOther, settleSignIn},
		{"sign-out", toSignOut, http.StatusSeeOther, settleSignOut},
		{"end of the other sessions", toEndOthers, http.StatusSeeOther, settleEnd},
		{"front channel", toFrontChannel, http.StatusOK, settleEnd},
		{"back channel", toBackChannel, http.StatusOK, settleEnd},
	}
}

func settlePage(t *testing.T, b, _ *browser, ask step, _ bool) {
	assert.True(t, b.signedIn(), "nobody is signed out")
	assert.Equal(t, http.StatusOK, ask().StatusCode)
}

// settleRenewal accepts that the person is sent to the provider, because the old
// refresh token is spent and the new one was not stored. It also accepts the wait for a
// lease that was not released.
func settleRenewal(t *testing.T, b, _ *browser, ask step, _ bool) {
	assert.True(t, b.signedIn(), "nobody is signed out")
	b.w.clock.Advance(30 * time.Second)
	r := ask()
	if r.StatusCode == http.StatusSeeOther {
		r = b.callback(b.approve(r.Header.Get("Location"), fakeidp.UserMember))
		require.Equal(t, "/call_api", r.Header.Get("Location"), r.body)
		r = ask()
	}
	assert.Equal(t, http.StatusOK, r.StatusCode, r.body)
}

// settleSignIn requires one complete session or none, and that the code was posted
// once.
func settleSignIn(t *testing.T, b, _ *browser, ask step, done bool) {
	if done {
		assert.True(t, b.signedIn())
	} else if r := ask(); r.StatusCode != http.StatusSeeOther {
		assert.Contains(t, r.body, `href="/login`, "a way on")
		b.mustSignIn(fakeidp.UserMember)
	}
	own := b.get("/sessions")
	assert.Contains(t, own.body, "This browser")
	assert.Len(t, endValue.FindAllString(own.body, -1), 0, "no half of another session is left: %s", own.body)
}

func toSignOut(b, phone *browser) step {
	b.mustSignIn(fakeidp.UserMember)
	*phone = *b.copy() // somebody who has the cookie
	return func(...string) reply { return b.do(http.MethodPost, "/logout", url.Values{}) }
}

// settleSignOut requires that a person who saw the confirmation is signed out for good,
// and that the others can sign out now.
func settleSignOut(t *testing.T, b, phone *browser, ask step, done bool) {
	if !done {
		assert.Equal(t, http.StatusSeeOther, ask().StatusCode)
	}
	assert.False(t, phone.signedIn())
	assert.False(t, b.signedIn())
	b.mustSignIn(fakeidp.UserMember)
}

func toEndOthers(b, phone *browser) step {
	phone.mustSignIn(fakeidp.UserMember)
	b.mustSignIn(fakeidp.UserMember)
	return func(...string) reply { return b.do(http.MethodPost, "/sessions", url.Values{"end": {"others"}}) }
}

// toFrontChannel makes the provider end the phone's session in a frame.
func toFrontChannel(b, phone *browser) step {
	phone.mustSignIn(fakeidp.UserMember)
	sid, frame := claimOn(b.w.t, phone, "sid"), b.w.browser()
	return func(...string) reply { return frame.get("/frontchannel-logout?sid=" + url.QueryEscape(sid)) }
}

// toBackChannel makes the provider end it with a logout token, the same in every
// attempt.
func toBackChannel(b, phone *browser) step {
	w := b.w
	phone.mustSignIn(fakeidp.UserMember)
	now := w.clock.Now()
	token, err := w.idp.Sign(fakeidp.TokenDraft{Header: map[string]any{"typ": "logout+jwt"}, Claims: map[string]any{
		"iss": w.idp.Issuer(fakeidp.ContosoTenantID), "aud": fakeidp.DefaultClientID, "jti": now.String(),
		"iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(), "sid": claimOn(w.t, phone, "sid"),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}})
	require.NoError(w.t, err)
	server := w.browser()
	return func(...string) reply {
		return server.do(http.MethodPost, "/backchannel-logout", url.Values{"logout_token": {token}})
	}
}

// settleEnd requires that the phone's session has ended, at once or after the request
// is repeated.
func settleEnd(t *testing.T, _, phone *browser, ask step, done bool) {
	if !done {
		ask()
	}
	assert.False(t, phone.signedIn(), "signed out means signed out")
}

// For each request, each of its calls to the store fails in turn, before or after it
// takes effect. The change is made completely or not at all, nobody is signed out, and
// everything works afterwards.
func TestEachCallOfTheStoreFails(t *testing.T) {
	for _, e := range errands() {
		for kind, set := range map[string]func(*portstest.FaultyStore, func(portstest.StoreCall) error){
			"refused": (*portstest.FaultyStore).SetFault, "answer lost": (*portstest.FaultyStore).SetLostResponse,
		} {
			t.Run(e.name+"/"+kind, func(t *testing.T) {
				t.Parallel() // a callback waits for the first callback of its browser
				for n := 1; playErrand(t, e, n, set); n++ {
					assert.Less(t, n, 40, "calls of one request")
				}
			})
		}
	}
}

// playErrand makes the nth call fail. It returns false if there is no such call.
func playErrand(t *testing.T, e errand, n int, set func(*portstest.FaultyStore, func(portstest.StoreCall) error)) bool {
	w := newWorld(t, map[string]string{"SESSION_IDLE_TIMEOUT": "12h"})
	b, phone := w.browser(), w.browser()
	ask := e.prepare(b, phone)
	session := w.session(b)
	w.store.Calls()
	calls, failed := 0, portstest.StoreCall{}
	set(w.store, func(call portstest.StoreCall) error {
		if calls++; calls != n {
			return nil
		}
		failed = call
		return errCut
	})
	r := ask()
	set(w.store, nil)
	if failed.Method == "" {
		assert.Equal(t, e.status, r.StatusCode)
		return false
	}
	if r.StatusCode != e.status {
		assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode, "%d %s: %s", n, failed.Method, r.body)
		assert.NotEmpty(t, r.Header.Get("Retry-After"))
		assert.Equal(t, session, w.session(b), "the session's cookie stays")
	}
	e.settle(t, b, phone, ask, r.StatusCode == e.status)
	return !t.Failed()
}

// session returns the browser's session cookie.
func (w *world) session(b *browser) string {
	for _, c := range b.cookies() {
		if c.Name == "webapp_session" {
			return c.Value
		}
	}
	return ""
}
