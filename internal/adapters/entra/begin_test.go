package entra_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
)

func (w world) query(t testing.TB, req ports.AuthorizationRequest) url.Values {
	t.Helper()
	a, err := w.provider.Begin(t.Context(), req)
	require.NoError(t, err)
	u, err := url.Parse(a.URL)
	require.NoError(t, err)
	return u.Query()
}

func TestAuthorizationRequest(t *testing.T) {
	w := contoso(t)
	q := w.query(t, ports.AuthorizationRequest{State: testState})
	for name, want := range map[string]string{
		"client_id": fakeidp.DefaultClientID, "response_type": "code", "redirect_uri": redirectURI,
		"response_mode": "query", "scope": "openid profile", "state": testState,
		"code_challenge_method": "S256", "prompt": "select_account",
	} {
		assert.Equal(t, []string{want}, q[name], name)
	}
	assert.Len(t, q.Get("nonce"), 43)
	assert.Len(t, q.Get("code_challenge"), 43)
	assert.False(t, q.Has("login_hint"))
	assert.False(t, q.Has("claims"))

	q = w.query(t, ports.AuthorizationRequest{
		State: testState, Scopes: []string{apiScope}, LoginHint: "O.abc", Claims: `{"id_token":{"acrs":{"value":"c1"}}}`,
	})
	assert.Equal(t, "openid profile offline_access User.Read", q.Get("scope"))
	assert.Equal(t, "O.abc", q.Get("login_hint"))
	assert.False(t, q.Has("prompt"), "select_account and login_hint exclude each other")
	assert.JSONEq(t, `{"id_token":{"acrs":{"value":"c1"}},"access_token":{"xms_cc":{"values":["cp1"]}}}`, q.Get("claims"))

	q = w.query(t, ports.AuthorizationRequest{
		State: testState, Scopes: []string{apiScope}, LoginHint: "O.abc", Claims: `{"id_token":{"auth_time":{"essential":true}}}`,
		MaxAge: new(5 * time.Minute), ACRValues: []string{"gold", "silver"},
	})
	assert.Equal(t, "300", q.Get("max_age"))
	assert.Equal(t, "gold silver", q.Get("acr_values"))
	assert.JSONEq(t, `{"id_token":{"auth_time":{"essential":true}},"access_token":{"xms_cc":{"values":["cp1"]}}}`, q.Get("claims"))
}

func TestAuthorizationRequestRefusesWhatWouldNotArrive(t *testing.T) {
	w := contoso(t)
	for _, req := range []ports.AuthorizationRequest{
		{},
		{State: "a b"},
		{State: "a&b=c"},
		{State: testState, Scopes: []string{""}},
		{State: testState, Scopes: []string{"User.Read Mail.Read"}},
		{State: testState, ACRValues: []string{""}},
		{State: testState, ACRValues: []string{"gold silver"}},
		{State: testState, ACRValues: []string{"gold\x00"}},
		{State: testState, MaxAge: new(-time.Second)},
		{State: testState, MaxAge: new(1500 * time.Millisecond)},
		{State: testState, Claims: `[]`},
		{State: testState, Claims: `{"a":1,"a":2}`},
	} {
		_, err := w.provider.Begin(t.Context(), req)
		assert.Error(t, err)
	}
}

func TestOtherProvidersAreAskedOnlyForPromptsTheyKnow(t *testing.T) {
	w := newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, c *entra.Config) { c.Issuer = "self" })
	assert.False(t, w.query(t, ports.AuthorizationRequest{State: testState}).Has("prompt"))

	w = newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, c *entra.Config) { c.Issuer = "self" })
	w.idp.MutateMetadata(func(_ string, m map[string]any) { m["prompt_values_supported"] = []string{"none", "select_account"} })
	assert.Equal(t, "select_account", w.query(t, ports.AuthorizationRequest{State: testState}).Get("prompt"))
}

