package portstest

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"webapp/internal/ports"
)

var (
	_ ports.IdentityProvider  = (*FakeProvider)(nil)
	_ ports.ProviderSignOut   = (*FakeProvider)(nil)
	_ ports.TokenRefresher    = (*FakeProvider)(nil)
	_ ports.ProviderReadiness = (*FakeProvider)(nil)
)

// Begin implements ports.IdentityProvider.
func (f *FakeProvider) Begin(ctx context.Context, req ports.AuthorizationRequest) (ports.Authorization, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, req)
	if !f.loaded {
		if err := f.reach(ctx); err != nil {
			return ports.Authorization{}, err
		}
	}
	secret, nonce := f.next("secret"), f.next("nonce")
	f.sealed[secret] = fakeSignIn{nonce: nonce, scopes: slices.Clone(req.Scopes)}
	query := url.Values{"state": {req.State}, "nonce": {nonce}}
	if req.LoginHint == "" {
		query.Set("prompt", "select_account")
	}
	for name, value := range map[string]string{"login_hint": req.LoginHint, "claims": req.Claims} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return ports.Authorization{URL: FakeIssuer + "/authorize?" + query.Encode(), Secret: secret}, nil
}

// Complete implements ports.IdentityProvider.
func (f *FakeProvider) Complete(ctx context.Context, cb ports.Callback, secret string) (ports.SignedIn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	begun, known := f.sealed[secret]
	switch {
	case !known, cb.Issuer != "" && cb.Issuer != FakeIssuer:
		return ports.SignedIn{}, ports.ErrTokenRefused
	case cb.Error != "":
		return ports.SignedIn{}, fakeError(cb.Error)
	case cb.Code == "":
		return ports.SignedIn{}, ports.ErrTokenRefused
	}
	if err := f.reach(ctx); err != nil {
		return ports.SignedIn{}, err
	}
	issued, known := f.codes[cb.Code]
	delete(f.codes, cb.Code)
	switch {
	case !known:
		return ports.SignedIn{}, fakeError("invalid_grant")
	case issued.nonce != begun.nonce:
		return ports.SignedIn{}, ports.ErrTokenRefused
	}
	return ports.SignedIn{Identity: issued.identity, Claims: fakeClaims(issued.identity), Tokens: f.grant(issued, begun)}, nil
}

func fakeClaims(id ports.Identity) []ports.Claim {
	return []ports.Claim{
		{Name: "name", Value: id.Name},
		{Name: "sub", Value: id.Subject},
		{Name: "iss", Value: id.Issuer},
	}
}

// grant returns what a sign-in yields; f.mu is held.
func (f *FakeProvider) grant(issued fakeCode, begun fakeSignIn) ports.Tokens {
	g := ports.Tokens{
		LoginHint:   "login-hint-of-" + issued.identity.Subject,
		SignOutHint: "hint-of-" + issued.identity.Subject,
		Nonce:       issued.nonce,
		Groups:      f.groups,
	}
	if len(begun.scopes) > 0 {
		g.AccessTokens = []ports.AccessToken{f.accessToken(begun.scopes)}
		g.RefreshToken = f.refreshToken()
	}
	return g
}

func (f *FakeProvider) accessToken(scopes []string) ports.AccessToken {
	token := f.next("access")
	f.issued[token] = true
	return ports.AccessToken{Value: token, Scopes: slices.Clone(scopes), Expires: f.now().Add(time.Hour)}
}

func (f *FakeProvider) refreshToken() string {
	token := f.next("refresh")
	f.refresh[token] = true
	return token
}

// Refresh implements ports.TokenRefresher. Its refresh tokens are single-use.
func (f *FakeProvider) Refresh(ctx context.Context, req ports.RefreshRequest) (ports.Refreshed, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.reach(ctx); err != nil {
		return ports.Refreshed{}, err
	}
	f.renewed++
	if f.gone {
		gone := &ports.ProviderError{Kind: ports.ErrInteractionRequired, Code: "invalid_grant", Number: 50057}
		return ports.Refreshed{}, errors.Join(gone, ports.ErrAccountGone)
	}
	if !f.refresh[req.RefreshToken] {
		return ports.Refreshed{}, &ports.ProviderError{Kind: ports.ErrInteractionRequired, Code: "invalid_grant"}
	}
	delete(f.refresh, req.RefreshToken)
	return ports.Refreshed{AccessToken: f.accessToken(req.Scopes), RefreshToken: f.refreshToken(), Memberships: f.memberships}, nil
}

// EndSessionURL implements ports.ProviderSignOut.
func (f *FakeProvider) EndSessionURL(_ context.Context, hint string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.loaded {
		return "", nil
	}
	return FakeIssuer + "/logout?" + url.Values{"hint": {hint}}.Encode(), nil
}

// Ready implements ports.ProviderReadiness.
func (f *FakeProvider) Ready(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.loaded {
		return nil
	}
	return f.reach(ctx)
}

// fakeError maps a code as the port's contract says.
func fakeError(code string) *ports.ProviderError {
	kinds := map[string]error{
		"access_denied":              ports.ErrDeclined,
		"login_required":             ports.ErrInteractionRequired,
		"interaction_required":       ports.ErrInteractionRequired,
		"consent_required":           ports.ErrInteractionRequired,
		"account_selection_required": ports.ErrInteractionRequired,
		"server_error":               ports.ErrProviderUnavailable,
		"temporarily_unavailable":    ports.ErrProviderUnavailable,
		"invalid_grant":              ports.ErrProviderRefused,
		"invalid_request":            ports.ErrProviderRefused,
		"unauthorized_client":        ports.ErrProviderRefused,
	}
	kind, known := kinds[code]
	if !known {
		return &ports.ProviderError{Kind: ports.ErrProviderRefused, Code: "unrecognized_error"}
	}
	return &ports.ProviderError{Kind: kind, Code: code}
}
