package fakeidp_test

import (
	"errors"
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

func TestUntrustedAuthorizationRequestsGetAPage(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	good := rp.authURL()
	for name, c := range map[string]struct{ url, number string }{
		"no client":              {with(t, good, "client_id", ""), "900144"},
		"unknown client":         {with(t, good, "client_id", "who"), "700016"},
		"no redirect URI":        {with(t, good, "redirect_uri", ""), "900971"},
		"foreign redirect URI":   {with(t, good, "redirect_uri", "https://evil.example/getAToken"), "50011"},
		"path in another case":   {with(t, good, "redirect_uri", "http://localhost:3000/getatoken"), "50011"},
		"localhost over https":   {with(t, good, "redirect_uri", "https://localhost:3000/getAToken"), "50011"},
		"localhost with a user":  {with(t, good, "redirect_uri", "http://localhost:3000@evil.example/getAToken"), "50011"},
		"an address for a name":  {with(t, good, "redirect_uri", "http://127.0.0.1:3000/getAToken"), "50011"},
		"a fragment":             {with(t, good, "redirect_uri", testRedirect+"#x"), "50011"},
		"unknown tenant":         {strings.Replace(good, fakeidp.ContosoTenantID, "nowhere.example", 1), "90002"},
		"redirect URI repeated":  {good + "&redirect_uri=" + url.QueryEscape(testRedirect), "50011"},
		"redirect URI continued": {with(t, good, "redirect_uri", testRedirect+"/more"), "50011"},
	} {
		t.Run(name, func(t *testing.T) {
			response := get(t, c.url, "")
			page := read(t, response)
			assert.Equal(t, http.StatusBadRequest, response.StatusCode)
			assert.Empty(t, response.Header.Get("Location"))
			assert.Contains(t, page, "AADSTS"+c.number+":")
			for _, detail := range []string{"Correlation ID", "Trace ID", "Timestamp"} {
				assert.Contains(t, page, detail)
			}
			_, err := rp.idp.Authorize(c.url, fakeidp.UserMember)
			require.ErrorContains(t, err, "AADSTS"+c.number)
		})
	}
}

func TestOtherErrorsAreRedirectedToTheClient(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	good := rp.authURL()
	for name, c := range map[string]struct{ url, code, number string }{
		"no response type":             {with(t, good, "response_type", ""), "invalid_request", "900144"},
		"implicit flow":                {with(t, good, "response_type", "id_token"), "unsupported_response_type", "700054"},
		"unknown response mode":        {with(t, good, "response_mode", "fragment"), "invalid_request", "90014"},
		"no scope":                     {with(t, good, "scope", ""), "invalid_request", "900144"},
		"no nonce":                     {with(t, good, "nonce", ""), "invalid_request", "900144"},
		"no PKCE":                      {with(t, good, "code_challenge", ""), "invalid_request", "9002325"},
		"plain PKCE":                   {with(t, good, "code_challenge_method", "plain"), "invalid_request", "50147"},
		"PKCE without a method":        {with(t, good, "code_challenge_method", ""), "invalid_request", "50147"},
		"short PKCE challenge":         {with(t, good, "code_challenge", "short"), "invalid_request", "501471"},
		"PKCE challenge, no base64url": {with(t, good, "code_challenge", strings.Repeat("*", 43)), "invalid_request", "501471"},
		"unknown prompt":               {with(t, good, "prompt", "please"), "invalid_request", "90023"},
		"none and login":               {with(t, good, "prompt", "none login"), "invalid_request", "90023"},
		"nobody signed in":             {with(t, good, "prompt", "none"), "login_required", "50058"},
		"claims that are no map":       {with(t, good, "claims", "[1]"), "invalid_request", "9002313"},
		"a request object":             {with(t, good, "request", "e30.e30."), "request_not_supported", "9002313"},
		"nonce repeated":               {good + "&nonce=again", "invalid_request", "9002313"},
		"max_age in words":             {with(t, good, "max_age", "old"), "invalid_request", "90014"},
	} {
		t.Run(name, func(t *testing.T) {
			callback := location(t, get(t, c.url, ""))
			assert.Equal(t, "localhost:3000", callback.Host)
			query := callback.Query()
			assert.Equal(t, c.code, query.Get("error"))
			assert.Regexp(t, `^AADSTS`+c.number+`: .+ Trace ID: [0-9a-f-]{36} Correlation ID: [0-9a-f-]{36} Timestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$`, query.Get("error_description"))
			assert.Equal(t, rp.idp.BaseURL()+"/error?code="+c.number, query.Get("error_uri"))
			assert.Equal(t, "a-state", query.Get("state"))
			assert.Empty(t, query.Get("code"))
		})
	}
}

func TestALaxClientNeedsNeitherStateNorNonceNorPKCE(t *testing.T) {
	idp := start(t)
	client := fakeidp.DefaultClient()
	client.Lax = true
	idp.AddClient(client)
	rp := newParty(t, idp, fakeidp.ContosoTenantID)
	answer, err := idp.Authorize(rp.config.AuthCodeURL(""), fakeidp.UserMember)
	require.NoError(t, err)
	_, err = rp.config.Exchange(t.Context(), answer.Values.Get("code"))
	require.NoError(t, err)
}

func TestThePortOfLocalhostIsIgnored(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	for _, uri := range []string{"http://localhost/getAToken", "http://localhost:49152/getAToken"} {
		answer, err := rp.idp.Authorize(with(t, rp.authURL(), "redirect_uri", uri), fakeidp.UserMember)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(answer.URL(), uri+"?"), answer.URL())
	}
}

