package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports/portstest"
	"webapp/internal/test/logtest"
	"webapp/internal/test/rsakeys"
)

const (
	signInFlow = "B2C_1_signupsignin1"
	editFlow   = "B2C_1_profileediting1"
	resetFlow  = "B2C_1_passwordreset1"
)

// newB2C returns a world with the user flows of Azure AD B2C.
func newB2C(t *testing.T, env map[string]string) *world {
	vars := map[string]string{
		"AUTHORITY":             "contoso.example/" + signInFlow,
		"EDITPROFILE_USER_FLOW": editFlow, "RESETPASSWORD_USER_FLOW": resetFlow,
	}
	for name, value := range env {
		vars[name] = value
	}
	return newWorld(t, vars)
}

// atFlow requires that the location is the authorization endpoint of a user flow.
func atFlow(t *testing.T, location, flow string) {
	t.Helper()
	assert.Contains(t, strings.ToLower(location), "/contoso.example/"+strings.ToLower(flow)+"/oauth2/v2.0/authorize")
}

func TestEditProfile(t *testing.T) {
	w := newB2C(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	require.Equal(t, http.StatusOK, b.get("/call_api").StatusCode)
	home := b.get("/")
	require.Contains(t, home.body, `href="/edit-profile">Edit profile</a>`)
	old := b.copy()

	location := b.begin("/edit-profile")
	atFlow(t, location, editFlow)
	answer, err := w.idp.EditProfile(location, fakeidp.UserMember, "Adele Newname")
	require.NoError(t, err)
	back := b.callback(answer)
	require.Equal(t, http.StatusSeeOther, back.StatusCode, back.body)
	assert.Equal(t, "/", back.Header.Get("Location"))
	home = b.get("/")
	assert.Contains(t, home.body, "Welcome Adele Newname!")
	assert.NotContains(t, home.body, "Adele Vance")
	assert.False(t, old.signedIn(), "a new session has begun")
	assert.Equal(t, http.StatusOK, b.get("/call_api").StatusCode, "the tokens of the sign-in stay")
}

func TestCancelledEditOfTheProfile(t *testing.T) {
	w := newB2C(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	answer, err := w.idp.Decline(b.begin("/edit-profile"))
	require.NoError(t, err)
	back := b.callback(answer)
	require.Equal(t, http.StatusSeeOther, back.StatusCode, back.body)
	assert.Equal(t, "/", back.Header.Get("Location"))
	assert.Contains(t, b.get("/").body, "Welcome Adele Vance!")

	anonymous := w.browser()
	answer, err = w.idp.Decline(anonymous.begin("/login?return_to=/sessions"))
	require.NoError(t, err)
	back = anonymous.callback(answer)
	require.Equal(t, http.StatusSeeOther, back.StatusCode, back.body)
	assert.Equal(t, "/sessions", back.Header.Get("Location"))
}

func TestForgottenPasswordLeadsToTheResetAndBack(t *testing.T) {
	w := newB2C(t, nil)
	b := w.browser()
	page := b.get("/sessions?x=1")
	require.Equal(t, http.StatusUnauthorized, page.StatusCode)
	answer, err := w.idp.ForgetPassword(b.begin("/login?return_to=" + url.QueryEscape("/sessions?x=1")))
	require.NoError(t, err)
	step := b.callback(answer)
	require.Equal(t, http.StatusSeeOther, step.StatusCode, step.body)
	require.Equal(t, "/login?flow=reset_password&return_to=%2Fsessions%3Fx%3D1", step.Header.Get("Location"))

	location := b.begin(step.Header.Get("Location"))
	atFlow(t, location, resetFlow)
	step = b.callback(b.approve(location, fakeidp.UserMember))
	require.Equal(t, http.StatusSeeOther, step.StatusCode, step.body)
	require.Equal(t, "/login?return_to=%2Fsessions%3Fx%3D1", step.Header.Get("Location"))
	assert.False(t, b.signedIn(), "a new password signs nobody in")
	assert.Empty(t, w.idp.Log(fakeidp.EndpointToken), "its code is not redeemed")

	location = b.begin(step.Header.Get("Location"))
	atFlow(t, location, signInFlow)
	step = b.callback(b.approve(location, fakeidp.UserMember))
	assert.Equal(t, "/sessions?x=1", step.Header.Get("Location"))
	assert.True(t, b.signedIn())
}

func TestCancelledResetComesBack(t *testing.T) {
	w := newB2C(t, nil)
	b := w.browser()
	answer, err := w.idp.Decline(b.begin("/login?flow=reset_password&return_to=/sessions"))
	require.NoError(t, err)
	back := b.callback(answer)
	require.Equal(t, http.StatusSeeOther, back.StatusCode, back.body)
	assert.Equal(t, "/sessions", back.Header.Get("Location"))
}

// Without a reset flow the page says what an administrator can do.
func TestForgottenPasswordWithoutAResetFlow(t *testing.T) {
	w := newB2C(t, map[string]string{"RESETPASSWORD_USER_FLOW": "", "EDITPROFILE_USER_FLOW": ""})
	b := w.browser()
	answer, err := w.idp.ForgetPassword(b.begin("/login"))
	require.NoError(t, err)
	page := b.callback(answer)
	assert.Equal(t, http.StatusForbidden, page.StatusCode)
	assert.Contains(t, page.body, "AADB2C90118")
	assert.Contains(t, page.body, "RESETPASSWORD_USER_FLOW")
	atFlow(t, b.begin("/login?flow=reset_password"), signInFlow)
	assert.Equal(t, http.StatusNotFound, b.get("/edit-profile").StatusCode)
	b.mustSignIn(fakeidp.UserMember)
	assert.NotContains(t, b.get("/").body, "edit-profile")
	assert.Equal(t, http.StatusNotFound, b.get("/edit-profile").StatusCode)
}

// The edit flow can ask for less than the sign-in, such as no second factor. It must not
// be a way around the sign-in.
func TestEditFlowSignsNobodyIn(t *testing.T) {
	w := newB2C(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	back := b.callback(b.approve(b.begin("/edit-profile"), fakeidp.UserAdmin))
	require.Equal(t, http.StatusSeeOther, back.StatusCode, back.body)
	require.Equal(t, "/login", back.Header.Get("Location"))
	assert.Contains(t, b.get("/").body, "Welcome Adele Vance!")
	location := b.begin("/login")
	atFlow(t, location, signInFlow)
	b.callback(b.approve(location, fakeidp.UserAdmin))
	assert.Contains(t, b.get("/").body, "Welcome Megan Bowen!", "the sign-in flow makes it that person's session")

	signedOut := w.browser()
	signedOut.mustSignIn(fakeidp.UserMember)
	location = signedOut.begin("/edit-profile")
	require.Equal(t, http.StatusSeeOther, signedOut.do(http.MethodPost, "/logout", nil).StatusCode)
	back = signedOut.callback(signedOut.approve(location, fakeidp.UserMember))
	assert.Equal(t, "/login", back.Header.Get("Location"))
	assert.False(t, signedOut.signedIn())

	atFlow(t, w.browser().begin("/login?flow=edit_profile"), signInFlow)
}

func TestTokensOfOtherUserFlowsAreRefused(t *testing.T) {
	w := newB2C(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	for tfp, path := range map[string]string{signInFlow: "/edit-profile", editFlow: "/login", resetFlow: "/login", "other": "/edit-profile"} {
		w.idp.Mutate(func(d *fakeidp.TokenDraft) { d.Claims["tfp"], d.Claims["name"] = tfp, "Mallory" })
		page := b.callback(b.approve(b.begin(path), fakeidp.UserMember))
		assert.Equal(t, http.StatusForbidden, page.StatusCode, tfp)
		assert.Contains(t, b.get("/").body, "Welcome Adele Vance!", tfp)
	}
}

func TestEditProfileNeedsASignIn(t *testing.T) {
	w := newB2C(t, nil)
	b := w.browser()
	page := b.get("/edit-profile")
	assert.Equal(t, http.StatusUnauthorized, page.StatusCode)
	assert.Contains(t, page.body, "/login?return_to=%2Fedit-profile")
	problem := b.get("/edit-profile", "Accept", "application/json")
	assert.Equal(t, http.StatusUnauthorized, problem.StatusCode)
	assert.Equal(t, "application/problem+json", problem.Header.Get("Content-Type"))
	assert.Equal(t, http.StatusMethodNotAllowed, b.do(http.MethodPost, "/edit-profile", nil).StatusCode)
	b.mustSignIn(fakeidp.UserMember)
	image := b.get("/edit-profile", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image")
	assert.Equal(t, http.StatusForbidden, image.StatusCode)
	atFlow(t, b.begin("/edit-profile"), editFlow)
}

func TestUserFlowsBelowABasePath(t *testing.T) {
	w := newB2C(t, map[string]string{"BASE_PATH": "/_signin"})
	b := w.browser()
	answer, err := w.idp.ForgetPassword(b.begin("/_signin/login?return_to=/_signin/sessions"))
	require.NoError(t, err)
	step := b.callback(answer)
	require.Equal(t, "/_signin/login?flow=reset_password&return_to=%2F_signin%2Fsessions", step.Header.Get("Location"))
	step = b.callback(b.approve(b.begin(step.Header.Get("Location")), fakeidp.UserMember))
	require.Equal(t, "/_signin/login?return_to=%2F_signin%2Fsessions", step.Header.Get("Location"))
	b.callback(b.approve(b.begin(step.Header.Get("Location")), fakeidp.UserMember))
	assert.Contains(t, b.get("/_signin/").body, `href="/_signin/edit-profile"`)
	answer, err = w.idp.Decline(b.begin("/_signin/edit-profile"))
	require.NoError(t, err)
	assert.Equal(t, "/_signin/", b.callback(answer).Header.Get("Location"))
}

// The sign-in page has "Create account" if the provider's metadata offer it, and never
// beside a notice that the provider fails.
func TestCreateAccountLink(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	w.app.warmUp(t.Context())
	assert.NotContains(t, b.get("/").body, "Create account")

	w.idp.MutateMetadata(func(_ string, m map[string]any) { m["prompt_values_supported"] = []string{"login", "create"} })
	w.restart()
	w.app.warmUp(t.Context())
	assert.Contains(t, b.get("/").body, `href="/login?flow=sign_up">Create account</a>`)
	assert.Contains(t, b.get("/sessions").body, `href="/login?flow=sign_up&amp;return_to=%2Fsessions">Create account</a>`)
	location, err := url.Parse(b.begin("/login?flow=sign_up&return_to=/sessions"))
	require.NoError(t, err)
	assert.Equal(t, []string{"create"}, location.Query()["prompt"])

	w.idp.Fail(fakeidp.EndpointKeys, fakeidp.Fault{Status: http.StatusServiceUnavailable})
	w.restart()
	w.app.warmUp(t.Context())
	page := b.get("/").body
	assert.Contains(t, page, "The sign-in service cannot be reached at the moment.")
	assert.NotContains(t, page, "Create account")
}

// The variables of the tutorial's sample prepare to the tenant's host at b2clogin.com.
func TestB2CByTheNamesOfTheTutorial(t *testing.T) {
	const origin = "https://contoso.b2clogin.com"
	w := &world{t: t, clock: newTestClock(), logs: &logtest.Buffer{}}
	tenants := fakeidp.DefaultTenants()
	tenants[0].Domain = "contoso.onmicrosoft.com"
	idp, err := fakeidp.New(fakeidp.Config{BaseURL: origin, Tenants: tenants, Clock: w.clock.Now, NewKey: rsakeys.Sequence()})
	require.NoError(t, err)
	w.idp, w.more.transport = idp, portstest.Serve(t, idp)
	srv := httptest.NewUnstartedServer(nil)
	w.url = "http://localhost:" + port(srv.Listener.Addr().String())
	w.start(srv, map[string]string{
		"B2C_TENANT_NAME": "contoso", "SIGNUPSIGNIN_USER_FLOW": signInFlow, "EDITPROFILE_USER_FLOW": editFlow, "RESETPASSWORD_USER_FLOW": resetFlow,
		"CLIENT_ID": fakeidp.DefaultClientID, "CLIENT_SECRET": fakeidp.DefaultClientSecret, "REDIRECT_URI": w.url + "/getAToken",
	})
	srv.Start()
	t.Cleanup(srv.Close)

	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	location := b.begin("/edit-profile")
	assert.True(t, strings.HasPrefix(location, origin+"/contoso.onmicrosoft.com/"), location)
	answer, err := idp.EditProfile(location, fakeidp.UserMember, "Adele Newname")
	require.NoError(t, err)
	b.callback(answer)
	assert.Contains(t, b.get("/").body, "Welcome Adele Newname!")
	out := b.do(http.MethodPost, "/logout", nil)
	assert.True(t, strings.HasPrefix(strings.ToLower(out.Header.Get("Location")), origin+"/contoso.onmicrosoft.com/b2c_1_signupsignin1/oauth2/v2.0/logout?"), out.Header.Get("Location"))
}
