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

// jump sets the program's clock by d; the provider's goes on as it was.
func (w *world) jump(d time.Duration) {
	w.wrongBy.Add(int64(d))
	w.clock.advance(d)
}

const tenMinutes = 10 * time.Minute

// A clock that is off by ten minutes: the person is told that the sign-in could
// not be verified, and an administrator where to look; nobody else notices, and
// it is over when the clock is right.
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

// With tokens of an hour, as Entra's are, a clock that is ahead is not noticed.
func TestAClockAheadDoesNotMatterToLongTokens(t *testing.T) {
	w := newWorld(t, nil)
	w.jump(tenMinutes)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	assert.Contains(t, b.get("/call_api").body, "userPrincipalName")
	w.jump(-tenMinutes)
	assert.True(t, b.signedIn())
}

// The clock jumps to and fro, and everybody stays signed in, opens pages, has
// tokens renewed and signs out.
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
		w.clock.advance(45 * time.Minute)
	}
	w.jump(-tenMinutes)
	assert.Equal(t, http.StatusSeeOther, leaver.do(http.MethodPost, "/logout", url.Values{}).StatusCode)
	w.jump(tenMinutes)
	assert.False(t, leaver.signedIn(), "signed out means signed out, whatever the clock says")
	w.clock.advance(11 * time.Hour)
	assert.False(t, b.signedIn(), "and the limits hold")
}

// A sign-in on the way when the clock is set: forwards it goes on, backwards it
// may have to be begun again, and that works at once.
func TestAClockSetDuringASignIn(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	back := leadToCallback(b)
	w.jump(tenMinutes)
	assert.Equal(t, "/call_api", back().Header.Get("Location"))
	assert.True(t, b.signedIn())
	late := w.browser()
	back = leadToCallback(late)
	w.jump(-tenMinutes)
	r := back()
	assert.Equal(t, http.StatusBadRequest, r.StatusCode)
	assert.Contains(t, r.body, `href="/login?return_to=%2Fcall_api"`, "a way on")
	late.mustSignIn(fakeidp.UserMember)
}

// What is remembered against a provider that was down is forgotten as soon
// when the clock is set back meanwhile.
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

// A certificate's assertions carry times for the provider to check: it refuses
// them, and the page tells the administrator about the clock.
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