func TestFormPost(t *testing.T) {
	idp := start(t)
	rp := newParty(t, idp, fakeidp.ContosoTenantID)
	address := with(t, rp.authURL(), "response_mode", "form_post")
	answer, err := idp.Authorize(address, fakeidp.UserMember)
	require.NoError(t, err)
	assert.True(t, answer.FormPost)
	assert.Equal(t, testRedirect, answer.RedirectURI)

	person := newPerson(t)
	response := person.pick(person.open(address), fakeidp.UserMember)
	page := read(t, response)
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Contains(t, page, `action="`+testRedirect+`"`)
	assert.Contains(t, page, `name="code"`)
	assert.Contains(t, page, `<button class="primary">Continue</button>`, "works without scripts too")
	policy := response.Header.Get("Content-Security-Policy")
	assert.Contains(t, policy, "form-action 'self' http://localhost:3000")
	assert.Regexp(t, `script-src 'sha256-[A-Za-z0-9+/=]+'`, policy)
	assert.NotContains(t, policy, "unsafe")
}

func TestAPersonPicksAnAccount(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	person := newPerson(t)
	response := person.open(rp.authURL())
	page := read(t, response)
	for _, text := range []string{"Adele Vance", "Megan Bowen", "Alex Wilber", "Diego Siciliani", "not Microsoft", "Demo application", "localhost:3000"} {
		assert.Contains(t, page, text)
	}
	assert.NotContains(t, page, "Isaiah Langer", "a personal account has no place in Contoso")
	assert.NotContains(t, page, "<script")
	assert.NotContains(t, page, "style=")
	policy := response.Header.Get("Content-Security-Policy")
	assert.Contains(t, policy, "default-src 'none'")
	assert.Contains(t, policy, "form-action 'self' http://localhost:3000", "browsers apply form-action to the redirect too")
	assert.Contains(t, policy, "frame-ancestors 'none'")

	picked := person.pickPage(rp.authURL(), page, url.Values{"account": {fakeidp.UserMember}})
	require.Equal(t, http.StatusSeeOther, picked.StatusCode)
	cookie := picked.Cookies()[0]
	assert.Equal(t, "fakeidp_session", cookie.Name)
	assert.True(t, cookie.HttpOnly)
	assert.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
	token, err := rp.exchange(location(t, picked).Query().Get("code"))
	require.NoError(t, err)
	assert.NotEmpty(t, token.Extra("id_token"))
}

func TestAPersonCancels(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	person := newPerson(t)
	page := read(t, person.open(rp.authURL()))
	query := location(t, person.pickPage(rp.authURL(), page, url.Values{"cancel": {"1"}})).Query()
	assert.Equal(t, "access_denied", query.Get("error"))
	assert.Equal(t, "cancel", query.Get("error_subcode"))
	assert.Contains(t, query.Get("error_description"), "AADSTS65004: ")

	answer, err := rp.idp.Decline(rp.authURL())
	require.NoError(t, err)
	assert.Equal(t, "cancel", answer.Values.Get("error_subcode"))
	assert.Equal(t, "a-state", answer.Values.Get("state"))
}

func TestAnotherSiteCannotPickAnAccount(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	action := strings.Replace(rp.authURL(), "/oauth2/v2.0/authorize", "/login", 1)
	request, err := http.NewRequest(http.MethodPost, action, strings.NewReader("account="+fakeidp.UserMember))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	assert.Equal(t, http.StatusForbidden, response.StatusCode)
	assert.Empty(t, response.Cookies())
}

