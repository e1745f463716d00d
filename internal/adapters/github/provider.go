// Package github signs people in at github.com. GitHub is an OAuth 2.0 provider
// and not an OpenID Provider: it sends no ID token. The adapter asks GitHub's API
// who signed in, with the access token.
//
//	Begin ──► authorization URL ──► browser ──► GitHub ──► callback
//	Complete: callback ─► code, once ─► access token ─► GET /user ─► identity
//
// The subject of an identity is the number of the account. Logins and e-mail
// addresses can pass to another person. GitHub has no roles, tenants, groups,
// sign-out or logout tokens. The adapter keeps no refresh tokens, which GitHub
// Apps can get: a sign-in at GitHub brings a new access token without asking the
// person.
//
// GitHub's documentation: "Authorizing OAuth apps", "Generating a user access
// token for a GitHub App", "GitHub authentication discovery endpoints".
package github

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

const (
	// Issuer is GitHub's issuer identifier: in its metadata, in callbacks (RFC
	// 9207) and in the identities that this adapter returns. As OIDC_AUTHORITY it
	// selects this adapter.
	Issuer = "https://github.com/login/oauth"

	authorizeURL = "https://github.com/login/oauth/authorize"
	tokenURL     = "https://github.com/login/oauth/access_token"
	userURL      = "https://api.github.com/user"
)

// Provider signs people in at GitHub. It is safe for concurrent use.
type Provider struct {
	app    ports.Registration
	client *providerhttp.Client
	now    func() time.Time
}

var _ ports.IdentityProvider = (*Provider)(nil)

// New returns a Provider for an OAuth app or a GitHub App. It makes no request.
func New(r ports.Registration, transport http.RoundTripper, now func() time.Time) (*Provider, error) {
	redirect, err := url.Parse(r.RedirectURI)
	switch {
	case r.ClientID == "":
		return nil, errors.New("the client ID is missing")
	case r.ClientSecret == nil:
		return nil, errors.New("the client secret is missing")
	case err != nil || redirect.Host == "":
		return nil, errors.New("the redirect URI is not an absolute URL")
	case transport == nil || now == nil:
		return nil, errors.New("a transport and a clock are needed")
	}
	return &Provider{app: r, client: providerhttp.New(providerhttp.Config{Transport: transport, MaxBytes: maxResponseBytes}), now: now}, nil
}

// Begin returns the authorization URL with PKCE (RFC 7636). It ignores a claims
// request, which GitHub does not support.
func (p *Provider) Begin(_ context.Context, req ports.AuthorizationRequest) (ports.Authorization, error) {
	if err := providerhttp.CheckRequest(req); err != nil {
		return ports.Authorization{}, err
	}
	account := oauth2.SetAuthURLParam("prompt", "select_account")
	if hint := cmp.Or(req.LoginHint, req.Person.Username); hint != "" {
		account = oauth2.SetAuthURLParam("login", hint)
	}
	t, err := providerhttp.NewTransaction(rand.Reader, req.Scopes)
	if err != nil {
		return ports.Authorization{}, err
	}
	request := oauth2.Config{
		ClientID: p.app.ClientID, RedirectURL: p.app.RedirectURI, Scopes: req.Scopes,
		Endpoint: oauth2.Endpoint{AuthURL: authorizeURL},
	}
	to := request.AuthCodeURL(req.State, oauth2.S256ChallengeOption(t.Verifier), account)
	return ports.Authorization{URL: to, Secret: t.Secret()}, nil
}
