package github

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// maxCodeBytes bounds an authorization code; GitHub's have 20 characters.
const maxCodeBytes = 1024

// Complete redeems the code and asks whose access token it got.
func (p *Provider) Complete(ctx context.Context, callback ports.Callback, secret string) (ports.SignedIn, error) {
	t, err := providerhttp.ParseSecret(secret)
	if err != nil {
		return ports.SignedIn{}, err
	}
	if err := checkCallback(callback); err != nil {
		return ports.SignedIn{}, err
	}
	token, err := p.redeem(ctx, callback.Code, t.Verifier)
	if err != nil {
		return ports.SignedIn{}, err
	}
	who, err := p.user(ctx, token.value)
	if err != nil {
		return ports.SignedIn{}, err
	}
	grant := ports.Tokens{LoginHint: who.login}
	// GitHub gives everybody a token; keeping one that nobody asked for would be
	// a needless risk.
	if len(t.Scopes) > 0 {
		grant.AccessTokens = []ports.AccessToken{{Value: token.value, Scopes: t.Scopes, Expires: token.expires}}
	}
	return ports.SignedIn{Identity: who.identity(), Claims: who.claims(), Tokens: grant}, nil
}

// checkCallback looks at GitHub's answer before the code is posted anywhere.
// GitHub has sent iss (RFC 9207) since 2026 and does not promise to.
func checkCallback(callback ports.Callback) error {
	switch {
	case callback.Issuer != "" && callback.Issuer != Issuer:
		return refuse("it comes from another issuer")
	case callback.Error != "":
		return newProviderError(callback.Error)
	case callback.Code == "":
		return refuse("it has no authorization code")
	case len(callback.Code) > maxCodeBytes:
		return refuse("its authorization code is too long")
	}
	return nil
}

// unusedLife is when GitHub revokes the token of an OAuth app that nobody has
// used. Such a token names no end.
const unusedLife = 365 * 24 * time.Hour

const (
	letters  = "abcdefghijklmnopqrstuvwxyz"
	maxToken = 1000 // bytes
)

// isToken says whether text may stand in an Authorization header (RFC 6750,
// section 2.1), bounded.
func isToken(text string) bool {
	body := strings.TrimRight(text, "=")
	return body != "" && len(text) <= maxToken && consistsOf(body, letters+strings.ToUpper(letters)+"0123456789-._~+/")
}

// consistsOf says whether text has no character but those allowed.
func consistsOf(text, allowed string) bool { return strings.Trim(text, allowed) == "" }

type accessToken struct {
	value   string
	expires time.Time
}

// redeem posts the code, exactly once (RFC 6749, section 4.1.3).
func (p *Provider) redeem(ctx context.Context, code, verifier string) (accessToken, error) {
	got, err := p.client.RequestToken(ctx, providerhttp.TokenRequest{
		URL: tokenURL, ClientID: p.app.ClientID, Secret: p.app.ClientSecret(ctx), AuthStyle: oauth2.AuthStyleInParams,
		Params: url.Values{
			"grant_type":    {"authorization_code"},
			"code":          {code},
			"redirect_uri":  {p.app.RedirectURI},
			"code_verifier": {verifier},
		},
	})
	status, doc, err := readAnswer(got, err)
	// GitHub reports errors with status 200 too.
	if err == nil && doc.Has("error") {
		code, _ := doc.Text("error")
		return accessToken{}, newProviderError(code)
	}
	if err := answered(status, err); err != nil {
		return accessToken{}, err
	}
	return readToken(doc, p.now())
}

func readToken(doc providerhttp.Object, now time.Time) (accessToken, error) {
	value, _ := doc.Text("access_token")
	kind, isText := doc.Text("token_type")
	t := accessToken{value: value, expires: now.Add(unusedLife)}
	switch {
	case !isToken(t.value):
		return accessToken{}, refuse("it has no access token")
	case !isText, kind != "" && !strings.EqualFold(kind, "bearer"):
		return accessToken{}, refuse("its token is not a bearer token")
	}
	if raw := doc.Raw("expires_in"); raw != nil { // a GitHub App's
		seconds, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil || seconds < 0 || seconds > int64(unusedLife/time.Second) {
			return accessToken{}, refuse("its expires_in is no number of seconds")
		}
		t.expires = now.Add(time.Duration(seconds) * time.Second)
	}
	return t, nil
}

// maxNameBytes bounds a name; GitHub's own limit is 255 characters.
const maxNameBytes = 1024

// user is an account as GitHub's API tells it.
type user struct {
	id    string
	login string
	name  string
}

// user asks whose access token this is.
func (p *Provider) user(ctx context.Context, token string) (user, error) {
	req, err := http.NewRequest(http.MethodGet, userURL, nil)
	if err != nil {
		return user{}, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	got, err := p.client.Do(providerhttp.WithEndpoint(ctx, providerhttp.EndpointUserInfo), req)
	status, doc, err := readAnswer(got, err)
	if err := answered(status, err); err != nil {
		return user{}, err
	}
	// The digits are the subject as they stand: a float would round them.
	id, err := strconv.ParseInt(string(doc.Raw("id")), 10, 64)
	if err != nil || id <= 0 {
		return user{}, refuse("its user has no positive whole number as id")
	}
	login, _ := doc.Text("login")
	name, _ := doc.Text("name")
	if login == "" || len(login) > maxNameBytes {
		return user{}, refuse("its user has no login")
	}
	if len(name) > maxNameBytes {
		name = "" // for display only
	}
	return user{strconv.FormatInt(id, 10), login, strings.TrimSpace(name)}, nil
}

func (u user) identity() ports.Identity {
	return ports.Identity{Issuer: Issuer, Subject: u.id, Name: u.name, Username: u.login}
}

func (u user) claims() []ports.Claim {
	return []ports.Claim{{Name: "name", Value: u.name}, {Name: "login", Value: u.login}, {Name: "sub", Value: u.id}, {Name: "iss", Value: Issuer}}
}
