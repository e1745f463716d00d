package entra_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/fakeidp/forgery"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

const (
	b2cDomain = "contoso.onmicrosoft.com"
	susi      = "B2C_1_signupsignin1"
	edit      = "B2C_1_profileediting1"
	reset     = "B2C_1_passwordreset1"
)

// newB2C returns a B2C tenant and an adapter with its three user flows. change can be nil.
func newB2C(t testing.TB, change func([]fakeidp.UserFlow)) world {
	flows := fakeidp.DefaultUserFlows()
	if change != nil {
		change(flows)
	}
	return newWorld(t, b2cDomain+"/"+susi, func(idp *fakeidp.Config, c *entra.Config) {
		idp.Tenants = fakeidp.DefaultTenants()
		idp.Tenants[0].Domain, idp.Tenants[0].UserFlows = b2cDomain, flows
		c.EditProfilePolicy, c.ResetPasswordPolicy = edit, reset
	})
}

// namePolicies makes the issuers of all flows name the flow, so that they differ.
func namePolicies(flows []fakeidp.UserFlow) {
	for i := range flows {
		flows[i].NamesPolicy = true
	}
}

// useACR makes all flows write their name into the claim acr.
func useACR(flows []fakeidp.UserFlow) {
	for i := range flows {
		flows[i].PolicyClaim = "acr"
	}
}

func (w world) beginFlow(t testing.TB, f ports.Flow) ports.Authorization {
	t.Helper()
	a, err := w.provider.Begin(t.Context(), ports.AuthorizationRequest{State: testState, Flow: f})
	require.NoError(t, err)
	return a
}

func (w world) editProfile(t testing.TB, username, name string) (ports.SignedIn, error) {
	t.Helper()
	a := w.beginFlow(t, ports.FlowEditProfile)
	answer, err := w.idp.EditProfile(a.URL, username, name)
	require.NoError(t, err)
	return w.provider.Complete(t.Context(), callback(answer), a.Secret)
}

func TestB2CKeepsTheContract(t *testing.T) {
	for name, change := range map[string]func([]fakeidp.UserFlow){"one issuer": nil, "an issuer for each flow": namePolicies, "acr": useACR} {
		t.Run(name, func(t *testing.T) {
			portstest.IdentityProvider(t, func(t *testing.T) portstest.ProviderHarness {
				w := newB2C(t, change)
				w.idp.MutateMetadata(func(_ string, m map[string]any) { m["prompt_values_supported"] = []string{"select_account"} })
				h := harness(t, w)
				h.SignLogout = nil // B2C has no back-channel logout
				return h
			})
		})
	}
}

func TestPolicyOfAzureADB2C(t *testing.T) {
	for path, change := range map[string]func([]fakeidp.UserFlow){
		"/" + fakeidp.ContosoTenantID + "/v2.0/":                         nil,
		"/tfp/" + fakeidp.ContosoTenantID + "/b2c_1_signupsignin1/v2.0/": namePolicies,
	} {
		w := newB2C(t, change)
		in := w.mustSignIn(t, fakeidp.UserMember)
		assert.Equal(t, w.idp.BaseURL()+path, in.Identity.Issuer)
		assert.NotEmpty(t, in.Identity.Subject)
		assert.Empty(t, in.Identity.TenantID)
		assert.Empty(t, in.Identity.ObjectID, "an object ID without its tenant names nobody")
		assert.Empty(t, in.Tokens.AccessTokens)

		in = w.mustSignIn(t, fakeidp.UserMember, apiScope)
		require.Len(t, in.Tokens.AccessTokens, 1)
		fresh, err := w.provider.Refresh(t.Context(), refreshOf(in))
		require.NoError(t, err)
		assert.NotEqual(t, in.Tokens.RefreshToken, fresh.RefreshToken)
		for _, request := range w.idp.Log(fakeidp.EndpointAuthorize) {
			assert.False(t, request.Form.Has("prompt"), "not every policy knows select_account")
			assert.False(t, request.Form.Has("claims"))
		}
		signsOutAsB2C(t, w, in)
	}
}