func TestAccountsThatCannotSignIn(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	answer, err := rp.idp.Authorize(rp.authURL(), fakeidp.UserRefused)
	require.NoError(t, err)
	assert.Equal(t, "access_denied", answer.Values.Get("error"))
	assert.Contains(t, answer.Values.Get("error_description"), "AADSTS50105: ")

	_, err = rp.idp.Authorize(rp.authURL(), fakeidp.UserPersonal)
	require.ErrorContains(t, err, "AADSTS50020")
	_, err = rp.idp.Authorize(rp.authURL(), "nobody@contoso.example")
	require.ErrorContains(t, err, "AADSTS50034")
}

func TestTheProviderRemembersWhoIsSignedIn(t *testing.T) {
	clock := newClock()
	idp := start(t, onClock(clock))
	rp := newParty(t, idp, fakeidp.ContosoTenantID)
	person := newPerson(t)
	first := location(t, person.pick(person.open(rp.authURL()), fakeidp.UserMember)).Query()

	silent := location(t, person.open(with(t, rp.authURL(), "prompt", "none"))).Query()
	assert.NotEmpty(t, silent.Get("code"))
	assert.Equal(t, first.Get("session_state"), silent.Get("session_state"), "one session at the provider")
	assert.NotEmpty(t, location(t, person.open(rp.authURL())).Query().Get("code"), "signed in without being asked")
	for _, prompt := range []string{"login", "select_account", "consent"} {
		assert.Contains(t, read(t, person.open(with(t, rp.authURL(), "prompt", prompt))), "Pick an account", prompt)
	}
	assert.Contains(t, read(t, person.open(with(t, rp.authURL(), "max_age", "0"))), "Pick an account", "as prompt=login")
	clock.Advance(10 * minute)
	assert.Contains(t, read(t, person.open(with(t, rp.authURL(), "max_age", "300"))), "Pick an account")
	assert.NotEmpty(t, location(t, person.open(with(t, rp.authURL(), "max_age", "900"))).Query().Get("code"))

	person.pick(person.open(with(t, rp.authURL(), "prompt", "select_account")), fakeidp.UserAdmin)
	two := location(t, person.open(with(t, rp.authURL(), "prompt", "none"))).Query()
	assert.Equal(t, "interaction_required", two.Get("error"))
	assert.Contains(t, two.Get("error_description"), "AADSTS16000")
	hinted := location(t, person.open(with(t, with(t, rp.authURL(), "prompt", "none"), "login_hint", fakeidp.UserAdmin))).Query()
	assert.NotEmpty(t, hinted.Get("code"))
}

func TestConsentIsAskedForOnce(t *testing.T) {
	idp := start(t)
	client := fakeidp.DefaultClient()
	client.NeedsConsent = []string{"Mail.Read"}
	idp.AddClient(client)
	rp := newParty(t, idp, fakeidp.ContosoTenantID)
	token, _ := rp.signIn(fakeidp.UserMember)
	refused := rp.post(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}, "scope": {"Mail.Read"}})
	assert.Equal(t, "invalid_grant", refused["error"])
	assert.Equal(t, "consent_required", refused["suberror"])

	rp.config.Scopes = append(rp.config.Scopes, "Mail.Read")
	person := newPerson(t)
	asked := person.pick(person.open(rp.authURL()), fakeidp.UserMember)
	page := read(t, asked)
	require.Equal(t, http.StatusOK, asked.StatusCode)
	assert.Contains(t, page, "<code>Mail.Read</code>")
	assert.NotContains(t, page, "<code>User.Read</code>")
	no := person.pickPage(rp.authURL(), page, url.Values{"account": {fakeidp.UserMember}, "cancel": {"1"}})
	assert.Equal(t, "cancel", location(t, no).Query().Get("error_subcode"))
	yes := person.pickPage(rp.authURL(), page, url.Values{"account": {fakeidp.UserMember}, "accept": {"1"}})
	assert.NotEmpty(t, location(t, yes).Query().Get("code"))
	again := person.open(with(t, rp.authURL(), "prompt", "none"))
	assert.NotEmpty(t, location(t, again).Query().Get("code"))
}

// person is a browser that does not follow redirects.
type person struct {
	t      *testing.T
	client http.Client
}