// A step-up does not ask for the account. Only Entra gets the username as a hint: at
// other providers people may sign in with something else.
func TestStepUpAsksForNoAccount(t *testing.T) {
	person := ports.Identity{Issuer: "https://idp.example", Subject: "ada", Username: "ada@contoso.example"}
	other := newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, c *entra.Config) { c.Issuer = "self" })
	other.idp.MutateMetadata(func(_ string, m map[string]any) { m["prompt_values_supported"] = []string{"select_account"} })
	for name, c := range map[string]struct {
		world world
		req   ports.AuthorizationRequest
		hint  string
	}{
		"Entra, a login hint":    {contoso(t), ports.AuthorizationRequest{State: testState, LoginHint: "O.abc", Person: person}, "O.abc"},
		"Entra, a username":      {contoso(t), ports.AuthorizationRequest{State: testState, Person: person}, "ada@contoso.example"},
		"Entra, neither":         {contoso(t), ports.AuthorizationRequest{State: testState, Person: ports.Identity{Subject: "ada"}}, ""},
		"another, a login hint":  {other, ports.AuthorizationRequest{State: testState, LoginHint: "ada", Person: person}, "ada"},
		"another, no login hint": {other, ports.AuthorizationRequest{State: testState, Person: person}, ""},
	} {
		q := c.world.query(t, c.req)
		assert.Equal(t, c.hint, q.Get("login_hint"), name)
		assert.Equal(t, c.hint != "", q.Has("login_hint"), name)
		assert.False(t, q.Has("prompt"), name)
	}
}

// TestPromptAndDomainHint: a hint excludes select_account and domain_hint at Entra.
func TestPromptAndDomainHint(t *testing.T) {
	entraAt := func(t *testing.T, change func(*entra.Config)) world {
		return newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, c *entra.Config) { change(c) })
	}
	person := ports.Identity{Subject: "ada", Username: "ada@contoso.example"}
	for name, c := range map[string]struct {
		change         func(*entra.Config)
		prompt, stepUp string
	}{
		"default":        {func(*entra.Config) {}, "select_account", ""},
		"select_account": {func(c *entra.Config) { c.Prompt = entra.PromptSelectAccount }, "select_account", ""},
		"login":          {func(c *entra.Config) { c.Prompt = entra.PromptLogin }, "login", "login"},
		"consent":        {func(c *entra.Config) { c.Prompt = entra.PromptConsent }, "consent", "consent"},
		"none":           {func(c *entra.Config) { c.NoPrompt = true }, "", ""},
	} {
		for _, issuer := range []string{"", "self"} {
			if issuer != "" && name == "default" {
				continue // TestOtherProvidersAreAskedOnlyForPromptsTheyKnow
			}
			w := entraAt(t, func(e *entra.Config) { c.change(e); e.Issuer, e.DomainHint = issuer, "contoso.example" })
			q := w.query(t, ports.AuthorizationRequest{State: testState})
			assert.Equal(t, c.prompt, q.Get("prompt"), name)
			assert.Equal(t, c.prompt != "", q.Has("prompt"), name)
			assert.Equal(t, "contoso.example", q.Get("domain_hint"), name)

			q = w.query(t, ports.AuthorizationRequest{State: testState, Person: person})
			assert.Equal(t, c.stepUp, q.Get("prompt"), name)
			assert.NotEqual(t, q.Has("login_hint"), q.Has("domain_hint"), name)
			q = w.query(t, ports.AuthorizationRequest{State: testState, LoginHint: "O.abc", Person: person})
			assert.Equal(t, c.stepUp, q.Get("prompt"), name)
			assert.Equal(t, "O.abc", q.Get("login_hint"), name)
			assert.False(t, q.Has("domain_hint"), name)
		}
	}
	assert.False(t, contoso(t).query(t, ports.AuthorizationRequest{State: testState}).Has("domain_hint"))
}

func TestUILocales(t *testing.T) {
	german := ports.AuthorizationRequest{State: testState, UILocales: "de"}
	w := contoso(t)
	assert.Equal(t, []string{"de"}, w.query(t, german)["ui_locales"])
	assert.False(t, w.query(t, ports.AuthorizationRequest{State: testState}).Has("ui_locales"))

	for listed, want := range map[string]bool{"": false, "null": false, "en": true} {
		w := newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, c *entra.Config) { c.Issuer = "self" })
		w.idp.MutateMetadata(func(_ string, m map[string]any) {
			switch listed {
			case "null":
				m["ui_locales_supported"] = nil
			case "en":
				m["ui_locales_supported"] = []string{"en", "de"}
			}
		})
		assert.Equal(t, want, w.query(t, german).Has("ui_locales"), listed)
	}
}

