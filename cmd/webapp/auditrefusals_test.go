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
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// signInRefusal is one way to refuse a sign-in.
type signInRefusal struct {
	env map[string]string
	// refuse makes the sign-in fail in b and returns the response.
	refuse func(b *browser) reply
	status int
	reason error // nil: none is
	// user and tenant are the expected fields of the event.
	user, tenant string
	number       int
}

// posted sends a form_post callback with this body.
func posted(kind, query, body string) func(b *browser) reply {
	return func(b *browser) reply {
		req, err := http.NewRequest(http.MethodPost, b.w.url+"/getAToken"+query, strings.NewReader(body))
		require.NoError(b.w.t, err)
		req.Header.Set("Content-Type", kind)
		res, err := b.client.Do(req)
		require.NoError(b.w.t, err)
		require.NoError(b.w.t, res.Body.Close())
		return reply{Response: res}
	}
}

func visits(path string) func(b *browser) reply {
	return func(b *browser) reply { return b.get(path) }
}

// storeFails sends a callback while the matching calls to the store fail.
func storeFails(fails func(portstest.StoreCall) bool) func(b *browser) reply {
	return func(b *browser) reply {
		back := toCallback(b)
		b.w.store.SetFault(func(call portstest.StoreCall) error {
			if fails(call) {
				return errCut
			}
			return nil
		})
		return back()
	}
}

// loops calls an API that asks for a new sign-in every time.
func loops(b *browser) (r reply) {
	b.mustSignIn(fakeidp.UserMember)
	b.w.idp.DemandClaims(`{"access_token":{"acrs":{"value":"never granted"}}}`)
	for range 3 {
		if r = b.get("/call_api"); r.StatusCode != http.StatusSeeOther {
			return r
		}
		location, err := url.Parse(r.Header.Get("Location"))
		require.NoError(b.w.t, err)
		q := location.Query()
		q.Del("claims")
		location.RawQuery = q.Encode()
		require.Equal(b.w.t, http.StatusSeeOther, b.callback(b.approve(location.String(), fakeidp.UserMember)).StatusCode)
	}
	return r
}

// refusals lists all ways to refuse a sign-in, and some sign-ins that only look like
// refusals.
func refusals() map[string]signInRefusal {
	formPost := map[string]string{"RESPONSE_MODE": "form_post"}
	malformed := func(path string, status int) signInRefusal {
		return signInRefusal{refuse: visits(path), status: status, reason: domain.ErrBadCallback}
	}
	malformedPost := func(kind, query, body string, status int) signInRefusal {
		return signInRefusal{env: formPost, refuse: posted(kind, query, body), status: status, reason: domain.ErrBadCallback}
	}
	member := keyOf(fakeidp.UserMember)
	return map[string]signInRefusal{
		"no state":               malformed("/getAToken?code=c", 400),
		"nothing":                malformed("/getAToken", 400),
		"neither code nor error": malformed("/getAToken?state=s", 400),
		"both":                   malformed("/getAToken?state=s&code=c&error=e", 400),
		"a parameter twice":      malformed("/getAToken?state=s&state=s&code=c", 400),
		"unreadable":             malformed("/getAToken?state=%zz", 400),
		"too long":               malformed("/getAToken?state=s&code="+strings.Repeat("c", 17<<10), 400),
		"longer than an address": malformed("/getAToken?state=s&code="+strings.Repeat("c", 29<<10), 414),
		"too many parameters":    malformed("/getAToken?state=s&code=c"+strings.Repeat("&x=y", 101), 400),
		"form without state":     malformedPost(plainForm, "", "code=c", 400),
		"form, parameter twice":  malformedPost(plainForm, "", "code=c&code=c&state=s", 400),
		"form, unreadable":       malformedPost(plainForm, "", "code=%zz", 400),
		"form, too large":        malformedPost(plainForm, "", "state=s&code="+strings.Repeat("c", 70<<10), 413),
		"form, too many fields":  malformedPost(plainForm, "", "state=s&code=c"+strings.Repeat("&x=y", 101), 400),
		"form, in the URL":       malformedPost(plainForm, "?state=s", "code=c", 400),
		"no form":                malformedPost("application/json", "", "{}", 415),

		"unknown state": {refuse: visits("/getAToken?state=made-up&code=c"), status: 400, reason: domain.ErrUnknownSignIn},
		"another browser's": {refuse: func(b *browser) reply {
			return b.w.browser().callback(b.approve(b.begin("/login"), fakeidp.UserMember))
		}, status: 400, reason: domain.ErrUnknownSignIn},
		"used before": {refuse: func(b *browser) reply {
			back := toCallback(b)
			back()
			logout(b, nil)
			return back()
		}, status: 400, reason: domain.ErrUnknownSignIn},
		"too late": {refuse: func(b *browser) reply {
			back := toCallback(b)
			b.w.clock.Advance(15*time.Minute + time.Second)
			return back()
		}, status: 400, reason: domain.ErrSignInExpired},
		"repeated by who is signed in": {refuse: func(b *browser) reply {
			back := toCallback(b)
			back()
			return back()
		}, status: 303},

		"declined": {refuse: func(b *browser) reply {
			answer, err := b.w.idp.Decline(b.begin("/login"))
			require.NoError(b.w.t, err)
			return b.callback(answer)
		}, status: 403, reason: domain.ErrDeclined},
		"refused by the provider": {refuse: func(b *browser) reply {
			return b.signIn(fakeidp.UserRefused)
		}, status: 403, reason: domain.ErrDeclined, number: 50105},
		"error of a stranger's": {refuse: func(b *browser) reply {
			location, err := url.Parse(b.begin("/login"))
			require.NoError(b.w.t, err)
			return b.get("/getAToken?error=invalid_request&state=" + url.QueryEscape(location.Query().Get("state")))
		}, status: 403, reason: domain.ErrProviderRefused},
		"a forged token": {refuse: func(b *browser) reply {
			b.w.idp.Mutate(func(d *fakeidp.TokenDraft) { d.Claims["nonce"] = "wrong" })
			return b.signIn(fakeidp.UserMember)
		}, status: 403, reason: domain.ErrTokenRefused},
		"another tenant": {env: map[string]string{"AUTHORITY": "organizations", "ALLOWED_TENANTS": fakeidp.FabrikamTenantID}, refuse: func(b *browser) reply {
			return b.signIn(fakeidp.UserMember)
		}, status: 403, reason: domain.ErrTenantNotAllowed, tenant: fakeidp.ContosoTenantID},
		"provider down at the start": {refuse: func(b *browser) reply {
			b.w.idp.Down()
			return b.get("/login")
		}, status: 503, reason: domain.ErrProviderUnavailable},
		"provider down at the end": {refuse: func(b *browser) reply {
			back := toCallback(b)
			b.w.idp.Down()
			return back()
		}, status: 503, reason: domain.ErrProviderUnavailable},
		"store down": {refuse: storeFails(func(portstest.StoreCall) bool { return true }), status: 503, reason: domain.ErrStoreUnavailable},
		"store fails for the session": {refuse: storeFails(func(call portstest.StoreCall) bool {
			return call.Method == "Create" && !strings.HasPrefix(call.Key, "spent.")
		}), status: 503, reason: domain.ErrStoreUnavailable, user: member, tenant: fakeidp.ContosoTenantID},
		"a loop": {refuse: loops, status: 403, reason: domain.ErrSignInLoop, user: member, tenant: fakeidp.ContosoTenantID},
		"too many": {refuse: func(b *browser) reply {
			b.w.exhaust()
			return b.get("/login")
		}, status: 429, reason: domain.ErrTooManySignIns},
	}
}