// signsOutAsB2C requires id_token_hint, because B2C does not support logout_hint.
func signsOutAsB2C(t *testing.T, w world, in ports.SignedIn) {
	to, err := w.provider.EndSessionURL(t.Context(), in.Tokens.SignOutHint)
	require.NoError(t, err)
	u, err := url.Parse(to)
	require.NoError(t, err)
	assert.Contains(t, strings.ToLower(u.Path), strings.ToLower(susi), "sign-out is at the flow of the sign-in")
	assert.Equal(t, in.Tokens.SignOutHint, u.Query().Get("id_token_hint"))
	assert.Equal(t, 3, len(strings.Split(u.Query().Get("id_token_hint"), ".")))
	assert.Equal(t, fakeidp.DefaultClientID, u.Query().Get("client_id"))
	assert.Equal(t, homeURI, u.Query().Get("post_logout_redirect_uri"))
	assert.False(t, u.Query().Has("logout_hint"))
}

func TestPolicyWithATenantClaim(t *testing.T) {
	w := newB2C(t, nil)
	w.idp.Mutate(all(set("tid", fakeidp.ContosoTenantID), set("oid", "0f5d2b6e-1c47-4a83-9be2-7a60d3f1c851")))
	in := w.mustSignIn(t, fakeidp.UserMember)
	assert.Equal(t, fakeidp.ContosoTenantID, in.Identity.TenantID)
	assert.NotEmpty(t, in.Identity.ObjectID)
	w.idp.Mutate(set("tid", fakeidp.FabrikamTenantID))
	_, err := w.signIn(t, fakeidp.UserMember)
	require.ErrorIs(t, err, ports.ErrTokenRefused)
}

// A user flow whose subject claim is set to "Not supported" sends the same sub for
// everybody. Accepted, it would make one user of all people.
func TestASubjectThatIsEverybodysIsRefused(t *testing.T) {
	w := newB2C(t, nil)
	w.idp.Mutate(set("sub", "Not supported currently. Use oid claim."))
	_, err := w.signIn(t, fakeidp.UserMember)
	require.ErrorIs(t, err, ports.ErrTokenRefused)
	require.ErrorContains(t, err, "ObjectID", "the log says what to change")
}

// The flows of a tenant have the same issuer and keys by default, so tfp (or acr) decides.
func TestTokenOfAnotherUserFlowIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change forgery.Change
		held   bool
	}{
		"its own":             {set("tfp", susi), true},
		"in small letters":    {set("tfp", strings.ToLower(susi)), true},
		"none":                {drop("tfp"), true},
		"null":                {set("tfp", nil), true},
		"acr":                 {all(drop("tfp"), set("acr", susi)), true},
		"an acr of its own":   {set("acr", "urn:strong"), true},
		"edit":                {set("tfp", edit), false},
		"reset":               {set("tfp", reset), false},
		"acr of edit":         {all(drop("tfp"), set("acr", edit)), false},
		"null, acr of edit":   {all(set("tfp", nil), set("acr", edit)), false},
		"a longer name":       {set("tfp", susi+"0"), false},
		"empty":               {set("tfp", ""), false},
		"a number":            {set("tfp", 1), false},
		"a list":              {set("tfp", []string{susi}), false},
		"another flow's name": {all(drop("tfp"), set("acr", "B2C_1_other")), false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newB2C(t, nil)
			before := w.mustSignIn(t, fakeidp.UserMember, apiScope)
			w.idp.Mutate(c.change)
			_, err := w.signIn(t, fakeidp.UserMember)
			_, refreshErr := w.provider.Refresh(t.Context(), refreshOf(before))
			if c.held {
				require.NoError(t, err)
				require.NoError(t, refreshErr)
				return
			}
			require.ErrorIs(t, err, ports.ErrTokenRefused)
			require.ErrorIs(t, refreshErr, ports.ErrTokenRefused)
			assertNothingSecret(t, err)
		})
	}
}

