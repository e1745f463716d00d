package entra

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"webapp/internal/adapters/entra/credential"
	"webapp/internal/providerhttp"
)

const (
	// defaultTokenLife is the lifetime of an access token whose response has no
	// usable expires_in.
	defaultTokenLife = 5 * time.Minute
	// maxTokenLife bounds expires_in.
	maxTokenLife = 30 * 24 * time.Hour
	// credentialPause is the wait before a request is repeated because the provider
	// does not accept a new credential yet.
	credentialPause = time.Second
)

// tokenResponse is a successful response of the token endpoint (RFC 6749, section
// 5.1; OpenID Connect Core 1.0, section 3.1.3.3).
type tokenResponse struct {
	accessToken  string // empty if the provider sent none, as Azure AD B2C may
	refreshToken string
	idToken      string
	scope        string // empty if it is not a string
	expires      time.Time
}

// requestTokens sends a token request for an API's scopes and reads the response.
// It repeats the request once if the provider does not accept a new credential yet.
// The provider has then not read the code, so the code is still valid.
func (p *Provider) requestTokens(ctx context.Context, m metadata, scopes []string, params url.Values) (tokenResponse, error) {
	if capability := p.capability(scopes); capability != "" {
		params.Set("claims", capability)
	}
	for repeated := false; ; repeated = true {
		response, err := p.postTokenRequest(ctx, m, params)
		if err != nil {
			return tokenResponse{}, err
		}
		tokens, err := p.readTokens(response)
		if repeated || !p.credential.UnknownYet(err) || p.client.Pause(ctx, credentialPause) != nil {
			return tokens, providerhttp.WithRetryAfter(err, response, p.clock())
		}
	}
}

// postTokenRequest sends one request to the token endpoint.
func (p *Provider) postTokenRequest(ctx context.Context, m metadata, params url.Values) (providerhttp.Response, error) {
	request, err := p.clientRequest(ctx, m.token, params)
	if err != nil {
		return providerhttp.Response{}, err
	}
	return p.client.RequestToken(ctx, request)
}

// postForm sends one request to another endpoint that authenticates the application.
// name is its name in metrics and traces.
func (p *Provider) postForm(ctx context.Context, name string, endpoint credential.Endpoint, params url.Values) (providerhttp.Response, error) {
	request, err := p.clientRequest(ctx, endpoint, params)
	if err != nil {
		return providerhttp.Response{}, err
	}
	return p.client.PostForm(ctx, name, request)
}

// clientRequest returns a request to the endpoint with the application's credential. It
// adds client assertions to params.
func (p *Provider) clientRequest(ctx context.Context, endpoint credential.Endpoint, params url.Values) (providerhttp.TokenRequest, error) {
	request := providerhttp.TokenRequest{URL: endpoint.URL, ClientID: p.cfg.ClientID, Params: params}
	err := p.credential.Authenticate(ctx, endpoint, &request)
	return request, err
}

// readTokens reads the response of the token endpoint, which may be an error.
func (p *Provider) readTokens(response providerhttp.Response) (tokenResponse, error) {
	doc, err := providerhttp.ParseObject(response.Body)
	switch {
	case err == nil && doc.Has("error"):
		return tokenResponse{}, tokenEndpointError(response.Status, doc)
	case response.Status != http.StatusOK:
		return tokenResponse{}, &providerhttp.StatusError{Status: response.Status}
	case err != nil && !json.Valid(response.Body):
		// The body can be a proxy's page or an incomplete response. The next
		// request may succeed.
		return tokenResponse{}, providerhttp.Unavailable("its response is not JSON")
	case err != nil:
		return tokenResponse{}, providerhttp.Refused("the token endpoint's response is not a JSON object without duplicates")
	}
	var tokens tokenResponse
	var kind string
	for name, field := range map[string]*string{
		"access_token":  &tokens.accessToken,
		"refresh_token": &tokens.refreshToken,
		"id_token":      &tokens.idToken,
		"token_type":    &kind,
	} {
		text, ok := doc.Text(name)
		if !ok {
			return tokenResponse{}, providerhttp.Refused("the token endpoint's " + name + " is not a string")
		}
		*field = text
	}
	if tokens.accessToken != "" && kind != "" && !strings.EqualFold(kind, "Bearer") {
		return tokenResponse{}, providerhttp.Refused("the access token is not a bearer token")
	}
	tokens.scope, _ = doc.Text("scope")
	tokens.expires = p.clock().Add(lifetime(string(doc.Raw("expires_in"))))
	return tokens, nil
}

// lifetime reads expires_in: seconds, as a number or as a string.
func lifetime(raw string) time.Duration {
	seconds, err := strconv.ParseInt(strings.Trim(raw, `"`), 10, 64)
	if err != nil || seconds < 0 {
		return defaultTokenLife
	}
	return min(time.Duration(min(seconds, 1e8))*time.Second, maxTokenLife)
}
