package fakeidp_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"webapp/internal/adapters/fakeidp"
)

// Entra sends auth_time to a client that asks for the claim or is registered for it.
// max_age alone does not ask for it.
func TestAuthTimeIsAnOptionalClaim(t *testing.T) {
	clock := newClock()
	idp := start(t, onClock(clock))
	rp := newParty(t, idp, fakeidp.ContosoTenantID)
	began := clock.Now().Unix()
	for asked, sent := range map[string]bool{
		"":                                false,
		`{"id_token":{"acrs":null}}`:      false,
		`{"userinfo":{"auth_time":{}}}`:   false,
		`{"id_token":{"auth_time":null}}`: true,
		`{"id_token":{"auth_time":{"essential":true}}}`: true,
	} {
		_, claims := rp.signIn(fakeidp.UserMember, oauth2.SetAuthURLParam("claims", asked), oauth2.SetAuthURLParam("max_age", "300"))
		assert.Equal(t, sent, claims["auth_time"] != nil, asked)
	}
	client := fakeidp.DefaultClient()
	client.AuthTime = true
	idp.AddClient(client)
	token, claims := rp.signIn(fakeidp.UserMember)
	assert.EqualValues(t, began, claims["auth_time"])

	clock.Advance(4 * minute)
	refreshed := rp.post(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}})
	verified, err := rp.verifier.Verify(t.Context(), refreshed["id_token"].(string))
	require.NoError(t, err)
	require.NoError(t, verified.Claims(&claims))
	assert.EqualValues(t, began, claims["auth_time"], "a refresh is no authentication")
}

// A session that does not satisfy an authentication context needs the person once.
func TestAuthenticationContexts(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	person := newPerson(t)
	person.pick(person.open(rp.authURL()), fakeidp.UserMember)
	asks := func(claims string) string { return with(t, rp.authURL(), "claims", claims) }
	const c1, both = `{"id_token":{"acrs":{"essential":true,"value":"c1"}}}`, `{"id_token":{"acrs":{"values":["c1","c2"]}}}`

	refused := location(t, person.open(with(t, asks(c1), "prompt", "none"))).Query()
	assert.Equal(t, "interaction_required", refused.Get("error"))
	assert.Contains(t, refused.Get("error_description"), "AADSTS50076")
	back := location(t, person.pick(person.open(asks(c1)), fakeidp.UserMember)).Query()
	assert.Equal(t, []any{"c1"}, claimsOf(t, rp, back.Get("code"))["acrs"])
	assert.NotEmpty(t, location(t, person.open(asks(c1))).Query().Get("code"), "once is enough")
	assert.Contains(t, read(t, person.open(asks(both))), "Pick an account")
	back = location(t, person.open(rp.authURL())).Query()
	assert.NotContains(t, claimsOf(t, rp, back.Get("code")), "acrs", "nobody asked for it")

	for _, bad := range []string{`{"id_token":1}`, `{"id_token":{"acrs":{"values":"c1"}}}`} {
		assert.Equal(t, "invalid_request", location(t, person.open(asks(bad))).Query().Get("error"))
	}
}

func claimsOf(t *testing.T, rp *party, code string) (claims map[string]any) {
	t.Helper()
	token, err := rp.exchange(code)
	require.NoError(t, err)
	verified, err := rp.verifier.Verify(t.Context(), token.Extra("id_token").(string))
	require.NoError(t, err)
	require.NoError(t, verified.Claims(&claims))
	return claims
}

// Graph can require a step-up in the way of RFC 9470.
func TestAnAPIRequiresAStepUp(t *testing.T) {
	clock := newClock()
	idp := start(t, onClock(clock))
	rp := newParty(t, idp, fakeidp.ContosoTenantID)
	me := idp.BaseURL() + "/v1.0/me"
	plain, _ := rp.signIn(fakeidp.UserMember)
	gold, claims := rp.signIn(fakeidp.UserMember, oauth2.SetAuthURLParam("acr_values", "gold silver"))
	assert.Equal(t, "gold", claims["acr"])

	idp.DemandSignIn(fakeidp.Demand{ACR: "silver"})
	refused := get(t, me, plain.AccessToken)
	assert.Equal(t, http.StatusUnauthorized, refused.StatusCode)
	assert.Equal(t, `Bearer realm="", error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="silver"`,
		refused.Header.Get("WWW-Authenticate"))
	assert.Equal(t, http.StatusOK, get(t, me, gold.AccessToken).StatusCode)

	clock.Advance(2 * minute)
	idp.DemandSignIn(fakeidp.Demand{MaxAge: new(time.Minute)})
	refused = get(t, me, plain.AccessToken)
	assert.Equal(t, http.StatusUnauthorized, refused.StatusCode)
	assert.Contains(t, refused.Header.Get("WWW-Authenticate"), `, max_age="60"`)
	again, _ := rp.signIn(fakeidp.UserMember)
	assert.Equal(t, http.StatusOK, get(t, me, again.AccessToken).StatusCode)

	idp.DemandSignIn(fakeidp.Demand{})
	assert.Equal(t, http.StatusOK, get(t, me, plain.AccessToken).StatusCode)
}
