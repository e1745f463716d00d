// Package github signs people in at github.com, which is an OAuth 2.0 provider
// and no OpenID Provider: it has no ID token, so who signs in is asked of its
// API with the access token.
//
//	Begin ──► authorization URL ──► browser ──► GitHub ──► callback
//	Complete: callback ─► code, once ─► access token ─► GET /user ─► identity
//
// A person is the number that GitHub gave the account. Login and e-mail address
// change hands. GitHub knows no roles, tenants, groups, sign-out, nor logout
// tokens; refresh tokens, which GitHub Apps may get, are not kept: a sign-in at
// GitHub gives a new access token without a question.
//
// GitHub's documentation: "Authorizing OAuth apps", "Generating a user access
// token for a GitHub App", "GitHub authentication discovery endpoints".
package github

import (
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
	// Issuer is what GitHub calls itself, in its metadata for other purposes and
	// in callbacks (RFC 9207). It chooses this adapter, and is the issuer of its
	// identities.
	Issuer = "https://github.com/login/oauth"

	authorizeURL = "https://github.com/login/oauth/authorize"
	tokenURL     = "https://github.com/login/oauth/access_token"
	userURL      = "https://api.github.com/user"
)

// Provider signs people in with GitHub. It keeps no state of a sign-in.
type Provider struct {
	app    ports.Registration
	client *providerhttp.Client
	now    func() time.Time
}

var _ ports.IdentityProvider = (*Provider)(nil)

// New returns a Provider for an OAuth app or a GitHub App. It asks nobody.
func New(r ports.Registration, transport http.RoundTripper, now func() time.Time) (*Provider, error) {
	redirect, err := url.Parse(r.RedirectURI)
	switch {
	case r.ClientID == "":
		return nil, errors.New("the client ID is missing")
	case r.ClientSecret == nil:
		return nil, errors.New("the client secret is missing")
	case err != nil || redirect.Host == "":
		return nil, errors.New("the redirect URI is no absolute URL")
	case transport == nil || now == nil:
		return nil, errors.New("a transport and a clock are needed")
	}
	return &Provider{app: r, client: providerhttp.New(providerhttp.Config{Transport: transport, MaxBytes: maxAnswerBytes}), now: now}, nil
}

// Begin returns the authorization URL with PKCE (RFC 7636). A claims request is
// not passed on, since GitHub knows none.
func (p *Provider) Begin(_ context.Context, req ports.AuthorizationRequest) (ports.Authorization, error) {
	if err := providerhttp.CheckRequest(req); err != nil {
		return ports.Authorization{}, err
	}
	account := oauth2.SetAuthURLParam("prompt", "select_account")
	if req.LoginHint != "" {
		account = oauth2.SetAuthURLParam("login", req.LoginHint)
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
