package ports

import (
	"context"
	"time"
)

// IdentityProvider signs people in by the OpenID Connect authorization code
// flow (OpenID Connect Core 1.0, section 3.1), or by that of OAuth 2.0 where the
// provider has an API that says whose access token it is. An adapter is safe for
// concurrent use and keeps no state of a single sign-in: what it must remember
// between Begin and Complete is the secret it returned from Begin.
//
// Every call to the provider has a time limit as a deadline of its context, and
// the limit covers the answer's body. The adapter bounds the size of an answer
// and follows no redirect.
type IdentityProvider interface {
	// Begin prepares one sign-in. It may have to load the provider's metadata
	// first and fails with ErrProviderUnavailable when it cannot. Each call
	// returns a new URL with a new secret; nothing has to be undone when the
	// sign-in is abandoned.
	Begin(ctx context.Context, req AuthorizationRequest) (Authorization, error)

	// Complete turns the provider's answer into a verified identity. secret is
	// the one that Begin gave for the same state. The caller has matched the
	// state already; Complete checks everything else, and the ID token as a
	// whole (OpenID Connect Core 1.0, section 3.1.3.7), before it returns. It
	// may ask the provider for names that the ID token leaves out; that they
	// cannot be had is no error.
	//
	// Errors: *ProviderError where the provider answered with an error;
	// ErrTokenRefused where its answer, or secret, did not pass a check;
	// ErrProviderUnavailable where it could not be reached or failed, and where
	// ctx has ended. No error's text holds what the provider worded, a code, a
	// token or a secret. An authorization code is single-use: Complete posts it
	// once at the most, and a second call with the same callback fails.
	Complete(ctx context.Context, callback Callback, secret string) (SignedIn, error)
}

// AuthorizationRequest says what one sign-in asks of the provider.
type AuthorizationRequest struct {
	// State binds the provider's answer to this request (RFC 6749, section
	// 10.12). Only characters of base64url; the provider sends it back as is.
	State string
	// Scopes are the scopes of the one API whose access token is wanted.
	// The adapter of an OpenID Provider adds "openid" and "profile", and
	// "offline_access" where Scopes is not empty.
	Scopes []string
	// Claims is a claims request (OpenID Connect Core 1.0, section 5.5) as a
	// JSON object, or empty. An API's claims challenge ends up here.
	Claims string
	// LoginHint names the account to sign in, in the provider's own opaque
	// form. When it is empty, the adapter asks the provider to let the person
	// choose an account, if the provider can.
	LoginHint string
}

// Authorization is a sign-in that has begun.
type Authorization struct {
	// URL is where to send the browser.
	URL string
	// Secret is opaque to everyone but the adapter (its nonce and PKCE
	// verifier). It must come back to Complete and must not reach the page,
	// a log or another browser.
	Secret string
}

// Callback is what the provider's redirect carried (RFC 6749, sections 4.1.2
// and 4.1.2.1). Every field is a stranger's text until Complete has checked it.
type Callback struct {
	State            string
	Code             string
	Issuer           string // "iss", RFC 9207; one that is not the provider's is refused before the code is posted
	Error            string
	ErrorDescription string
	ErrorSubcode     string // Entra: "cancel" when the person went back
	AdminConsent     string // Entra: "True" after its page for administrators, with no state and no code
}

// CallbackErrorReader is an optional ability of an IdentityProvider that reads
// the error of a callback that belongs to no sign-in.
type CallbackErrorReader interface {
	// CallbackError returns the callback's error as a *ProviderError. It asks
	// nobody, and a repeated call returns the same.
	CallbackError(Callback) error
}

// SignedIn is the result of a completed sign-in: who it is, and what the
// provider granted besides.
type SignedIn struct {
	Identity Identity
	// Claims are the ID token's claims, for the person to look at. Without an ID
	// token they are what the provider said instead; iss and sub are always there.
	Claims []Claim
	Tokens Tokens
}

