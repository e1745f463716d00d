package main

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

var consentLink = regexp.MustCompile(`href="([^"]+/v2\.0/adminconsent\?[^"]+)"`)

// linkOn returns the admin consent link of a page, or "". The page also shows the link
// as text to copy.
func linkOn(t *testing.T, page reply) string {
	t.Helper()
	found := consentLink.FindStringSubmatch(page.body)
	if found == nil {
		assert.NotContains(t, page.body, "adminconsent?")
		return ""
	}
	assert.Contains(t, page.body, ">"+found[1]+"</pre>")
	return html.UnescapeString(found[1])
}

// wantedLink is the link for a tenant with the usual configuration.
func (w *world) wantedLink(tenant string) string {
	return w.idp.BaseURL() + "/" + tenant + "/v2.0/adminconsent?" + url.Values{
		"client_id": {fakeidp.DefaultClientID}, "redirect_uri": {w.url + "/getAToken"}, "scope": {"openid profile offline_access User.Read"},
	}.Encode()
}

// An error that needs an administrator's consent has a link for the administrator.
// Other errors have none.
func TestTheAdminConsentLink(t *testing.T) {
	for number, linked := range map[int]bool{90094: true, 90095: true, 65001: true, 65004: false, 50105: false, 7000215: false} {
		for _, endpoint := range []fakeidp.Endpoint{fakeidp.EndpointAuthorize, fakeidp.EndpointToken} {
			w := newWorld(t, nil)
			w.idp.Fail(endpoint, fakeidp.Fault{Error: &fakeidp.Error{Number: number}})
			want := ""
			if linked {
				want = w.wantedLink(fakeidp.ContosoTenantID)
			}
			r := w.browser().signIn(fakeidp.UserMember)
			require.Equal(t, http.StatusForbidden, r.StatusCode)
			assert.Equal(t, want, linkOn(t, r), "AADSTS%d from %s", number, endpoint)
			assert.NotContains(t, w.logs.String(), "adminconsent?")
		}
	}
}

func TestTheAdminConsentLinkNamesTheTenant(t *testing.T) {
	for authority, want := range map[string]string{"contoso.example": "contoso.example", "common": "organizations", "organizations": "organizations"} {
		env := map[string]string{"AUTHORITY": authority}
		if authority != "contoso.example" {
			env["ALLOWED_TENANTS"] = "*"
		}
		w := newWorld(t, env)
		w.idp.Fail(fakeidp.EndpointAuthorize, fakeidp.Fault{Times: 1, Error: &fakeidp.Error{Number: 90094}})
		b := w.browser()
		assert.Equal(t, w.wantedLink(want), linkOn(t, b.signIn(fakeidp.UserAdmin)), authority)
		if authority != "common" {
			continue
		}
		b.mustSignIn(fakeidp.UserAdmin)
		w.idp.Fail(fakeidp.EndpointAuthorize, fakeidp.Fault{Times: 1, Error: &fakeidp.Error{Number: 90094}})
		assert.Equal(t, w.wantedLink(fakeidp.ContosoTenantID), linkOn(t, b.signIn(fakeidp.UserAdmin)), "somebody is signed in")
	}
}

// A callback that belongs to no sign-in of this browser gets no link, because anybody can
// send one.
func TestAForgedErrorHasNoAdminConsentLink(t *testing.T) {
	w := newWorld(t, nil)
	for _, query := range []string{
		"state=unknown&error=consent_required", "error=consent_required", "admin_consent=True&error=access_denied",
	} {
		for _, number := range []string{"90094", "65001"} {
			r := w.browser().get("/getAToken?" + query + "&error_description=AADSTS" + number + "%3A+x")
			assert.GreaterOrEqual(t, r.StatusCode, http.StatusBadRequest)
			assert.Empty(t, linkOn(t, r), query)
		}
	}
}

// The refresh of a token can fail because consent is missing. A program then gets the
// link in its problem document.
func TestTheAdminConsentLinkOfAnAPICall(t *testing.T) {
	w := newWorld(t, longLived())
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Error: &fakeidp.Error{Number: 65001, Code: "invalid_grant", Suberror: "consent_required"}})
	r := b.callAfterRefresh("Accept", "application/json")
	var problem struct {
		AADSTS          int
		AdminConsentURL string `json:"adminConsentUrl"`
	}
	require.NoError(t, json.Unmarshal([]byte(r.body), &problem), r.body)
	assert.Equal(t, 65001, problem.AADSTS)
	assert.Equal(t, w.wantedLink(fakeidp.ContosoTenantID), problem.AdminConsentURL)

	w.idp.Heal()
	w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Error: &fakeidp.Error{Number: 50076, Code: "invalid_grant"}})
	assert.NotContains(t, b.callAfterRefresh("Accept", "application/json").body, "adminConsentUrl")
}

// An administrator opens the person's link and approves. Then the person can sign in.
func TestAnAdministratorApprovesByTheLink(t *testing.T) {
	for _, mode := range []string{"query", "form_post"} {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t, map[string]string{"RESPONSE_MODE": mode})
			client := fakeidp.DefaultClient()
			client.NeedsAdminConsent = []string{"User.Read"}
			client.RedirectURIs = append(client.RedirectURIs, w.url+"/getAToken")
			w.idp.AddClient(client)
			person := w.browser()
			link := linkOn(t, person.signIn(fakeidp.UserMember))
			require.NotEmpty(t, link)

			administrator := w.browser()
			press := func(button, value string) reply {
				require.Equal(t, http.StatusOK, administrator.get(link).StatusCode)
				r := administrator.do(http.MethodPost, link, url.Values{button: {value}})
				require.Equal(t, http.StatusSeeOther, r.StatusCode)
				require.True(t, strings.HasPrefix(r.Header.Get("Location"), w.url+"/getAToken?"))
				return administrator.get(r.Header.Get("Location"))
			}
			assert.Contains(t, press("cancel", "1").body, "<h1>Consent was not given</h1>")
			assert.NotEmpty(t, linkOn(t, person.signIn(fakeidp.UserMember)))
			given := press("account", fakeidp.UserAdmin)
			assert.Equal(t, http.StatusOK, given.StatusCode)
			assert.Contains(t, given.body, "<h1>Consent was given</h1>")
			assert.False(t, administrator.signedIn())
			person.mustSignIn(fakeidp.UserMember)
			assert.Equal(t, http.StatusOK, person.get("/call_api").StatusCode)
		})
	}
}

func TestOtherProvidersHaveNoAdminConsentLink(t *testing.T) {
	w := newWorld(t, map[string]string{"OIDC_AUTHORITY": fakeidp.ContosoTenantID})
	w.idp.Fail(fakeidp.EndpointAuthorize, fakeidp.Fault{Error: &fakeidp.Error{Number: 90094}})
	r := w.browser().signIn(fakeidp.UserMember)
	require.Equal(t, http.StatusForbidden, r.StatusCode)
	assert.Empty(t, linkOn(t, r))
}
