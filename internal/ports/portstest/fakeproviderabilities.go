package portstest

import (
	"context"
	"slices"
	"time"

	"webapp/internal/ports"
)

var (
	_ ports.LogoutTokenVerifier = (*FakeProvider)(nil)
	_ ports.GroupLookup         = (*FakeProvider)(nil)
)

// SignLogout returns a logout token that says this, issued now. An empty issuer
// is filled in.
func (f *FakeProvider) SignLogout(says ports.LogoutToken) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if says.Issuer == "" {
		says.Issuer = FakeIssuer
	}
	says.Expires = f.now().Add(24 * time.Hour)
	token := f.next("logout")
	f.logouts[token] = says
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

// SetGroups lets every sign-in from now on carry these groups, and every
// look-up answer all.
func (f *FakeProvider) SetGroups(inToken ports.Groups, all []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.groups, f.memberOf = inToken, slices.Clone(all)
}

// SetMemberships lets every refresh from now on bring an ID token that says
// this; nil lets it bring none.
func (f *FakeProvider) SetMemberships(m *ports.Memberships) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.memberships = m
}

// DisableAccounts lets every refresh from now on fail, because the account is
// disabled.
func (f *FakeProvider) DisableAccounts() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone = true
}

// MemberGroups implements ports.GroupLookup. It takes any token that was issued.
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

// GroupLookups is how often MemberGroups has answered.
func (f *FakeProvider) GroupLookups() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lookups
}
