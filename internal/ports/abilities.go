package ports

import (
	"context"
	"time"
)

// The interfaces in this file are optional abilities of an IdentityProvider. The
// domain finds them with a type assertion and works without them.

// CallbackErrorReader reads the error of a callback that belongs to no sign-in.
type CallbackErrorReader interface {
	// CallbackError returns the error in the callback as a *ProviderError. It
	// makes no request, and the same callback always gives the same result.
	CallbackError(Callback) error
}

// ProviderReadiness reports whether sign-ins can work at the moment. A provider
// without this ability is always ready, and /readyz does not mention it.
type ProviderReadiness interface {
	// Ready returns nil if metadata and keys are loaded, and otherwise an error
	// that wraps ErrProviderUnavailable. It may start a load, and waits for it as
	// long as ctx allows. If the load is still running then, errors.Is also
	// matches ErrProviderPending.
	Ready(ctx context.Context) error
}

// ProviderAdmission reports whether a person who is signed in could still sign
// in with the present configuration.
type ProviderAdmission interface {
	// Admits returns false for an identity that the provider would now refuse,
	// for example after its tenant was removed from the allowed tenants. Every
	// request of a session calls it, so it makes no request and does not wait.
	Admits(id Identity) bool
}

// ProviderFlows is for a provider with flows besides the sign-in.
type ProviderFlows interface {
	// HasFlow reports whether AuthorizationRequest.Flow can be f at the moment. It
	// makes no request: a flow that depends on the metadata is reported once they are
	// loaded. It returns true for FlowSignIn.
	HasFlow(f Flow) bool
}

// RequestPusher is for a provider that takes the request of a sign-in from the application
// itself, before the browser opens the provider's page.
type RequestPusher interface {
	// PushesRequests reports whether Begin sends each request to the provider with
	// the application's credential (pushed authorization requests, RFC 9126).
	// Anybody can cause such requests, so callers limit them. PushesRequests makes no
	// request. It returns true until the metadata are known.
	PushesRequests() bool
}

// ProviderSignOut ends the person's session at the provider as well (OpenID
// Connect RP-Initiated Logout 1.0).
type ProviderSignOut interface {
	// EndSessionURL returns the address to send the browser to after its session
	// here has ended, or "" if the provider has no sign-out. hint is the session's
	// Tokens.SignOutHint, or empty. It never waits for the network, because a
	// provider that is down must not prevent a sign-out.
	EndSessionURL(ctx context.Context, hint string) (string, error)
}

// AdminConsentLinker is for a provider with a page where an administrator consents to
// permissions for a whole organization.
type AdminConsentLinker interface {
	// AdminConsentURL returns the address of that page for the scopes of an API, or ""
	// if there is none. tenant is the verified tenant of a person of that organization,
	// or empty if it is not known. Somebody else opens the address in another browser,
	// so it has no state, and equal arguments always give the same address. It makes
	// no request.
	AdminConsentURL(scopes []string, tenant string) string
}

// TokenRefresher gets new access tokens without the person (RFC 6749, section 6).
type TokenRefresher interface {
	// Refresh returns a new access token for req.Scopes and the refresh token to
	// use from now on. If the response has an ID token, its iss, sub and aud must
	// equal those of the sign-in (OpenID Connect Core 1.0, section 12.2);
	// otherwise Refresh returns ErrTokenRefused.
	//
	// Refresh returns a *ProviderError of kind ErrInteractionRequired if the
	// person has to sign in again. errors.Is also matches ErrAccountGone if that
	// account can no longer sign in. Refresh returns ErrProviderUnavailable if a
	// later try can succeed; it has then tried twice itself, because providers
	// accept a refresh token again if its successor was never used.
	Refresh(ctx context.Context, req RefreshRequest) (Refreshed, error)
}

// RefreshRequest is the input of a refresh.
type RefreshRequest struct {
	RefreshToken string
	Scopes       []string
	// Issuer, Subject and Nonce are from the ID token of the sign-in.
	Issuer  string
	Subject string
	Nonce   string
}

// Refreshed is the result of a refresh.
type Refreshed struct {
	AccessToken AccessToken
	// RefreshToken replaces the refresh token that was used. It is the same one
	// if the provider does not rotate it.
	RefreshToken string
	// Memberships are from the new ID token. They are nil if the response has
	// none; the person's roles and groups then stay as they are.
	Memberships *Memberships
}

// Memberships are the roles and groups in an ID token. An empty list means that
// the person has none, or that the token names none.
type Memberships struct {
	Roles  []string
	Groups Groups
}

// TokenRevoker is for a provider that revokes refresh tokens (RFC 7009).
type TokenRevoker interface {
	// RevokesTokens reports whether the provider's metadata name a revocation endpoint
	// and the configuration allows its use. It makes no request and does not wait. It
	// returns false until the metadata are known.
	RevokesTokens() bool

	// RevokeToken makes the provider refuse the refresh token from now on. It makes
	// one request. It returns no error if the token was not valid any more.
	//
	// RevokeToken returns ErrProviderUnavailable if the provider cannot be reached
	// or fails, and a *ProviderError if it refuses the request. The token may then
	// still be valid. The text of an error does not contain the token.
	RevokeToken(ctx context.Context, refreshToken string) error
}

// GroupLookup gets all groups of the signed-in person from the provider's
// directory. It is needed if the token has too many (Groups.Overage).
type GroupLookup interface {
	// MemberGroups returns the object IDs of all groups that the person belongs
	// to, directly or through other groups: GUIDs in lower case, each once, at
	// most MaxMemberGroups. It returns the whole list or an error. A caller must
	// not treat an error as "no groups". MemberGroups can be called repeatedly.
	//
	// accessToken is the person's, for the provider's directory API (Microsoft
	// Graph, scope User.Read or more). The adapter sends it only to that API,
	// also if a response links to another address.
	//
	// MemberGroups returns ErrNoGroupLookup if the provider has no such API;
	// ErrProviderUnavailable if the API cannot be reached, fails, or asks for a
	// longer wait than a page can take; a *ProviderError of kind
	// ErrInteractionRequired, with the Claims that the API asked for, if the API
	// refuses the token; a *ProviderError of kind ErrProviderRefused if the token
	// lacks a permission; and ErrTokenRefused if a response fails a check.
	MemberGroups(ctx context.Context, accessToken string) ([]string, error)
}

// MaxMemberGroups is the longest list of GroupLookup.MemberGroups. More groups
// are an error.
const MaxMemberGroups = 10_000

// LogoutTokenVerifier verifies the logout token that the provider sends if a
// person signs out there (OpenID Connect Back-Channel Logout 1.0).
type LogoutTokenVerifier interface {
	// VerifyLogoutToken verifies a logout token as section 2.6 describes. The
	// caller checks that the token is used only once. VerifyLogoutToken returns
	// ErrTokenRefused if a check fails, and ErrProviderUnavailable if the signing
	// keys cannot be loaded. Anybody can send a logout token, so the adapter
	// limits how often such tokens make it fetch keys.
	VerifyLogoutToken(ctx context.Context, token string) (LogoutToken, error)
}

// LogoutToken is the content of a verified logout token. At least one of Subject
// and ProviderSession is set.
type LogoutToken struct {
	// ID is the claim jti.
	ID              string
	Issuer          string
	Subject         string
	ProviderSession string
	// Expires is when the token becomes too old to be accepted.
	Expires time.Time
}
