package entra

import (
	"context"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"webapp/internal/adapters/entra/idtoken"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

const (
	// maxCodeBytes bounds an authorization code. Entra's have more than 900
	// characters.
	maxCodeBytes = 16 << 10
	// userInfoTimeout bounds the request for a name. No sign-in waits longer for
	// something that is only displayed.
	userInfoTimeout = 3 * time.Second
)

// Complete redeems the authorization code, verifies the ID token and returns who
// signed in. If the ID token has no name, Complete asks the UserInfo endpoint.
func (p *Provider) Complete(ctx context.Context, callback ports.Callback, secret string) (ports.SignedIn, error) {
	begun, err := providerhttp.ParseSecret(secret)
	if err != nil {
		return ports.SignedIn{}, err
	}
	f := p.flowNamed(begun.Flow)
	if f == nil {
		return ports.SignedIn{}, providerhttp.Refused("its user flow is no longer configured")
	}
	m, err := f.metadata.get(ctx)
	if err != nil {
		return ports.SignedIn{}, err
	}
	if err := checkCallback(callback, m); err != nil {
		return ports.SignedIn{}, err
	}
	response, err := p.requestTokens(ctx, m, begun.Scopes, url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {callback.Code},
		"redirect_uri":  {p.cfg.RedirectURI},
		"code_verifier": {begun.Verifier},
	})
	if err != nil {
		return ports.SignedIn{}, codeError(err)
	}
	if response.idToken == "" {
		return ports.SignedIn{}, providerhttp.Refused("the token endpoint's response has no ID token")
	}
	token, err := p.verifier(f, m, bySignIn).Verify(ctx, response.idToken, idtoken.Expected{
		Nonce:       begun.Nonce,
		Issuer:      callback.Issuer,
		AccessToken: response.accessToken,
	})
	if err != nil {
		return ports.SignedIn{}, err
	}
	if err := p.identify(ctx, f, &token.Identity); err != nil {
		return ports.SignedIn{}, err
	}
	if err := p.addNames(ctx, m, &token.Identity, response); err != nil {
		return ports.SignedIn{}, err
	}
	tokens := ports.Tokens{
		RefreshToken: response.refreshToken,
		LoginHint:    token.LoginHint,
		SignOutHint:  response.idToken,
		Nonce:        begun.Nonce,
		Groups:       token.Groups,
	}
	if p.authority.EntraParameters() {
		tokens.SignOutHint = token.LoginHint
	}
	// Entra always sends an access token. A token that no API call needs would be
	// a needless risk, so it is dropped.
	if response.accessToken != "" && len(begun.Scopes) > 0 {
		tokens.AccessTokens = []ports.AccessToken{{Value: response.accessToken, Scopes: begun.Scopes, Expires: response.expires}}
	}
	return ports.SignedIn{Identity: token.Identity, Claims: token.Claims, Tokens: tokens}, nil
}

// checkCallback checks the callback before the code is sent anywhere. The check
// of iss prevents a mix-up of providers (RFC 9207, section 2.4). Entra sends no
// iss; a provider whose metadata announce iss must send it.
func checkCallback(callback ports.Callback, m metadata) error {
	switch {
	case (callback.Issuer != "" || m.sendsIssuer) && !m.issuer.Matches(callback.Issuer):
		return providerhttp.Refused("it comes from another issuer")
	case callback.Error != "":
		return newProviderError(callback.Error, callback.ErrorDescription)
	case callback.Code == "":
		return providerhttp.Refused("it has no authorization code")
	case len(callback.Code) > maxCodeBytes:
		return providerhttp.Refused("its authorization code is too long")
	}
	return nil
}

// verifier returns the verifier of a flow's ID tokens and logout tokens. cause says
// whether an unknown key ID comes from an ID token or from a logout token.
func (p *Provider) verifier(f *flow, m metadata, cause refetchCause) idtoken.Verifier {
	return idtoken.Verifier{
		Authority:    f.authority,
		Issuer:       m.issuer,
		Algorithms:   m.algorithms,
		ClientID:     p.cfg.ClientID,
		AllowsTenant: p.allowsTenant,
		Keys: func(ctx context.Context, keyID string) (idtoken.KeySet, error) {
			return p.signingKeys(ctx, f, keyID, cause)
		},
		Clock: p.clock,
		Log:   p.log,
	}
}

// addNames asks the UserInfo endpoint (OpenID Connect Core 1.0, section 5.3) for
// the names of a person whose ID token has none. It takes nothing else from the
// response: no groups, no roles, no identity.
//
// A response about another subject, or about none, refuses the sign-in (section
// 5.3.2). After any other failure the person is signed in without a name.
func (p *Provider) addNames(ctx context.Context, m metadata, who *ports.Identity, tokens tokenResponse) error {
	// The endpoint needs the scope openid. If the response lists no scopes, all
	// requested scopes were granted (RFC 6749, section 5.1).
	scopes := strings.Fields(tokens.scope)
	mayAsk := tokens.accessToken != "" && (len(scopes) == 0 || slices.Contains(scopes, "openid"))
	if m.userInfo == "" || !mayAsk || strings.TrimSpace(who.Name+who.Username) != "" {
		return nil
	}
	claims, err := p.requestUserInfo(ctx, m.userInfo, tokens.accessToken)
	if err != nil {
		p.log.WarnContext(ctx, "userinfo not loaded; the person is signed in without a name", slog.Any("err", err))
		return nil
	}
	if sub, ok := claims.Text("sub"); !ok || sub != who.Subject {
		return providerhttp.Refused("the userinfo is not about the ID token's subject")
	}
	who.Name, who.Username = idtoken.DisplayText(claims, "name"), idtoken.DisplayText(claims, "preferred_username")
	return nil
}

// requestUserInfo sends one request. The access token is only in the header (RFC
// 6750, section 2.1). Signed and encrypted responses (application/jwt) are not
// supported.
func (p *Provider) requestUserInfo(ctx context.Context, target, accessToken string) (providerhttp.Object, error) {
	req, err := http.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		return providerhttp.Object{}, providerhttp.Unavailable("the URL cannot be requested")
	}
	req.Header.Set("Authorization", "Bearer "+accessToken)
	req.Header.Set("Accept", "application/json")
	ctx, cancel := context.WithTimeout(providerhttp.WithEndpoint(ctx, providerhttp.EndpointUserInfo), userInfoTimeout)
	defer cancel()
	response, err := p.client.Do(ctx, req)
	if err != nil {
		return providerhttp.Object{}, err
	}
	if response.Status != http.StatusOK {
		return providerhttp.Object{}, &providerhttp.StatusError{Status: response.Status}
	}
	if kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return providerhttp.Object{}, providerhttp.Unavailable("its response is not application/json")
	}
	claims, err := providerhttp.ParseObject(response.Body)
	if err != nil {
		return providerhttp.Object{}, providerhttp.Unavailable("its response is not a JSON object without duplicates")
	}
	return claims, nil
}
