package entra_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
)

const cp1 = `{"access_token":{"xms_cc":{"values":["cp1"]}}}`

// TestClientCapability checks cp1 in the three requests that have it.
func TestClientCapability(t *testing.T) {
	w := contoso(t)
	in := w.mustSignIn(t, fakeidp.UserMember, apiScope)
	_, err := w.provider.Refresh(t.Context(), refreshOf(in))
	require.NoError(t, err)
	assert.JSONEq(t, cp1, w.idp.Log(fakeidp.EndpointAuthorize)[0].Form.Get("claims"))
	posts := w.idp.Log(fakeidp.EndpointToken)
	require.Len(t, posts, 2)
	for _, post := range posts {
		assert.JSONEq(t, cp1, post.Form.Get("claims"), post.Form.Get("grant_type"))
	}
}

func TestNoCapabilityWithoutAnAPIOrAtOtherProviders(t *testing.T) {
	w := contoso(t)
	w.mustSignIn(t, fakeidp.UserMember)
	other := newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, c *entra.Config) { c.Issuer = "self" })
	in := other.mustSignIn(t, fakeidp.UserMember, apiScope)
	_, err := other.provider.Refresh(t.Context(), refreshOf(in))
	require.NoError(t, err)
	for _, idp := range []*fakeidp.Provider{w.idp, other.idp} {
		for _, endpoint := range []fakeidp.Endpoint{fakeidp.EndpointAuthorize, fakeidp.EndpointToken} {
			for _, request := range idp.Log(endpoint) {
				assert.False(t, request.Form.Has("claims"))
			}
		}
	}
}

func TestCapabilityIsMergedIntoAChallenge(t *testing.T) {
	w := contoso(t)
	for challenge, want := range map[string]string{
		``:   cp1,
		`{}`: cp1,
		`{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}`:                                  `{"access_token":{"nbf":{"essential":true,"value":"1604106651"},"xms_cc":{"values":["cp1"]}}}`,
		`{"access_token":{"acrs":{"essential":true,"value":"<c1>"}},"id_token":{"x":12345678901234567890}}`: `{"access_token":{"acrs":{"essential":true,"value":"<c1>"},"xms_cc":{"values":["cp1"]}},"id_token":{"x":12345678901234567890}}`,
		`{"access_token":null}`: cp1,
		`{"access_token":[1]}`:  cp1,
		`{"access_token":{"xms_cc":{"values":["old"],"other":1}}}`:   `{"access_token":{"xms_cc":{"values":["cp1"],"other":1}}}`,
		`{"Access_Token":{"xms_cc":1},"access_token":{"a":{"b":2}}}`: `{"Access_Token":{"xms_cc":1},"access_token":{"a":{"b":2},"xms_cc":{"values":["cp1"]}}}`,
	} {
		got := w.query(t, ports.AuthorizationRequest{State: testState, Scopes: []string{apiScope}, Claims: challenge}).Get("claims")
		assert.JSONEq(t, want, got, challenge)
	}
	got := w.query(t, ports.AuthorizationRequest{State: testState, Scopes: []string{apiScope}, Claims: `{"id_token":{"x":12345678901234567890}}`})
	assert.Contains(t, got.Get("claims"), "12345678901234567890", "numbers are not rounded")
}

func TestClaimsThatCannotBeSentAreRefused(t *testing.T) {
	w := contoso(t)
	for name, claims := range map[string]string{
		"a list": `[]`, "null": `null`, "no JSON": `{`, "two objects": `{}{}`, "duplicates": `{"a":1,"a":2}`,
		"duplicates inside": `{"access_token":{"a":1,"\u0061":2}}`, "too large": `{"a":"` + strings.Repeat("x", 8192) + `"}`,
		"too deep": strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), "not UTF-8": "{\"a\":\"\xff\"}",
	} {
		for _, scopes := range [][]string{nil, {apiScope}} {
			_, err := w.provider.Begin(t.Context(), ports.AuthorizationRequest{State: testState, Scopes: scopes, Claims: claims})
			assert.Error(t, err, name)
		}
	}
}