func newPerson(t *testing.T) *person {
	return &person{t: t, client: http.Client{
		Jar:           newJar(t),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (p *person) open(address string) *http.Response {
	p.t.Helper()
	response, err := p.client.Get(address)
	require.NoError(p.t, err)
	p.t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// pick picks an account on the open account picker.
func (p *person) pick(page *http.Response, username string) *http.Response {
	p.t.Helper()
	return p.pickPage(page.Request.URL.String(), read(p.t, page), url.Values{"account": {username}})
}

var formAction = regexp.MustCompile(`<form method="post" action="([^"]+)"`)

func (p *person) pickPage(address, page string, choice url.Values) *http.Response {
	p.t.Helper()
	found := formAction.FindStringSubmatch(page)
	require.NotEmpty(p.t, found, page)
	base, err := url.Parse(address)
	require.NoError(p.t, err)
	action, err := base.Parse(html.UnescapeString(found[1]))
	require.NoError(p.t, err)
	response, err := p.client.PostForm(action.String(), choice)
	require.NoError(p.t, err)
	p.t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// post sends a token request with the client's secret and returns its JSON.
func (rp *party) post(form url.Values) map[string]any {
	rp.t.Helper()
	form.Set("client_id", rp.config.ClientID)
	form.Set("client_secret", rp.config.ClientSecret)
	return rp.postRaw(form, nil)
}

func TestAnyLocalhostRedirectURI(t *testing.T) {
	client := fakeidp.DefaultClient()
	client.RedirectURIs, client.AnyLocalhost = nil, true
	rp := newParty(t, start(t, func(c *fakeidp.Config) { c.Clients = []fakeidp.Client{client} }), fakeidp.ContosoTenantID)
	for _, uri := range []string{
		"http://localhost", "http://localhost/", "http://localhost:3000", "http://localhost:3000/getAToken",
		"http://localhost:1/a/b?c=d", "http://localhost?c=d", "http://localhost:65535/%2e%2e/",
	} {
		answer, err := rp.idp.Authorize(with(t, rp.authURL(), "redirect_uri", uri), fakeidp.UserMember)
		require.NoError(t, err, uri)
		assert.Equal(t, uri, answer.RedirectURI)
	}
	for _, uri := range []string{
		"http://localhost.evil.example", "http://localhost.evil.example:3000/getAToken", "http://localhost@evil.example/",
		"http://localhost:3000@evil.example/", "http://user@localhost:3000/", "http://user:pw@localhost/", "http://@localhost/",
		"http://localhost%2eevil.example/", "http://localhost%2e/", "http://localhost./", "http://localhost%00.evil.example/",
		`http://localhost\@evil.example/`, `http://localhost:3000\@evil.example/`, `http://localhost/\evil.example`, `http:\\localhost/`,
		"http://localhost:99999/", "http://localhost:0/", "http://localhost:-1/", "http://localhost:3000:4000/", "http://localhost:/", "http://localhost:+3/",
		"http://localhost:3000/#fragment", "http://localhost\t:3000/", "http://localhost/%zz", "http://localhost:3000/\n", " http://localhost/", "http://localhost\uff0eevil.example/",
		"https://localhost:3000/", "HTTP://localhost/", "http://LOCALHOST/", "//localhost/", "http:/localhost/", "http:localhost", "localhost:3000",
		"http://127.0.0.1:3000/getAToken", "http://[::1]:3000/", "http://localhostevil.example/", "http://localhost;evil/", "javascript:alert(1)//http://localhost",
	} {
		_, err := rp.idp.Authorize(with(t, rp.authURL(), "redirect_uri", uri), fakeidp.UserMember)
		refused, ok := errors.AsType[*fakeidp.Error](err)
		require.True(t, ok, uri)
		assert.Equal(t, 50011, refused.Number, uri)
		assert.Equal(t, http.StatusBadRequest, get(t, with(t, rp.authURL(), "redirect_uri", uri), "").StatusCode, uri)
	}
}

// The rule that ignores the port of http://localhost reads the URI in the same way.
func TestThePortOfLocalhostIsAPort(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	for uri, allowed := range map[string]bool{
		"http://localhost/getAToken": true, "http://localhost:65535/getAToken": true,
		"http://localhost:99999/getAToken": false, "http://localhost:/getAToken": false, "http://localhost:0/getAToken": false,
	} {
		_, err := rp.idp.Authorize(with(t, rp.authURL(), "redirect_uri", uri), fakeidp.UserMember)
		assert.Equal(t, allowed, err == nil, uri)
	}
}

func TestAfterSignOutAnyLocalhostURIIsAllowed(t *testing.T) {
	client := fakeidp.DefaultClient()
	client.RedirectURIs, client.AnyLocalhost = nil, true
	idp := start(t, func(c *fakeidp.Config) { c.Clients = []fakeidp.Client{client} })
	logout := idp.Authority("common") + "/oauth2/v2.0/logout?post_logout_redirect_uri="
	assert.Equal(t, "http://localhost:5000/bye", location(t, get(t, logout+url.QueryEscape("http://localhost:5000/bye"), "")).String())
	assert.Empty(t, get(t, logout+url.QueryEscape("http://localhost.evil.example/"), "").Header.Get("Location"))
}