// Each refused sign-in is recorded as exactly one event with its reason, and with the
// person if the provider has verified who it is. The metrics count it.
func TestEachRefusalIsAuditedOnce(t *testing.T) {
	t.Parallel()
	for name, c := range refusals() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := audited(t, c.env)
			assert.Equal(t, c.status, c.refuse(w.browser()).StatusCode)
			events := w.since(0, ports.AuditSignInRefused)
			if c.reason == nil {
				assert.Empty(t, events)
				return
			}
			require.Len(t, events, 1)
			e := events[0]
			assert.Equal(t, c.reason.Error(), e["reason"])
			assert.EqualValues(t, 1, w.counter(fmt.Sprintf(`webapp_sign_ins_total{outcome="refused",reason=%q}`, c.reason.Error())))
			for _, known := range []struct{ name, want string }{{"user", c.user}, {"tenant", c.tenant}} {
				if known.want == "" {
					assert.NotContains(t, e, known.name)
				} else {
					assert.Equal(t, known.want, e[known.name])
				}
			}
			if c.number != 0 {
				assert.EqualValues(t, c.number, e["aadsts"])
			}
			assert.NotContains(t, fmt.Sprint(e), "@")
		})
	}
}

// The event of a step-up names the signed-in person. The event of another sign-in names
// nobody yet.
func TestBegunSignInsNameWhoIsSignedIn(t *testing.T) {
	w := audited(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	w.idp.DemandClaims(`{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`)
	require.Equal(t, http.StatusSeeOther, b.get("/call_api").StatusCode)
	started := w.since(0, ports.AuditSignInStarted)
	require.Len(t, started, 2)
	assert.NotContains(t, started[0], "user")
	assert.Equal(t, keyOf(fakeidp.UserMember), started[1]["user"])
	assert.Equal(t, fakeidp.ContosoTenantID, started[1]["tenant"])
}

// If the store does not keep the result of a refresh, the refresh is recorded as
// failed.
func TestARenewalThatIsNotKeptIsAudited(t *testing.T) {
	w := audited(t, map[string]string{"SESSION_IDLE_TIMEOUT": "12h"})
	b := w.browser()
	ask := toRefresh(b)
	w.store.SetFault(func(call portstest.StoreCall) error {
		if call.Method == "Replace" && strings.HasSuffix(call.Key, ".tokens") {
			return errCut
		}
		return nil
	})
	require.Equal(t, http.StatusServiceUnavailable, ask().StatusCode)
	failed := w.since(0, ports.AuditRefreshFailed)
	require.Len(t, failed, 1)
	assert.Equal(t, ports.ErrStoreUnavailable.Error(), failed[0]["reason"])
	assert.Equal(t, keyOf(fakeidp.UserMember), failed[0]["user"])
	assert.Empty(t, w.since(0, ports.AuditTokenRefreshed))
}
