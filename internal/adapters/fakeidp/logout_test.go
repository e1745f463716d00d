package fakeidp_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

const (
	afterLogout  = "http://localhost:3000/"
	frontChannel = "http://localhost:3000/frontchannel-logout"
)

// endSession returns the URL to which a relying party redirects for sign-out.
func (rp *party) endSession(parameters ...string) string {
	query := url.Values{}
	for i := 0; i < len(parameters); i += 2 {
		query.Set(parameters[i], parameters[i+1])
	}
	return rp.idp.Authority(fakeidp.ContosoTenantID) + "/oauth2/v2.0/logout?" + query.Encode()
}

// signedInPerson returns a browser with a session of username at the provider.
func (rp *party) signedInPerson(username string) *person {
	person := newPerson(rp.t)
	person.pick(person.open(rp.authURL()), username)
	require.True(rp.t, person.known(rp))
	return person
}

// known reports whether the provider still has a session in this browser.
func (p *person) known(rp *party) bool {
	return location(p.t, p.open(with(p.t, rp.authURL(), "prompt", "none"))).Query().Get("code") != ""
}

func TestSignOutEndsTheSessionAndGoesBack(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	person := rp.signedInPerson(fakeidp.UserMember)
	response := person.open(rp.endSession("post_logout_redirect_uri", afterLogout, "state", "s"))
	assert.Equal(t, http.StatusSeeOther, response.StatusCode)
	assert.Equal(t, afterLogout+"?state=s", response.Header.Get("Location"))
	assert.False(t, person.known(rp))
}

func TestSignOutGoesNowhereElse(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	for _, uri := range []string{
		"https://evil.example/", "//evil.example/", "http://localhost:3000/elsewhere", "http://localhost:3000@evil.example/",
		"javascript:alert(1)", "http://localhost:3000/#x", "http://127.0.0.1:3000/",
	} {
		person := rp.signedInPerson(fakeidp.UserMember)
		response := person.open(rp.endSession("post_logout_redirect_uri", uri))
		assert.Equal(t, http.StatusOK, response.StatusCode, uri)
		page := read(t, response)
		assert.Contains(t, page, "You signed out")
		assert.NotContains(t, page, uri)
		assert.Empty(t, response.Header.Get("Refresh"))
		assert.False(t, person.known(rp), "signed out all the same")
	}
}

func TestARegisteredURIAfterSignOut(t *testing.T) {
	idp := start(t)
	client := fakeidp.DefaultClient()
	client.PostLogoutRedirectURIs = []string{"https://app.example/bye"}
	idp.AddClient(client)
	rp := newParty(t, idp, fakeidp.ContosoTenantID)
	for _, uri := range []string{"https://app.example/bye", testRedirect, afterLogout, "http://localhost/"} {
		assert.Equal(t, uri, newPerson(t).open(rp.endSession("post_logout_redirect_uri", uri)).Header.Get("Location"))
	}
	other := newPerson(t).open(rp.endSession("post_logout_redirect_uri", afterLogout, "client_id", "another"))
	assert.Empty(t, other.Header.Get("Location"))
}

func TestLogoutHintEndsOneAccount(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	_, claims := rp.signIn(fakeidp.UserMember)
	hint := claims["login_hint"].(string)
	person := rp.signedInPerson(fakeidp.UserMember)
	person.pick(person.open(with(t, rp.authURL(), "prompt", "select_account")), fakeidp.UserAdmin)
	require.False(t, person.known(rp), "two accounts: nobody in particular")
	person.open(rp.endSession("logout_hint", hint))
	assert.True(t, person.known(rp), "the administrator alone is left")
}

func TestSignOutByIDTokenHint(t *testing.T) {
	idp := start(t)
	rp := newParty(t, idp, fakeidp.ContosoTenantID)
	person := newPerson(t)
	code := location(t, person.pick(person.open(rp.authURL()), fakeidp.UserMember)).Query().Get("code")
	token, err := rp.exchange(code)
	require.NoError(t, err)
	person.open(rp.endSession("id_token_hint", newIDToken(t, newParty(t, idp, fakeidp.ContosoTenantID))))
	assert.True(t, person.known(rp), "the hint means another session")
	idp.RotateKeys(fakeidp.DropOldKeys)
	back := person.open(rp.endSession("id_token_hint", token.Extra("id_token").(string), "post_logout_redirect_uri", afterLogout))
	assert.Equal(t, afterLogout, back.Header.Get("Location"))
	assert.False(t, person.known(rp))
}

func newIDToken(t *testing.T, rp *party) string {
	t.Helper()
	token, _ := rp.signIn(fakeidp.UserMember)
	return token.Extra("id_token").(string)
}

func TestFrontChannelLogout(t *testing.T) {
	idp := start(t)
	client := fakeidp.DefaultClient()
	client.FrontChannelLogoutURI = frontChannel
	idp.AddClient(client)
	rp := newParty(t, idp, fakeidp.ContosoTenantID)
	person := newPerson(t)
	sid := location(t, person.pick(person.open(rp.authURL()), fakeidp.UserMember)).Query().Get("session_state")
	response := person.open(rp.endSession("post_logout_redirect_uri", afterLogout))
	page := read(t, response)
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Contains(t, page, `<iframe src="`+frontChannel+`?sid=`+sid+`"`)
	assert.NotContains(t, page, "iss=", "as with Entra")
	assert.Contains(t, page, `href="`+afterLogout+`"`)
	assert.Equal(t, "3; url="+afterLogout, response.Header.Get("Refresh"))
	assert.Contains(t, response.Header.Get("Content-Security-Policy"), "frame-src http://localhost:3000")

	client.FrontChannelIssuer = true
	idp.AddClient(client)
	_, claims := rp.signIn(fakeidp.UserMember)
	want := url.Values{"sid": {claims["sid"].(string)}, "iss": {idp.Issuer(fakeidp.ContosoTenantID)}}
	assert.Equal(t, []string{frontChannel + "?" + want.Encode()}, idp.SignOut(fakeidp.UserMember))
	assert.Empty(t, idp.SignOut(fakeidp.UserMember), "already signed out")
}

func TestSignOutByHintAfterAuthorize(t *testing.T) {
	idp := start(t)
	client := fakeidp.DefaultClient()
	client.FrontChannelLogoutURI = frontChannel
	idp.AddClient(client)
	rp := newParty(t, idp, fakeidp.ContosoTenantID)
	_, claims := rp.signIn(fakeidp.UserMember)
	page := read(t, get(t, rp.endSession("logout_hint", claims["login_hint"].(string)), ""))
	assert.Contains(t, page, claims["sid"].(string))
	assert.Empty(t, idp.SignOut(fakeidp.UserMember))
}