func TestIdentityAndGrant(t *testing.T) {
	w := contoso(t)
	in := w.mustSignIn(t, fakeidp.UserAdmin, apiScope)
	id := in.Identity
	assert.Equal(t, w.idp.Issuer(fakeidp.ContosoTenantID), id.Issuer)
	assert.Equal(t, fakeidp.ContosoTenantID, id.TenantID)
	assert.NotEmpty(t, id.ObjectID)
	assert.Equal(t, "Megan Bowen", id.Name)
	assert.Equal(t, fakeidp.UserAdmin, id.Username)
	assert.NotEmpty(t, id.Roles)
	assert.False(t, id.Guest)
	assert.NotEmpty(t, id.ProviderSession)
	assert.NotEmpty(t, in.Tokens.LoginHint)
	assert.Equal(t, in.Tokens.LoginHint, in.Tokens.SignOutHint)
	assert.NotEmpty(t, in.Tokens.RefreshToken)
	require.Len(t, in.Tokens.AccessTokens, 1)
	assert.Equal(t, []string{apiScope}, in.Tokens.AccessTokens[0].Scopes)
	assert.True(t, in.Tokens.AccessTokens[0].Expires.After(w.clock.Now()))
	assert.Equal(t, ports.Claim{Name: "name", Value: "Megan Bowen"}, in.Claims[0])
	again := w.mustSignIn(t, fakeidp.UserAdmin, apiScope)
	assert.Equal(t, names(in.Claims), names(again.Claims), "the order of claims is stable")

	guest := newWorld(t, fakeidp.ContosoTenantID, nil).mustSignIn(t, fakeidp.UserGuest)
	assert.True(t, guest.Identity.Guest)
}

func names(claims []ports.Claim) []string {
	var list []string
	for _, c := range claims {
		list = append(list, c.Name)
	}
	return list
}

func TestNamesAreThoseAssertedAndBounded(t *testing.T) {
	w := contoso(t)
	w.idp.Mutate(all(drop("name"), drop("preferred_username")))
	nameless := w.mustSignIn(t, fakeidp.UserMember).Identity
	assert.Empty(t, nameless.Name)
	assert.Empty(t, nameless.Username)
	w.idp.Mutate(all(set("name", strings.Repeat("é", 5000)), set("note", strings.Repeat("x", 9000))))
	in := w.mustSignIn(t, fakeidp.UserMember)
	assert.LessOrEqual(t, len(in.Identity.Name), 256)
	for _, claim := range in.Claims {
		assert.LessOrEqual(t, len(claim.Value), 2048)
	}
}

func TestGroupsOverageStaysVisible(t *testing.T) {
	in := contoso(t).mustSignIn(t, fakeidp.UserManyGroups)
	assert.Contains(t, names(in.Claims), "_claim_names")
	assert.NotContains(t, names(in.Claims), "groups")
}

func TestSignOutURL(t *testing.T) {
	w := contoso(t)
	before, err := w.provider.EndSessionURL(t.Context(), "hint")
	require.NoError(t, err)
	assert.Empty(t, before, "nothing is known before the metadata are")

	in := w.mustSignIn(t, fakeidp.UserMember)
	to, err := w.provider.EndSessionURL(t.Context(), in.Tokens.SignOutHint)
	require.NoError(t, err)
	u, err := url.Parse(to)
	require.NoError(t, err)
	assert.Equal(t, in.Tokens.LoginHint, u.Query().Get("logout_hint"))
	assert.Equal(t, homeURI, u.Query().Get("post_logout_redirect_uri"))
	assert.False(t, u.Query().Has("id_token_hint"))

	w = newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, c *entra.Config) { c.Issuer = "self" })
	in = w.mustSignIn(t, fakeidp.UserMember)
	assert.Empty(t, in.Identity.TenantID)
	to, err = w.provider.EndSessionURL(t.Context(), in.Tokens.SignOutHint)
	require.NoError(t, err)
	u, err = url.Parse(to)
	require.NoError(t, err)
	assert.Equal(t, in.Tokens.SignOutHint, u.Query().Get("id_token_hint"))
	assert.Equal(t, fakeidp.DefaultClientID, u.Query().Get("client_id"))
}

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
