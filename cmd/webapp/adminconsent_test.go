package main

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"

	"webapp/internal/adapters/fakeidp"
)

// Entra sends an administrator who has consented for everybody to the redirect
// URI, with neither state nor code.
const consentGiven = "/getAToken?admin_consent=True&tenant=" + fakeidp.ContosoTenantID + "&scope=User.Read"

const consentRefused = "/getAToken?admin_consent=True&error=access_denied&error_description=AADSTS65004%3A+User+declined+to+consent.%0D%0A" +
	"Trace+ID%3A+0e5f2a3b-1c4d-4e6f-8a9b-0c1d2e3f4a5b%0D%0ACorrelation+ID%3A+1f6a3b4c-2d5e-4f70-9bac-1d2e3f4a5b6c%0D%0ATimestamp%3A+2026-11-29+10%3A00%3A00Z"

func TestTheRedirectAfterAdminConsentHasAPage(t *testing.T) {
	for _, mode := range []string{"query", "form_post"} {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t, map[string]string{"RESPONSE_MODE": mode})
			b := w.browser()
			r := b.get(consentGiven, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document")
			assert.Equal(t, http.StatusOK, r.StatusCode)
			assert.Contains(t, r.body, "<h1>Consent was given</h1>")
			assert.Contains(t, r.body, `href="/login"`)
			assert.Empty(t, r.Cookies())
			assert.False(t, b.signedIn(), "it signs nobody in")
			assert.Equal(t, http.StatusOK, b.do(http.MethodHead, consentGiven, nil).StatusCode)

			r = b.get(consentRefused)
			assert.Equal(t, http.StatusForbidden, r.StatusCode)
			for _, part := range []string{"<h1>Consent was not given</h1>", "AADSTS65004", "1f6a3b4c-2d5e-4f70-9bac-1d2e3f4a5b6c"} {
				assert.Contains(t, r.body, part)
			}
			assert.NotContains(t, r.body, "User declined", "only texts of ours")
			assert.Contains(t, r.body, "access_denied")
			r = b.get("/getAToken?admin_consent=True&error=call-1.800.555.0199")
			assert.Contains(t, r.body, "<h1>Consent was not given</h1>")
			assert.NotContains(t, r.body, "call-1", "a link puts no words on the page")
			assert.NotContains(t, w.logs.String(), "call-1")
			assert.False(t, b.signedIn())
			assert.Zero(t, w.idp.Requests(fakeidp.EndpointToken))

			b.mustSignIn(fakeidp.UserAdmin)
			r = b.get(consentGiven)
			assert.Contains(t, r.body, "<h1>Consent was given</h1>")
			assert.Contains(t, r.body, `action="/logout"`, "the page of somebody who is signed in")
			assert.NotContains(t, r.body, `href="/login"`)
			w.store.SetDown(true)
			assert.Equal(t, http.StatusServiceUnavailable, b.get(consentGiven).StatusCode, "never the anonymous page while the store is down")
			w.store.SetDown(false)
			assert.True(t, b.signedIn())
		})
	}
}

// Whatever has a state or a code answers a sign-in, and any other value of
// admin_consent says nothing.
func TestOnlyTheRedirectAfterAdminConsentIsOne(t *testing.T) {
	for mode, status := range map[string]int{"query": http.StatusBadRequest, "form_post": http.StatusMethodNotAllowed} {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t, map[string]string{"RESPONSE_MODE": mode})
			for _, query := range []string{"", "?admin_consent=False", "?admin_consent=", "?admin_consent=True&state=s", "?admin_consent=True&code=c",
				"?admin_consent=True&admin_consent=True", "?code=c&state=s", "?%zz"} {
				r := w.browser().get("/getAToken" + query)
				assert.Equal(t, status, r.StatusCode, query)
				if status == http.StatusMethodNotAllowed {
					assert.Equal(t, "POST", r.Header.Get("Allow"))
				}
			}
			r := w.browser().do(http.MethodPost, "/getAToken", url.Values{"code": {"c"}, "state": {"s"}})
			want := map[string]int{"query": http.StatusMethodNotAllowed, "form_post": http.StatusBadRequest}
			assert.Equal(t, want[mode], r.StatusCode)
		})
	}
}
