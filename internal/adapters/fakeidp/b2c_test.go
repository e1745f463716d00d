package fakeidp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"webapp/internal/adapters/fakeidp"
)

// newFlow returns a relying party of one user flow of the default tenant. Its issuer
// differs from the URL of the metadata, as in B2C.
func newFlow(t *testing.T, idp *fakeidp.Provider, flow string) *party {
	t.Helper()
	rp := newParty(t, idp, "contoso.example")
	authority := idp.Authority("contoso.example/" + flow)
	rp.config.Endpoint.AuthURL = authority + "/oauth2/v2.0/authorize"
	rp.config.Endpoint.TokenURL = authority + "/oauth2/v2.0/token"
	rp.verifier = oidc.NewVerifier(idp.BaseURL()+"/"+fakeidp.ContosoTenantID+"/v2.0/",
		oidc.NewRemoteKeySet(t.Context(), authority+"/discovery/v2.0/keys"), &oidc.Config{ClientID: fakeidp.DefaultClientID})
	return rp
}

func TestUserFlowsSignIn(t *testing.T) {
	idp := start(t)
	rp := newFlow(t, idp, "B2C_1_signupsignin1")
	token, claims := rp.signIn(fakeidp.UserMember)
	assert.Equal(t, "B2C_1_signupsignin1", claims["tfp"])
	assert.Equal(t, "1.0", claims["ver"])
	assert.Equal(t, "Adele Vance", claims["name"])
	for _, name := range []string{"tid", "oid", "preferred_username", "login_hint", "sid"} {
		assert.NotContains(t, claims, name)
	}
	assert.NotEmpty(t, token.AccessToken)
	assert.NotEmpty(t, token.RefreshToken)
	rp.config.Scopes = []string{"openid"}
	_, err := rp.exchange(rp.code(fakeidp.UserMember))
	require.ErrorContains(t, err, "access_token", "B2C sends none without a scope of an API")
}

// A code or refresh token of one user flow is of no use at another.
func TestGrantsOfAnotherUserFlowAreRefused(t *testing.T) {
	idp := start(t)
	signIn, edit := newFlow(t, idp, "B2C_1_signupsignin1"), newFlow(t, idp, "b2c_1_profileediting1")
	edit.pkce = signIn.pkce
	_, err := edit.exchange(signIn.code(fakeidp.UserMember))
	require.ErrorContains(t, err, "AADB2C90088")
	token, _ := signIn.signIn(fakeidp.UserMember)
	_, err = edit.config.TokenSource(t.Context(), &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	require.ErrorContains(t, err, "AADB2C90088")
	_, err = signIn.config.TokenSource(t.Context(), &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	require.NoError(t, err)
	response, err := http.Get(idp.Authority("contoso.example/B2C_1_other") + "/v2.0/.well-known/openid-configuration")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, http.StatusBadRequest, response.StatusCode)
}

func TestUserFlowsEditAndErrors(t *testing.T) {
	idp := start(t)
	edit := newFlow(t, idp, "B2C_1_profileediting1")
	answer, err := idp.EditProfile(edit.authURL(), fakeidp.UserMember, "Adele Newname")
	require.NoError(t, err)
	_, err = edit.exchange(answer.Values.Get("code"))
	require.NoError(t, err)
	_, claims := newFlow(t, idp, "B2C_1_signupsignin1").signIn(fakeidp.UserMember)
	assert.Equal(t, "Adele Newname", claims["name"])

	answer, err = idp.Decline(edit.authURL())
	require.NoError(t, err)
	assert.Equal(t, "access_denied", answer.Values.Get("error"))
	assert.True(t, strings.HasPrefix(answer.Values.Get("error_description"), "AADB2C90091: "))
	answer, err = idp.ForgetPassword(newFlow(t, idp, "B2C_1_signupsignin1").authURL())
	require.NoError(t, err)
	assert.Equal(t, "access_denied", answer.Values.Get("error"))
	assert.True(t, strings.HasPrefix(answer.Values.Get("error_description"), "AADB2C90118: "))
}

// The buttons of the pages lead to the same responses.
func TestPagesOfUserFlows(t *testing.T) {
	idp := start(t)
	for _, c := range []struct {
		flow   string
		form   url.Values
		answer string // part of the callback's query, or of the next page
	}{
		{"B2C_1_signupsignin1", url.Values{"forgot": {"1"}}, "AADB2C90118"},
		{"B2C_1_signupsignin1", url.Values{"cancel": {"1"}}, "AADB2C90091"},
		{"B2C_1_signupsignin1", url.Values{"register": {"1"}}, "Create an account"},
		{"B2C_1_signupsignin1", url.Values{"register": {"1"}, "name": {"Nora"}}, "code="},
		{"B2C_1_signupsignin1", url.Values{"register": {"1"}, "name": {strings.Repeat("n", 101)}}, "Create an account"},
		{"B2C_1_profileediting1", url.Values{"account": {fakeidp.UserMember}}, "Edit your profile"},
		{"B2C_1_profileediting1", url.Values{"account": {fakeidp.UserMember}, "name": {"Adele"}}, "code="},
		{"B2C_1_profileediting1", url.Values{"forgot": {"1"}}, "AADSTS50034"},
		{"B2C_1_passwordreset1", url.Values{"account": {fakeidp.UserMember}}, "code="},
		{"B2C_1_passwordreset1", url.Values{"register": {"1"}, "name": {"Nora"}}, "AADSTS50034"},
	} {
		person := newPerson(t)
		page := person.open(newFlow(t, idp, c.flow).authURL())
		next := person.pickPage(page.Request.URL.String(), read(t, page), c.form)
		assert.Contains(t, next.Header.Get("Location")+read(t, next), c.answer, "%s %v", c.flow, c.form)
	}
}

func TestRegistrationByPrompt(t *testing.T) {
	rp := newParty(t, start(t, func(c *fakeidp.Config) { c.SignUp = true }), "contoso.example")
	create := oauth2.SetAuthURLParam("prompt", "create")
	person := newPerson(t)
	assert.Contains(t, read(t, person.open(rp.authURL(create))), "Create an account")
	plain := newParty(t, start(t), "contoso.example")
	answer, err := plain.idp.Authorize(plain.authURL(create), fakeidp.UserMember)
	require.NoError(t, err)
	assert.Contains(t, answer.Values.Get("error_description"), "AADSTS90023")
}
