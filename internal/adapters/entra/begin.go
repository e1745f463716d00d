package entra

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// Begin returns the authorization URL (OpenID Connect Core 1.0, section 3.1.2.1)
// with PKCE (RFC 7636). It uses PKCE even if the metadata do not announce it,
// because Entra supports PKCE without announcing it. If the provider takes pushed
// requests (RFC 9126), Begin sends the request to it, and the URL has request_uri only.
func (p *Provider) Begin(ctx context.Context, req ports.AuthorizationRequest) (ports.Authorization, error) {
	if err := providerhttp.CheckRequest(req); err != nil {
		return ports.Authorization{}, err
	}
	claims, err := p.claimsParameter(req)
	if err != nil {
		return ports.Authorization{}, err
	}
	f := p.flowNamed(req.Flow)
	if f == nil {
		return ports.Authorization{}, errNoFlow
	}
	m, err := f.metadata.get(ctx)
	if err != nil {
		return ports.Authorization{}, err
	}
	t, err := providerhttp.NewTransaction(p.rand, req.Scopes)
	if err != nil {
		return ports.Authorization{}, err
	}
	if f != p.flow {
		t.Flow = req.Flow
	}
	parameters := url.Values{"nonce": {t.Nonce}, "response_mode": {p.cfg.ResponseMode}}
	if req.UILocales != "" && (p.authority.Entra() || m.locales) {
		parameters.Set("ui_locales", req.UILocales)
	}
	p.addAccountChoice(parameters, m, req)
	if req.MaxAge != nil {
		parameters.Set("max_age", strconv.FormatInt(int64(*req.MaxAge/time.Second), 10))
	}
	if len(req.ACRValues) > 0 {
		parameters.Set("acr_values", strings.Join(req.ACRValues, " "))
	}
	if claims != "" {
		parameters.Set("claims", claims)
	}
	request, err := p.authorizationRequest(req, t, parameters)
	if err != nil {
		return ports.Authorization{}, err
	}
	location, err := p.authorizationURL(ctx, m, request)
	if err != nil {
		return ports.Authorization{}, err
	}
	return ports.Authorization{URL: location, Secret: t.Secret()}, nil
}

// addAccountChoice adds the parameters that decide which account signs in: login_hint,
// domain_hint and prompt. Entra refuses a login_hint together with select_account, and an
// opaque login_hint together with a domain_hint (AADSTS1002014).
func (p *Provider) addAccountChoice(parameters url.Values, m metadata, req ports.AuthorizationRequest) {
	if req.Flow == ports.FlowSignUp && m.beginsWithRegistration() {
		parameters.Set("prompt", promptCreate)
		return
	}
	hint := req.LoginHint
	if hint == "" && p.authority.EntraParameters() {
		hint = req.Person.Username
	}
	if hint != "" {
		parameters.Set("login_hint", hint)
	} else if p.cfg.DomainHint != "" {
		parameters.Set("domain_hint", p.cfg.DomainHint)
	}
	// The person of a step-up is known. Without a hint, the provider continues its
	// session in this browser.
	known := hint != "" || req.Person.Subject != ""
	if prompt := p.prompt(m); prompt != "" && !(known && prompt == PromptSelectAccount) {
		parameters.Set("prompt", prompt)
	}
}

// prompt returns the prompt of sign-ins, or "". Providers other than Entra may not
// support select_account.
func (p *Provider) prompt(m metadata) string {
	knowsAccounts := p.authority.EntraParameters() || slices.Contains(m.prompts, PromptSelectAccount)
	if p.cfg.NoPrompt || p.cfg.Prompt == "" && !knowsAccounts {
		return ""
	}
	return cmp.Or(p.cfg.Prompt, PromptSelectAccount)
}

// authorizationRequest returns parameters together with those of OAuth 2.0 and PKCE,
// which come from x/oauth2.
func (p *Provider) authorizationRequest(req ports.AuthorizationRequest, t providerhttp.Transaction, parameters url.Values) (url.Values, error) {
	config := oauth2.Config{ClientID: p.cfg.ClientID, RedirectURL: p.cfg.RedirectURI, Scopes: requestedScopes(req.Scopes)}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(t.Verifier)}
	for name := range parameters {
		options = append(options, oauth2.SetAuthURLParam(name, parameters.Get(name)))
	}
	built, err := url.Parse(config.AuthCodeURL(req.State, options...))
	if err != nil {
		return nil, err
	}
	return built.Query(), nil
}

// addQuery returns the endpoint's URL with parameters. The endpoint's own query stays
// as it is (RFC 6749, section 3.1).
func addQuery(endpoint string, parameters url.Values) string {
	separator := "?"
	if strings.Contains(endpoint, "?") {
		separator = "&"
	}
	return endpoint + separator + parameters.Encode()
}

// errClaims means that the caller passed a malformed claims request. A browser
// cannot cause it.
var errClaims = errors.New("authorization request: claims must be one JSON object of sensible size without duplicates")

// claimsParameter returns the claims parameter of an authorization request: the
// requested claims together with the client capability, or "" for neither.
func (p *Provider) claimsParameter(req ports.AuthorizationRequest) (string, error) {
	if len(req.Claims) > providerhttp.MaxClaims {
		return "", errClaims
	}
	capability := p.capability(req.Scopes)
	if req.Claims == "" {
		return capability, nil
	}
	if _, err := providerhttp.ParseObject([]byte(req.Claims)); err != nil {
		return "", errClaims
	}
	if capability == "" {
		return req.Claims, nil
	}
	return string(merge([]byte(req.Claims), []byte(capability))), nil
}

// clientCapability tells Entra that this application handles claims challenges of
// its APIs (continuous access evaluation). Entra then issues access tokens that
// last for many hours and that an API can refuse at any time.
const clientCapability = `{"access_token":{"xms_cc":{"values":["cp1"]}}}`

// capability returns the claims parameter for a request with these API scopes. It
// returns "" if there are no scopes, or if the provider does not support client
// capabilities.
func (p *Provider) capability(scopes []string) string {
	if len(scopes) == 0 || !p.authority.EntraParameters() {
		return ""
	}
	return clientCapability
}

// merge puts the members of more into base. It merges objects and replaces other
// values. It keeps a member that is null: in a claims request, null asks for the
// claim.
func merge(base, more json.RawMessage) json.RawMessage {
	var into, from map[string]json.RawMessage
	if json.Unmarshal(base, &into) != nil || json.Unmarshal(more, &from) != nil || into == nil || from == nil {
		return more
	}
	for name, value := range from {
		into[name] = merge(into[name], value)
	}
	merged, err := json.Marshal(into)
	if err != nil {
		return more
	}
	return merged
}

// requestedScopes returns the scopes of a request: the scopes of OpenID Connect and
// of the API. It asks for a refresh token only if there is an access token to
// renew.
func requestedScopes(api []string) []string {
	scopes := []string{"openid", "profile"}
	if len(api) > 0 {
		scopes = append(scopes, "offline_access")
	}
	for _, scope := range api {
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}