// Identity is what a verified ID token asserts about a person. It is small: a
// session keeps it and reads it with every request.
type Identity struct {
	// Issuer and Subject are the claims iss and sub. Both are never empty: an
	// answer without a subject is refused with ErrTokenRefused. Together they
	// are the same person for good. Without ID tokens the issuer is
	// a constant of the adapter's, and the subject what the provider never gives
	// to anybody else: a number, not a name or an address.
	Issuer  string
	Subject string
	// TenantID and ObjectID are Entra's tid and oid, GUIDs in lower case; empty
	// for other providers.
	TenantID string
	ObjectID string
	// Name and Username are for display only. They change hands and can be
	// chosen by their owner: nothing may be keyed or decided on them. Where the
	// provider has ID tokens, they are all that may come from elsewhere there.
	Name     string
	Username string
	// Roles are the app roles assigned to the person.
	Roles []string
	// Guest says that the account is at home in another tenant (acct = 1).
	Guest bool
	// ProviderSession is the provider's own session, the claim sid; empty
	// where the provider does not tell. It ties a front-channel or
	// back-channel logout to sessions here.
	ProviderSession string
}

// Tokens is what a sign-in yields besides the identity. It is large and secret
// (several kilobytes of tokens), so it is kept apart from the session and read
// only where it is needed.
type Tokens struct {
	// AccessTokens holds a token for each API asked for so far. One that nobody
	// asked for is not kept.
	AccessTokens []AccessToken
	// RefreshToken is empty where the provider gave none.
	RefreshToken string
	// LoginHint is the opaque hint that names this account to the provider in
	// AuthorizationRequest.LoginHint (Entra's claim login_hint); empty where it
	// was not asserted.
	LoginHint string
	// SignOutHint goes back to ProviderSignOut.EndSessionURL unread.
	SignOutHint string
	// Groups are the groups that the person belongs to, as far as they are known.
	Groups Groups
	// Nonce is the nonce of the sign-in's ID token. A refreshed ID token that
	// carries a nonce must carry this one (OpenID Connect Core 1.0, 12.2).
	// Empty where the provider has no ID tokens.
	Nonce string
}

// Groups are the directory groups that a person belonged to at one moment.
type Groups struct {
	// IDs are object IDs of groups: GUIDs in lower case, never names.
	IDs []string
	// Overage says that the provider left groups out, since there are too many
	// for a token. The IDs of such a token count for nothing: all groups have to
	// be looked up (GroupLookup), and until then a check of one fails.
	Overage bool
	// AsOf is when the token, or with Overage the directory, named the groups. It
	// is zero where neither has.
	AsOf time.Time
}

// AccessToken is a bearer token for one API.
type AccessToken struct {
	Value string
	// Scopes are those the token was asked for.
	Scopes []string
	// Expires is when the provider stops accepting the token. It is never zero.
	// A provider need not state a lifetime (expires_in, RFC 6749, section 5.1):
	// the adapter then uses the lifetime that the provider documents, or an hour.
	Expires time.Time
}

// Claim is one claim of an ID token as text: strings as they are, everything
// else as JSON.
type Claim struct {
	Name  string
	Value string
}

// ProviderSignOut is the optional ability to end the person's session at the
// provider too (OpenID Connect RP-Initiated Logout 1.0).
type ProviderSignOut interface {
	// EndSessionURL returns where to send a browser whose session here has
	// ended, or "" where the provider offers no sign-out. It never waits for
	// the network: a provider that is down must not keep anybody signed in.
	// hint is Tokens.SignOutHint, or empty.
	EndSessionURL(ctx context.Context, hint string) (string, error)
}

// TokenRefresher is the optional ability to renew access tokens without the
// person (RFC 6749, section 6).
type TokenRefresher interface {
	// Refresh returns a new access token for req.Scopes and the refresh token
	// to use from now on. When the provider sends a new ID token its iss, sub
	// and aud must equal the old ones (OpenID Connect Core 1.0, 12.2), else
	// ErrTokenRefused.
	//
	// Errors: *ProviderError of kind ErrInteractionRequired where the person
	// has to sign in again, with ErrAccountGone where nobody could with that
	// account; ErrProviderUnavailable where trying again later
	// can help; the adapter has then tried a second time itself where the
	// provider failed or took too long, since providers honour a token whose
	// successor was never seen.
	Refresh(ctx context.Context, req RefreshRequest) (Refreshed, error)
}

