package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"webapp/internal/adapters/fakeidp"
)

// What is known of the provider outlives the endpoints that told it: with
// discovery and keys broken in any way, people go on signing in.
func TestWhatIsKnownOutlivesItsSource(t *testing.T) {
	for _, k := range faultKinds() {
		if k.endless || k.fault == nil {
			continue // is as the others, but takes its time; without a token endpoint nobody signs in
		}
		t.Run(k.name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.browser().mustSignIn(fakeidp.UserMember)
			for _, endpoint := range []fakeidp.Endpoint{fakeidp.EndpointMetadata, fakeidp.EndpointKeys} {
				w.idp.Fail(endpoint, k.fault(w, "http://127.0.0.1:1/"))
			}
			for _, later := range []time.Duration{2 * time.Hour, 23 * time.Hour, 24 * time.Hour} {
				w.clock.advance(later)
				w.browser().mustSignIn(fakeidp.UserMember)
			}
		})
	}
}

// A provider that has new keys and does not tell them: the sign-in fails, and
// the next one after at most ten seconds of health does not.
func TestNewKeysThatCannotBeFetched(t *testing.T) {
	for _, k := range faultKinds() {
		if k.name != "500" && k.name != "half of a JSON" {
			continue // two ways to have none; making keys takes long
		}
		t.Run(k.name, func(t *testing.T) {
			w := newWorld(t, nil)
			friend, b := w.browser(), w.browser()
			friend.mustSignIn(fakeidp.UserAdmin)
			w.idp.RotateKeys(fakeidp.DropOldKeys)
			w.idp.Fail(fakeidp.EndpointKeys, k.fault(w, "http://127.0.0.1:1/"))
			for range 3 {
				r := b.signIn(fakeidp.UserMember)
				assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode, r.body)
				assert.Contains(t, r.body, "The sign-in service cannot be reached")
			}
			assert.LessOrEqual(t, w.idp.Requests(fakeidp.EndpointKeys), 3, "a crowd of sign-ins is no crowd of calls")
			w.checkOthers(friend)
			w.idp.Heal()
			w.clock.advance(healLimit)
			b.mustSignIn(fakeidp.UserMember)
		})
	}
}

// A renewal ahead of time that cannot be had costs nothing: the token that is
// there still holds.
func TestAFailedRenewalIsNotNoticedWhileTheTokenHolds(t *testing.T) {
	for _, k := range faultKinds() {
		if k.endless || k.fault == nil {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			t.Parallel() // the repetition comes after a second
			w := newWorld(t, nil)
			b := w.browser()
			b.mustSignIn(fakeidp.UserMember)
			w.clock.advance(57 * time.Minute)
			w.idp.Fail(fakeidp.EndpointToken, k.fault(w, "http://127.0.0.1:1/"))
			r := b.get("/call_api")
			assert.Equal(t, http.StatusOK, r.StatusCode, r.body)
			assert.Contains(t, r.body, "userPrincipalName")
		})
	}
}
