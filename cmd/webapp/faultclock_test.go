package main

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/fakeidp/clientauth"
)

// jump advances the program's clock by d, but not the provider's.
func (w *world) jump(d time.Duration) {
	w.wrongBy.Add(int64(d))
	w.clock.Advance(d)
}

const tenMinutes = 10 * time.Minute

// If the clock is wrong by ten minutes, a person who signs in gets a page that the
// sign-in could not be verified, with a hint for the administrator. Nobody else
// notices, and sign-ins work when the clock is right again.
func TestAClockOffByTenMinutes(t *testing.T) {
	for name, c := range map[string]struct {
		off    time.Duration
		change func(d *fakeidp.TokenDraft)
		log    string
	}{
		"behind": {-tenMinutes, nil, "it was issued in the future"},
		"behind, a token with a start": {-tenMinutes, func(d *fakeidp.TokenDraft) {
			d.Claims["iat"] = d.Claims["iat"].(int64) - 600
		}, "it is not valid yet"},
		"ahead, a token of five minutes": {tenMinutes, func(d *fakeidp.TokenDraft) {
			d.Claims["exp"] = d.Claims["iat"].(int64) + 300
		}, "it has expired"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			friend, b := w.browser(), w.browser()
			friend.mustSignIn(fakeidp.UserAdmin)
			w.idp.Mutate(c.change)
			w.jump(c.off)
			r := b.signIn(fakeidp.UserMember)
			assert.Equal(t, http.StatusForbidden, r.StatusCode, r.body)
			assert.Contains(t, r.body, "The sign-in could not be verified")
			assert.Contains(t, r.body, "the clock of this server is probably wrong")
			assert.Contains(t, r.body, `href="/login`, "a way on")
			assert.Contains(t, w.logs.String(), c.log, "the log names the check")
			w.checkOthers(friend)
			assert.Contains(t, friend.get("/call_api").body, "userPrincipalName")
			w.jump(-c.off)
			b.mustSignIn(fakeidp.UserMember)
			assert.True(t, friend.signedIn())
		})
	}
}

// If tokens last an hour, as Entra's do, a clock that is ahead has no effect.
func TestAClockAheadDoesNotMatterToLongTokens(t *testing.T) {
	w := newWorld(t, nil)
	w.jump(tenMinutes)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	assert.Contains(t, b.get("/call_api").body, "userPrincipalName")
	w.jump(-tenMinutes)
	assert.True(t, b.signedIn())
}

// While the clock jumps forwards and backwards, everybody stays signed in, opens pages,
// refreshes tokens and can sign out.
func TestAJumpingClockSignsNobodyOut(t *testing.T) {
	w := newWorld(t, nil)
	b, leaver := w.browser(), w.browser()
	b.mustSignIn(fakeidp.UserMember)
	leaver.mustSignIn(fakeidp.UserAdmin)
	for range 12 {
		for _, d := range []time.Duration{tenMinutes, -tenMinutes, -tenMinutes, tenMinutes} {
			w.jump(d)
			require.True(t, b.signedIn())
			require.True(t, leaver.signedIn())
			require.Equal(t, http.StatusOK, b.get("/sessions").StatusCode)
			require.Contains(t, b.get("/call_api").body, "userPrincipalName")
			require.Equal(t, http.StatusOK, b.get("/readyz").StatusCode)
		}
		w.clock.Advance(45 * time.Minute)
	}
	w.jump(-tenMinutes)
	assert.Equal(t, http.StatusSeeOther, leaver.do(http.MethodPost, "/logout", url.Values{}).StatusCode)
	w.jump(tenMinutes)
	assert.False(t, leaver.signedIn(), "signed out means signed out, whatever the clock says")
	w.clock.Advance(11 * time.Hour)
	assert.False(t, b.signedIn(), "and the limits hold")
}

// The clock is set during a sign-in. Forwards, the sign-in completes. Backwards, it may
// fail, and a new one works at once.
func TestAClockSetDuringASignIn(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	back := toCallback(b)
	w.jump(tenMinutes)
	assert.Equal(t, "/call_api", back().Header.Get("Location"))
	assert.True(t, b.signedIn())
	late := w.browser()
	back = toCallback(late)
	w.jump(-tenMinutes)
	r := back()
	assert.Equal(t, http.StatusBadRequest, r.StatusCode)
	assert.Contains(t, r.body, `href="/login?return_to=%2Fcall_api"`, "a way on")
	late.mustSignIn(fakeidp.UserMember)
}

// A failure of the provider is not remembered longer if the clock is set back in the
// meantime.
func TestAFailureIsNotRememberedLongerByAClockSetBack(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	w.jump(tenMinutes)
	w.idp.Down()
	assert.Equal(t, http.StatusServiceUnavailable, b.get("/login").StatusCode)
	w.jump(-tenMinutes)
	w.idp.Up()
	b.mustSignIn(fakeidp.UserMember)
}

// The provider refuses client assertions with wrong times, and the page tells the
// administrator to check the clock.
func TestAClockOffByTenMinutesUnderACertificate(t *testing.T) {
	cert, certAndKey := certificate(t)
	for name, off := range map[string]time.Duration{"ahead": tenMinutes, "behind": -tenMinutes} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, map[string]string{"CLIENT_SECRET": "", "CLIENT_CERTIFICATE_FILE": inFile(t, certAndKey)})
			client := fakeidp.DefaultClient()
			client.Secrets, client.Authenticator = nil, clientauth.NewCertificates(cert)
			w.idp.AddClient(client)
			b := w.browser()
			w.jump(off)
			r := b.signIn(fakeidp.UserMember)
			assert.Equal(t, http.StatusForbidden, r.StatusCode, r.body)
			assert.Contains(t, r.body, "AADSTS700024")
			assert.Contains(t, r.body, "clock is right")
			assert.Contains(t, w.logs.String(), "700024")
			w.jump(-off)
			b.mustSignIn(fakeidp.UserMember)
		})
	}
}