// Each flow is begun, redeemed and verified at its own endpoints.
func TestEachUserFlowHasItsOwnEndpoints(t *testing.T) {
	for name, change := range map[string]func([]fakeidp.UserFlow){"one issuer": nil, "an issuer for each flow": namePolicies} {
		t.Run(name, func(t *testing.T) {
			w := newB2C(t, change)
			before := w.mustSignIn(t, fakeidp.UserMember)
			after, err := w.editProfile(t, fakeidp.UserMember, "Adele Newname")
			require.NoError(t, err)
			assert.Equal(t, before.Identity.Issuer, after.Identity.Issuer, "the same person in all flows")
			assert.Equal(t, before.Identity.Subject, after.Identity.Subject)
			assert.Equal(t, "Adele Newname", after.Identity.Name)

			requests := w.idp.Log(fakeidp.EndpointToken)
			require.Len(t, requests, 2)
			assert.Contains(t, strings.ToLower(requests[0].Path), strings.ToLower(susi))
			assert.Contains(t, strings.ToLower(requests[1].Path), strings.ToLower(edit))
			assert.Contains(t, w.beginFlow(t, ports.FlowResetPassword).URL, strings.ToLower(reset))
			assert.Contains(t, w.beginFlow(t, ports.FlowSignUp).URL, strings.ToLower(susi))
		})
	}
}

func TestTokenOfTheEditFlow(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world)
	}{
		"it is the sign-in's": {func(w *world) { w.idp.Mutate(set("tfp", susi)) }},
		"its key is the sign-in's only": {func(w *world) {
			w.idp.MutateKeys(func(segment string, document map[string]any) {
				if strings.HasSuffix(segment, strings.ToLower(edit)) {
					document["keys"].([]any)[0].(map[string]any)["kid"] = "another"
				}
			})
			w.mustSignIn(t, fakeidp.UserMember)
		}},
		"its subject is nobody's": {func(w *world) {
			w.idp.Mutate(set("sub", "Not supported currently. Use oid claim."))
		}},
		"its flow is in another tenant": {func(w *world) {
			issuer := w.idp.BaseURL() + "/" + fakeidp.FabrikamTenantID + "/v2.0/"
			w.idp.MutateMetadata(func(segment string, m map[string]any) {
				if strings.HasSuffix(segment, strings.ToLower(edit)) {
					m["issuer"] = issuer
				}
			})
			w.idp.Mutate(set("iss", issuer))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newB2C(t, nil)
			c.change(&w)
			_, err := w.editProfile(t, fakeidp.UserMember, "Adele")
			require.ErrorIs(t, err, ports.ErrTokenRefused)
			assertNothingSecret(t, err)
		})
	}
}

// The metadata of one flow must not name another flow's issuer.
func TestMetadataOfAnotherUserFlowAreRefused(t *testing.T) {
	w := newB2C(t, namePolicies)
	w.idp.MutateMetadata(func(segment string, m map[string]any) {
		m["issuer"] = w.idp.BaseURL() + "/tfp/" + fakeidp.ContosoTenantID + "/" + strings.ToLower(edit) + "/v2.0/"
	})
	_, err := w.provider.Begin(t.Context(), ports.AuthorizationRequest{State: testState})
	require.ErrorIs(t, err, ports.ErrProviderSetup)
	_, err = w.provider.Begin(t.Context(), ports.AuthorizationRequest{State: testState, Flow: ports.FlowEditProfile})
	require.NoError(t, err)
}

// A flow that fails stops no other flow, and the application stays ready.
func TestOneUserFlowFails(t *testing.T) {
	w := newB2C(t, nil)
	w.mustSignIn(t, fakeidp.UserMember)
	for name, fault := range map[string]fakeidp.Fault{
		"404": {Status: http.StatusNotFound, Body: "no such policy"}, "500": {Status: http.StatusInternalServerError},
		"not JSON": {Body: "<html>"}, "empty": {Body: "{}"}, "cut": {Cut: true}, "huge": {Body: "{", Size: 8 << 20}, "wrong type": {Body: "x", ContentType: "text/html"},
	} {
		w.idp.Fail(fakeidp.EndpointMetadata, fault)
		_, err := w.provider.Begin(t.Context(), ports.AuthorizationRequest{State: testState, Flow: ports.FlowEditProfile})
		require.ErrorIs(t, err, ports.ErrProviderUnavailable, name)
		w.mustSignIn(t, fakeidp.UserMember)
		require.NoError(t, w.provider.Ready(t.Context()), name)
		w.clock.Advance(2 * time.Second)
		w.idp.Heal()
	}
	_, err := w.editProfile(t, fakeidp.UserMember, "Adele")
	require.NoError(t, err)
}

