package main

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/domain"
)

// If a token has too many groups, the directory is asked, page by page. While the
// directory is down, pages that need the groups are closed, and they work again
// afterwards.
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
	w.clock.Advance(20 * time.Minute)
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

// consentGiven is the redirect after an administrator has consented for the whole
// organization. It has neither state nor code.
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
			main, _, _ := strings.Cut(r.body, "</main>")
			assert.NotContains(t, main, `href="/login"`)
			w.store.SetDown(true)
			assert.Equal(t, http.StatusServiceUnavailable, b.get(consentGiven).StatusCode, "never the anonymous page while the store is down")
			w.store.SetDown(false)
			assert.True(t, b.signedIn())
		})
	}
}

// A callback with a state or a code belongs to a sign-in. Other values of admin_consent
// have no meaning.
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

// A handler in mounts gets the requests for its path and below, with the session, and
// none from another origin.
func TestAWayInIsReached(t *testing.T) {
	w := newWorld(t, nil)
	w.more.mounts = map[string]mount{"/api": func(d *domain.Service) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			session, err := d.CurrentUser(r.Context())
			if errors.Is(err, domain.ErrNotSignedIn) {
				http.Error(rw, "nobody at "+r.URL.Path, http.StatusUnauthorized)
				return
			}
			_, _ = io.WriteString(rw, session.User.Name+" at "+r.URL.Path)
		})
	}}
	w.restart()
	b := w.browser()
	for _, path := range []string{"/api", "/api/people/me"} {
		r := b.get(path)
		assert.Equal(t, http.StatusUnauthorized, r.StatusCode)
		assert.Equal(t, "nobody at "+path+"\n", r.body)
	}
	assert.Empty(t, b.cookies(), "a visitor gets no cookie there either")
	b.mustSignIn(fakeidp.UserAdmin)
	for _, path := range []string{"/api", "/api/people/me"} {
		r := b.get(path)
		assert.Equal(t, http.StatusOK, r.StatusCode)
		assert.Equal(t, "Megan Bowen at "+path, r.body)
		assert.Contains(t, r.Header.Get("Content-Security-Policy"), "default-src 'none'")
	}
	assert.Equal(t, http.StatusNotFound, b.get("/apis").StatusCode)
	r := b.do(http.MethodPost, "/api", url.Values{}, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	assert.Equal(t, http.StatusForbidden, r.StatusCode)
	assert.NotContains(t, r.body, "Megan")
}
