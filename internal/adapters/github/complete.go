package github

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// Bounds of what GitHub sends.
const (
	maxResponseBytes = 64 << 10 // a user has 2 kB
	maxCodeBytes     = 1024     // GitHub's codes have 20 characters
	maxTokenBytes    = 1000
	maxNameBytes     = 1024 // GitHub's own limit is 255 characters
)

// unusedLife is the time after which GitHub revokes an unused token of an OAuth
// app. Such a token has no expires_in.
const unusedLife = 365 * 24 * time.Hour

// Complete redeems the code and asks GitHub whose access token it received.
func (p *Provider) Complete(ctx context.Context, callback ports.Callback, secret string) (ports.SignedIn, error) {
	begun, err := providerhttp.ParseSecret(secret)
	if err != nil {
		return ports.SignedIn{}, err
	}
	if err := checkCallback(callback); err != nil {
		return ports.SignedIn{}, err
	}
	token, err := p.redeem(ctx, callback.Code, begun.Verifier)
	if err != nil {
		return ports.SignedIn{}, err
	}
	person, err := p.user(ctx, token.value)
	if err != nil {
		return ports.SignedIn{}, err
	}
	tokens := ports.Tokens{LoginHint: person.login}
	// GitHub always sends an access token. A token that no API call needs would be
	// a needless risk, so it is dropped.
	if len(begun.Scopes) > 0 {
		tokens.AccessTokens = []ports.AccessToken{{Value: token.value, Scopes: begun.Scopes, Expires: token.expires}}
	}
	return ports.SignedIn{
		Identity: ports.Identity{Issuer: Issuer, Subject: person.id, Name: person.name, Username: person.login},
		Claims: []ports.Claim{
			{Name: "name", Value: person.name}, {Name: "login", Value: person.login},
			{Name: "sub", Value: person.id}, {Name: "iss", Value: Issuer},
		},
		Tokens: tokens,
	}, nil
}

// checkCallback checks the callback before the code is sent anywhere. GitHub has
// sent iss (RFC 9207) since 2026 but does not promise to.
func checkCallback(callback ports.Callback) error {
	switch {
	case callback.Issuer != "" && callback.Issuer != Issuer:
		return providerhttp.Refused("it comes from another issuer")
	case callback.Error != "":
		return providerhttp.ProviderError(callback.Error)
	case callback.Code == "":
		return providerhttp.Refused("it has no authorization code")
	case len(callback.Code) > maxCodeBytes:
		return providerhttp.Refused("its authorization code is too long")
	}
	return nil
}

type accessToken struct {
	value   string
	expires time.Time
}

// redeem sends the code to the token endpoint, exactly once (RFC 6749, section
// 4.1.3).
func (p *Provider) redeem(ctx context.Context, code, verifier string) (accessToken, error) {
	response, err := p.client.RequestToken(ctx, providerhttp.TokenRequest{
		URL: tokenURL, ClientID: p.app.ClientID, Secret: p.app.ClientSecret(ctx), AuthStyle: oauth2.AuthStyleInParams,
		Params: url.Values{
			"grant_type":    {"authorization_code"},
			"code":          {code},
			"redirect_uri":  {p.app.RedirectURI},
			"code_verifier": {verifier},
		},
	})
	if err != nil {
		return accessToken{}, err
	}
	doc, err := readObject(response)
	switch {
	case err != nil:
		return accessToken{}, err
	case doc.Has("error"): // with status 200 too
		code, _ := doc.Text("error")
		return accessToken{}, providerhttp.ProviderError(code)
	case response.Status != http.StatusOK:
		return accessToken{}, &providerhttp.StatusError{Status: response.Status}
	}
	return readToken(doc, p.now())
}

// readObject reads a response of GitHub's.
func readObject(response providerhttp.Response) (providerhttp.Object, error) {
	if response.Status >= http.StatusInternalServerError || response.Status == http.StatusTooManyRequests {
		return providerhttp.Object{}, &providerhttp.StatusError{Status: response.Status}
	}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if kind != "application/json" || !json.Valid(response.Body) {
		return providerhttp.Object{}, providerhttp.Unavailable("its response is not JSON") // a proxy's page
	}
	doc, err := providerhttp.ParseObject(response.Body)
	if err != nil {
		return providerhttp.Object{}, providerhttp.Refused("its response is not a JSON object without duplicates")
	}
	return doc, nil
}

// readToken reads the access token and when it ends.
func readToken(doc providerhttp.Object, now time.Time) (accessToken, error) {
	value, _ := doc.Text("access_token")
	kind, isText := doc.Text("token_type")
	switch {
	case !isToken(value):
		return accessToken{}, providerhttp.Refused("it has no access token")
	case !isText, kind != "" && !strings.EqualFold(kind, "bearer"):
		return accessToken{}, providerhttp.Refused("its token is not a bearer token")
	}
	if !doc.Has("expires_in") {
		return accessToken{value, now.Add(unusedLife)}, nil
	}
	// The token of a GitHub App.
	seconds, err := strconv.ParseInt(string(doc.Raw("expires_in")), 10, 64)
	if err != nil || seconds < 0 || seconds > int64(unusedLife/time.Second) {
		return accessToken{}, providerhttp.Refused("its expires_in is not a number of seconds")
	}
	return accessToken{value, now.Add(time.Duration(seconds) * time.Second)}, nil
}

// isToken reports whether text can stand in an Authorization header (RFC 6750,
// section 2.1) and is short enough.
func isToken(text string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	body := strings.TrimRight(text, "=")
	return body != "" && len(text) <= maxTokenBytes && strings.Trim(body, letters+"0123456789-._~+/") == ""
}

// user is an account at GitHub.
type user struct {
	id    string
	login string
	name  string
}

// user asks GitHub's API whose access token this is.
func (p *Provider) user(ctx context.Context, token string) (user, error) {
	req, err := http.NewRequest(http.MethodGet, userURL, nil)
	if err != nil {
		return user{}, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	response, err := p.client.Do(providerhttp.WithEndpoint(ctx, providerhttp.EndpointUserInfo), req)
	if err != nil {
		return user{}, err
	}
	doc, err := readObject(response)
	if err != nil {
		return user{}, err
	}
	if response.Status != http.StatusOK {
		return user{}, &providerhttp.StatusError{Status: response.Status}
	}
	// The number is read as an integer: a float would round it.
	id, err := strconv.ParseInt(string(doc.Raw("id")), 10, 64)
	if err != nil || id <= 0 {
		return user{}, providerhttp.Refused("its user has no positive whole number as id")
	}
	login, _ := doc.Text("login")
	name, _ := doc.Text("name")
	if login == "" || len(login) > maxNameBytes {
		return user{}, providerhttp.Refused("its user has no login")
	}
	if len(name) > maxNameBytes {
		name = "" // for display only
	}
	return user{strconv.FormatInt(id, 10), login, strings.TrimSpace(name)}, nil
}
