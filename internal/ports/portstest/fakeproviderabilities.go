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
	_ ports.GroupLookup         = (*FakeProvider)(nil)
	_ ports.ProviderFlows       = (*FakeProvider)(nil)
	_ ports.LogoutTokenVerifier = (*FakeProvider)(nil)
	_ ports.ProviderReadiness   = (*FakeProvider)(nil)
	_ ports.ProviderSignOut     = (*FakeProvider)(nil)
	_ ports.TokenRefresher      = (*FakeProvider)(nil)
	_ ports.TokenRevoker        = (*FakeProvider)(nil)
)

// Refresh implements ports.TokenRefresher. A refresh token works once.
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

// OfferRevocation makes the provider revoke tokens.
func (f *FakeProvider) OfferRevocation() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.revokes = true
}

// RevokesTokens implements ports.TokenRevoker.
func (f *FakeProvider) RevokesTokens() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.revokes && f.loaded
}

// RevokeToken implements ports.TokenRevoker.
func (f *FakeProvider) RevokeToken(ctx context.Context, refreshToken string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.reach(ctx); err != nil {
		return err
	}
	delete(f.refresh, refreshToken)
	f.revoked = append(f.revoked, refreshToken)
	return nil
}

// Revoked returns the argument of each successful call of RevokeToken so far.
func (f *FakeProvider) Revoked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.revoked)
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

// PushRequests sets whether each call of Begin sends a request, as with pushed
// authorization requests.
func (f *FakeProvider) PushRequests(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pushes = on
}

// PushesRequests implements ports.RequestPusher.
func (f *FakeProvider) PushesRequests() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pushes
}

// OfferFlows sets the flows that the provider has besides the sign-in.
func (f *FakeProvider) OfferFlows(flows ...ports.Flow) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flows = flows
}

// HasFlow implements ports.ProviderFlows.
func (f *FakeProvider) HasFlow(name ports.Flow) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return name == ports.FlowSignIn || slices.Contains(f.flows, name)
}

// Cancel returns the callback after a person cancelled, as Azure AD B2C sends it.
func (f *FakeProvider) Cancel(authorizationURL string) ports.Callback {
	cb := f.Decline(authorizationURL)
	cb.ErrorDescription, cb.ErrorSubcode = "AADB2C90091: The user has cancelled entering self-asserted information.", ""
	return cb
}

// ForgetPassword returns the callback after a person chose "Forgot your password?", as
// Azure AD B2C sends it.
func (f *FakeProvider) ForgetPassword(authorizationURL string) ports.Callback {
	cb := f.Decline(authorizationURL)
	cb.ErrorDescription, cb.ErrorSubcode = "AADB2C90118: The user has forgotten their password.", ""
	return cb
}

// SignLogout returns a logout token with these claims, issued now. If the issuer is
// empty, SignLogout sets it.
func (f *FakeProvider) SignLogout(claims ports.LogoutToken) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if claims.Issuer == "" {
		claims.Issuer = FakeIssuer
	}
	claims.Expires = f.now().Add(24 * time.Hour)
	token := f.next("logout")
	f.logouts[token] = claims
	return token
}

// VerifyLogoutToken implements ports.LogoutTokenVerifier.
func (f *FakeProvider) VerifyLogoutToken(ctx context.Context, token string) (ports.LogoutToken, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.loaded {
		if err := f.reach(ctx); err != nil {
			return ports.LogoutToken{}, err
		}
	}
	said, known := f.logouts[token]
	nobody := said.Subject == "" && said.ProviderSession == ""
	if !known || nobody || said.ID == "" || said.Issuer != FakeIssuer || f.now().After(said.Expires) {
		return ports.LogoutToken{}, ports.ErrTokenRefused
	}
	return said, nil
}

// SetGroups sets the groups in the ID token of every later sign-in, and the result of
// every later MemberGroups.
func (f *FakeProvider) SetGroups(inToken ports.Groups, all []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.groups, f.memberOf = inToken, slices.Clone(all)
}

// SetMemberships sets the roles and groups in the ID token of every later refresh. With
// nil a refresh has no ID token.
func (f *FakeProvider) SetMemberships(m *ports.Memberships) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.memberships = m
}

// DisableAccounts disables all accounts: every later refresh fails with
// ports.ErrAccountGone.
func (f *FakeProvider) DisableAccounts() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone = true
}

// MemberGroups implements ports.GroupLookup. It accepts every access token that the
// provider issued.
func (f *FakeProvider) MemberGroups(ctx context.Context, accessToken string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.reach(ctx); err != nil {
		return nil, err
	}
	if !f.issued[accessToken] {
		return nil, &ports.ProviderError{Kind: ports.ErrInteractionRequired, Code: "invalid_token"}
	}
	f.lookups++
	return slices.Clone(f.memberOf), nil
}

// GroupLookups returns the number of successful calls of MemberGroups.
func (f *FakeProvider) GroupLookups() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lookups
}