func TestCancelledAndForgotten(t *testing.T) {
	w := newB2C(t, nil)
	for _, flow := range []ports.Flow{ports.FlowSignIn, ports.FlowEditProfile, ports.FlowResetPassword} {
		a := w.beginFlow(t, flow)
		answer, err := w.idp.Decline(a.URL)
		require.NoError(t, err)
		_, err = w.provider.Complete(t.Context(), callback(answer), a.Secret)
		require.ErrorIs(t, err, ports.ErrCancelled)
		require.ErrorIs(t, err, ports.ErrDeclined)
		assertNothingSecret(t, err)
	}
	a := w.begin(t)
	answer, err := w.idp.ForgetPassword(a.URL)
	require.NoError(t, err)
	cb := callback(answer)
	_, err = w.provider.Complete(t.Context(), cb, a.Secret)
	require.ErrorIs(t, err, ports.ErrPasswordForgotten)

	// Both are refusals with access_denied only.
	cb.Error = "server_error"
	_, err = w.provider.Complete(t.Context(), cb, a.Secret)
	require.NotErrorIs(t, err, ports.ErrPasswordForgotten)
	require.ErrorIs(t, err, ports.ErrProviderUnavailable)
	assert.Empty(t, w.idp.Log(fakeidp.EndpointToken), "no request for a code that does not exist")
}

func TestUserFlowsOfTheConfiguration(t *testing.T) {
	w := newB2C(t, nil)
	for _, flow := range []ports.Flow{ports.FlowSignIn, ports.FlowEditProfile, ports.FlowResetPassword} {
		assert.True(t, w.provider.HasFlow(flow), flow)
	}
	assert.False(t, w.provider.HasFlow(ports.FlowSignUp), "B2C's metadata do not offer it")
	without := w.config
	without.EditProfilePolicy, without.ResetPasswordPolicy = "", ""
	alone, err := entra.New(without)
	require.NoError(t, err)
	assert.False(t, alone.HasFlow(ports.FlowEditProfile))
	_, err = alone.Begin(t.Context(), ports.AuthorizationRequest{State: testState, Flow: ports.FlowEditProfile})
	require.Error(t, err)
	a := w.beginFlow(t, ports.FlowEditProfile)
	_, err = alone.Complete(t.Context(), w.approve(t, a.URL, fakeidp.UserMember), a.Secret)
	require.ErrorIs(t, err, ports.ErrTokenRefused, "the flow was removed in between")

	for name, change := range map[string]func(*entra.Config){
		"a path":               func(c *entra.Config) { c.EditProfilePolicy = "../" + edit },
		"the flow of sign-ins": func(c *entra.Config) { c.ResetPasswordPolicy = strings.ToUpper(susi) },
		"two uses":             func(c *entra.Config) { c.ResetPasswordPolicy = edit },
		"no B2C":               func(c *entra.Config) { c.Authority = w.idp.Authority(fakeidp.ContosoTenantID) },
	} {
		c := w.config
		change(&c)
		_, err := entra.New(c)
		require.Error(t, err, name)
	}
}

// External ID offers the registration of an account in its metadata.
func TestRegistrationOfAnAccount(t *testing.T) {
	signUp := func(idp *fakeidp.Config, _ *entra.Config) { idp.SignUp = true }
	w := newWorld(t, fakeidp.ContosoTenantID, signUp)
	assert.False(t, w.provider.HasFlow(ports.FlowSignUp), "not known before the metadata are loaded")
	require.NoError(t, w.provider.Ready(t.Context()))
	assert.True(t, w.provider.HasFlow(ports.FlowSignUp))
	query := w.query(t, ports.AuthorizationRequest{State: testState, Flow: ports.FlowSignUp, LoginHint: "ada@contoso.example"})
	assert.Equal(t, []string{"create"}, query["prompt"])
	a := w.beginFlow(t, ports.FlowSignUp)
	in, err := w.provider.Complete(t.Context(), w.approve(t, a.URL, fakeidp.UserMember), a.Secret)
	require.NoError(t, err)
	assert.NotEmpty(t, in.Identity.Subject)

	plain := contoso(t)
	require.NoError(t, plain.provider.Ready(t.Context()))
	assert.False(t, plain.provider.HasFlow(ports.FlowSignUp))
	query = plain.query(t, ports.AuthorizationRequest{State: testState, Flow: ports.FlowSignUp})
	assert.Equal(t, []string{"select_account"}, query["prompt"], "the provider would refuse create")
}