// RefreshRequest names the grant to renew.
type RefreshRequest struct {
	RefreshToken string
	Scopes       []string
	// Issuer, Subject and Nonce are those of the sign-in's ID token.
	Issuer  string
	Subject string
	Nonce   string
}

// GroupLookup is the optional ability to ask the provider for all groups of the
// signed-in person, where a token cannot hold them (Groups.Overage).
type GroupLookup interface {
	// MemberGroups returns the object IDs of all groups that the person belongs
	// to, through others too: GUIDs in lower case, each once, MaxMemberGroups at
	// the most. It returns all of them or an error, never a part; whoever gets
	// an error must not take it for "no groups".
	//
	// accessToken is the person's, for the provider's directory API (Microsoft
	// Graph, scope User.Read or more). It goes to that API alone, wherever an
	// answer points. A call may be repeated at any time.
	//
	// Errors: ErrNoGroupLookup where this provider has no such API;
	// ErrProviderUnavailable where it could not be reached, failed, or asks for
	// a longer wait than a person would bear; *ProviderError of kind
	// ErrInteractionRequired where it did not take the token (with Claims, if
	// it named some), and of kind ErrProviderRefused where the token does not
	// carry the right; ErrTokenRefused where the answer did not pass a check.
	MemberGroups(ctx context.Context, accessToken string) ([]string, error)
}

// MaxMemberGroups bounds what GroupLookup.MemberGroups returns; with more it is
// an error.
const MaxMemberGroups = 10_000

// LogoutTokenVerifier is the optional ability to verify what the provider sends over
// the back channel when a person signs out there (OpenID Connect Back-Channel
// Logout 1.0).
type LogoutTokenVerifier interface {
	// VerifyLogoutToken verifies a logout token as a whole (section 2.6), but
	// for its single use, which is the caller's to check. ErrTokenRefused where
	// it does not hold; ErrProviderUnavailable where the keys to tell could
	// not be had. A stranger can call it: it fetches keys seldom.
	VerifyLogoutToken(ctx context.Context, token string) (LogoutToken, error)
}

// LogoutToken is what a verified logout token says. At least one of Subject and
// ProviderSession is set.
type LogoutToken struct {
	// ID is the claim jti. It is used once.
	ID              string
	Issuer          string
	Subject         string
	ProviderSession string
	// Expires is when the token is too old to be accepted in any case.
	Expires time.Time
}

// Refreshed is the result of a refresh.
type Refreshed struct {
	AccessToken AccessToken
	// RefreshToken replaces the one that was used. It is the old one where
	// the provider did not rotate it.
	RefreshToken string
	// Memberships are those of the new ID token; nil where the answer had none,
	// which says nothing about them.
	Memberships *Memberships
}

// Memberships are what an ID token says a person belongs to. Empty lists mean
// that the person has no roles, or that the token names no groups.
type Memberships struct {
	Roles  []string
	Groups Groups
}

// ProviderAdmission is the optional ability to tell whether somebody who has
// signed in before could still, by the present configuration.
type ProviderAdmission interface {
	// Admits is false for an identity that this provider would refuse now, such
	// as one of a tenant that has been taken off the list. It asks nobody and
	// takes no time: every request of a session asks.
	Admits(id Identity) bool
}

// ProviderReadiness is the optional ability to tell whether sign-ins can work
// at this moment. An adapter without it always counts as ready: /readyz then
// says nothing about the provider.
type ProviderReadiness interface {
	// Ready returns nil once metadata and keys have been loaded, else an error
	// that wraps ErrProviderUnavailable. It may start a load but waits for it
	// only as long as ctx allows. Where no load has ended by then the error
	// wraps ErrProviderPending too.
	Ready(ctx context.Context) error
}
