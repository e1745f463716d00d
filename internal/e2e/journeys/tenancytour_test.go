//go:build integration

package journeys

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/browsertest"
)

var desktop = browsertest.Screen{Width: 1280, Height: 800}

// The pages that depend on the person and on the provider are accessible, light and
// dark, and fit every screen, in English and in German, which has the longest words.
func TestPagesOfATenancy(t *testing.T) {
	y := startTenancy(t, arrangement{})
	tour{y.app, shared.browser.Visitor(t).Tab()}.walk(t, tenancyPages(t, y), lookFromAllSides)

	loops := startTenancy(t, arrangement{env: map[string]string{"ENDPOINT": insatiable(t)}})
	tour{loops.app, shared.browser.Visitor(t).Tab()}.walk(t, []stop{
		{"loop", "Signing in again did not help", http.StatusForbidden, as(member, "/call_api")},
	}, lookFromAllSides)
}

// lookFromAllSides checks the page in English and then in German.
func lookFromAllSides(t *testing.T, tab *browsertest.Tab) {
	t.Helper()
	lookInEnglish(t, tab)
	tab.Resize(browsertest.Phone)
	tab.Speak("de")
	tab.Reload()
	require.Equal(t, "de", tab.Language())
	assert.Empty(t, shared.axe.Violations(tab), "in German, on a phone")
	assert.Zero(t, tab.Overflow(), "pixels that it is too wide in German")
	tab.Speak("en")
	tab.Resize(desktop)
}

// lookInEnglish checks the page with both colour schemes and all screens, without
// loading it again.
func lookInEnglish(t *testing.T, tab *browsertest.Tab) {
	t.Helper()
	for _, scheme := range []browsertest.Scheme{browsertest.Light, browsertest.Dark} {
		tab.Prefer(scheme)
		assert.Empty(t, shared.axe.Violations(tab), scheme)
	}
	for name, screen := range map[string]browsertest.Screen{"phone": browsertest.Phone, "zoomed": browsertest.Zoomed} {
		tab.Resize(screen)
		assert.Zero(t, tab.Overflow(), "pixels that it is too wide: %s", name)
	}
	tab.Resize(desktop)
}

// as signs account in, in place of the signed-in person, and opens path.
func as(account, path string) func(tour) int {
	return func(tr tour) int {
		tr.tab.Open(tr.app.URL + "/login")
		tr.tab.Follow("button", account)
		return tr.tab.Open(tr.app.URL + path)
	}
}

// after runs a step first.
func after(first func(), walk func(tour) int) func(tour) int {
	return func(tr tour) int {
		first()
		return walk(tr)
	}
}

func tenancyPages(t *testing.T, y tenancy) []stop {
	fail := func(at fakeidp.Endpoint, status int) func() {
		return func() {
			y.idp.Heal()
			y.idp.Fail(at, fakeidp.Fault{Status: status, Body: `{"error":{"code":"InvalidAuthenticationToken","message":"Made up."}}`})
		}
	}
	elsewhere := func() {
		y.signedInWith(t, member, firefoxOnWindows)
		y.signedInWith(t, member, safariOnPhone)
	}
	emptyGroups := func() {
		y.idp.Mutate(func(d *fakeidp.TokenDraft) { d.Claims["groups"] = []string{} })
	}
	slowClock := func() {
		y.idp.Mutate(func(d *fakeidp.TokenDraft) { d.Claims["auth_time"] = time.Now().Add(-7 * time.Minute).Unix() })
	}
	return []stop{
		{"one session", "Your sessions", http.StatusOK, as(member, "/sessions")},
		{"three sessions", "Your sessions", http.StatusOK, after(elsewhere, open("/sessions"))},
		{"role missing", "You do not have access to this page", http.StatusForbidden, open("/admin")},
		{"few groups", "Your groups", http.StatusOK, open("/groups")},
		{"token refused by the API", "API response", http.StatusOK, after(fail(fakeidp.EndpointMe, http.StatusUnauthorized), open("/call_api"))},
		{"refused by the API", "API response", http.StatusOK, after(fail(fakeidp.EndpointMe, http.StatusForbidden), open("/call_api"))},
		{"directory down", "Your groups cannot be read at the moment", http.StatusServiceUnavailable,
			after(fail(fakeidp.EndpointMemberGroups, http.StatusServiceUnavailable), as(manyGroups, "/groups"))},
		{"no groups", "Your groups", http.StatusOK, after(emptyGroups, as(guest, "/groups"))},
		{"groups unknown", "Your groups", http.StatusOK, after(func() { y.idp.Mutate(nil) }, as(guest, "/groups"))},
		{"recent sign-in", "Recent sign-in", http.StatusOK, open("/fresh")},
		{"sign-in not recent", "Your sign-in is not recent enough", http.StatusForbidden, func(tr tour) int {
			slowClock()
			as(member, "/fresh")(tr) // the second round, at the provider
			return tr.tab.Follow("button", member)
		}},
		{"administration", "Administration", http.StatusOK, as(admin, "/admin")},
	}
}
