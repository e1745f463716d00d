package ports

import (
	"context"
	"time"
)

// IdentityProvider signs people in with the authorization code flow of OpenID
// Connect (Core 1.0, section 3.1), or with that of OAuth 2.0 if the provider has
// an API that returns the owner of an access token. An adapter is safe for
// concurrent use. It keeps no state of a sign-in: everything that Complete needs
// from Begin is in the secret that Begin returns.
//
// Every request to the provider has a deadline in its context, which covers
// reading the response body. The adapter limits the size of a response and
// follows no redirects.
type IdentityProvider interface {
	// Begin prepares one sign-in. Each call returns a new URL and a new secret.
	// An abandoned sign-in needs no cleanup. Begin returns
	// ErrProviderUnavailable if it needs the provider's metadata and cannot load
	// it. An adapter with RequestPusher may also fail as Complete does, because it
	// sends the request to the provider first.
	Begin(ctx context.Context, req AuthorizationRequest) (Authorization, error)

	// Complete turns the provider's callback into a verified identity. secret
	// is the one that Begin returned for the same state. The caller has already
	// compared the state. Complete checks everything else before it returns,
	// the ID token as a whole included (OpenID Connect Core 1.0, section
	// 3.1.3.7). It may ask the provider for a name that the ID token lacks; a
	// failure of that request is not an error.
	//
	// Complete returns a *ProviderError if the provider reported an error,
	// ErrTokenRefused if the callback, a response or the secret fails a check,
	// and ErrProviderUnavailable if the provider cannot be reached or fails, or
	// if ctx has ended. The text of an error contains no text of the provider's
	// own, no code, no token and no secret. An authorization code is
	// single-use: Complete posts it at most once, and a second call with the
	// same callback fails.
	Complete(ctx context.Context, callback Callback, secret string) (SignedIn, error)
}

// Registration identifies the application to the identity provider. The
// constructor of an adapter takes one and fails if a field is missing.
type Registration struct {
	// ClientID is the application's ID at the provider (RFC 6749, section 2.2).
	ClientID string
	// ClientSecret returns the current client secret. The secret can change
	// while the program runs, so the adapter calls ClientSecret before each use
	// and does not keep the result.
	ClientSecret func(ctx context.Context) string
	// RedirectURI is the address that the provider sends the browser back to,
	// exactly as it is registered (RFC 6749, section 3.1.2).
	RedirectURI string
}

// AuthorizationRequest is the input of one sign-in.
type AuthorizationRequest struct {
	// State ties the callback to this request (RFC 6749, section 10.12). It
	// consists of base64url characters. The provider returns it unchanged.
	State string
	// Scopes are the scopes of the API to get an access token for, or none. The
	// adapter of an OpenID Provider adds "openid" and "profile", and
	// "offline_access" if Scopes is not empty.
	Scopes []string
	// Claims is a claims request (OpenID Connect Core 1.0, section 5.5) as a
	// JSON object, or empty. It carries an API's claims challenge.
	Claims string
	// MaxAge is the greatest age of the person's authentication at the provider,
	// in whole seconds (max_age, OpenID Connect Core 1.0, section 3.1.2.1). Zero
	// asks for a new authentication. nil sends no max_age. The caller compares the
	// result with Identity.AuthTime. A provider without ID tokens ignores MaxAge.
	MaxAge *time.Duration
	// ACRValues are authentication context classes in the order of preference
	// (acr_values, section 3.1.2.1), or none. A provider without ID tokens ignores
	// them.
	ACRValues []string
	// LoginHint names the account to sign in with, in the provider's own format.
	LoginHint string
	// Person is the signed-in person who has to sign in again, or zero. It is only a
	// hint: another person may come back and is then signed in. The adapter may send
	// Person.Username as a hint if LoginHint is empty. If Person and LoginHint are
	// empty, the adapter asks the provider to let the person choose an account, if the
	// provider can.
	Person Identity
	// UILocales are the preferred languages of the provider's pages: language tags
	// (RFC 5646) separated by spaces, or empty. The adapter sends them to a provider
	// that supports them.
	UILocales string
	// Flow says what the person wants to do. The zero value is FlowSignIn. A caller
	// asks ProviderFlows before it uses another one.
	Flow Flow
}

// Flow is something that a person can do at the provider.
type Flow string

// The flows.
const (
	// FlowSignIn signs a person in.
	FlowSignIn Flow = ""
	// FlowSignUp begins with the registration of a new account (Initiating User
	// Registration via OpenID Connect 1.0) and then signs in. If the provider cannot
	// begin with it, the request is one of FlowSignIn.
	FlowSignUp Flow = "sign_up"
	// FlowEditProfile lets a person change their own profile. Complete returns the
	// person with the new profile. The caller must not take it for a sign-in: in this
	// flow the provider may leave out a second factor.
	FlowEditProfile Flow = "edit_profile"
	// FlowResetPassword lets a person who is not signed in choose a new password.
	FlowResetPassword Flow = "reset_password"
)

// Authorization is the result of Begin.
type Authorization struct {
	// URL is the address to send the browser to.
	URL string
	// Secret contains the nonce and the PKCE verifier. Only the adapter reads
	// it. The caller passes it to Complete and keeps it out of pages, logs and
	// other browsers.
	Secret string
}

// Callback contains the parameters of the provider's redirect (RFC 6749, sections
// 4.1.2 and 4.1.2.1). Anybody can send one: no field can be trusted before
// Complete has checked it.
type Callback struct {
	State            string
	Code             string
	Error            string
	ErrorDescription string
	// ErrorSubcode is Entra's error_subcode: "cancel" if the person went back.
	ErrorSubcode string
	// Issuer is the parameter iss (RFC 9207). Complete refuses a wrong one before
	// it posts the code.
	Issuer string
	// AdminConsent is Entra's admin_consent: "True" in the redirect that follows
	// the consent page for administrators, which has no state and no code.
	AdminConsent string
}

// SignedIn is the result of a completed sign-in.
type SignedIn struct {
	Identity Identity
	// Claims are the claims of the ID token, to be shown to the person. Without
	// an ID token they come from the provider's API. iss and sub are always
	// present.
	Claims []Claim
	Tokens Tokens
}

// Identity is a person as a verified ID token describes them. It is small,
// because a session contains it and every request reads it.
type Identity struct {
	// Issuer and Subject are the claims iss and sub. Together they always mean
	// the same person. Neither is empty: the adapter refuses a response without
	// a subject with ErrTokenRefused. If the provider has no ID tokens, Issuer is
	// a constant of the adapter, and Subject is an identifier that the provider
	// never reassigns: a number, not a name or an e-mail address.
	Issuer  string
	Subject string
	// TenantID and ObjectID are Entra's claims tid and oid, GUIDs in lower case.
	// They are empty for other providers.
	TenantID string
	ObjectID string
	// Name and Username are for display only. People choose and change them, so
	// no decision and no key may depend on them. They are the only fields that
	// may come from elsewhere than the ID token, if there is one.
	Name     string
	Username string
	// Roles are the app roles assigned to the person.
	Roles []string
	// Guest is true if the person's home is another tenant (claim acct = 1).
	Guest bool
	// ProviderSession is the claim sid, or empty. Front-channel and back-channel
	// logout find the sessions here by it. It has at most MaxProviderSession
	// bytes.
	ProviderSession string
	// AuthTime is the claim auth_time of the sign-in's ID token: when the person
	// authenticated at the provider. It is zero if the token has none. It is at most
	// five minutes in the future. A refresh does not change it.
	AuthTime time.Time
	// AuthContexts is the claim acrs of the sign-in's ID token: the IDs of the
	// authentication contexts that the sign-in satisfied, such as "c1"
	// (Conditional Access). A refresh does not change it.
	AuthContexts []string
}

// MaxProviderSession is the longest Identity.ProviderSession in bytes. A longer
// sid cannot be signed out by front-channel or back-channel logout.
const MaxProviderSession = 512

// Claim is one claim of an ID token. Value is a string claim as it is, and every
// other claim as JSON.
type Claim struct {
	Name  string
	Value string
}

// Tokens are the tokens of a sign-in, with the values that later requests to the
// provider need. They are large and secret, several kilobytes, so the session
// manager keeps them apart from the session and reads them only when needed.
type Tokens struct {
	// AccessTokens has one token for each API that the application has asked
	// for. A token that it did not ask for is not kept.
	AccessTokens []AccessToken
	// RefreshToken is empty if the provider issued none.
	RefreshToken string
	// LoginHint is the value for AuthorizationRequest.LoginHint that names this
	// account (Entra's claim login_hint), or empty.
	LoginHint string
	// SignOutHint is the value for ProviderSignOut.EndSessionURL, in the
	// adapter's own format.
	SignOutHint string
	// Groups are the groups of the person as far as they are known.
	Groups Groups
	// Nonce is the nonce of the sign-in's ID token, or empty if the provider has
	// no ID tokens. A refreshed ID token with a nonce must have the same one
	// (OpenID Connect Core 1.0, section 12.2).
	Nonce string
}

// AccessToken is a bearer token for one API.
type AccessToken struct {
	Value string
	// Scopes are the requested scopes.
	Scopes []string
	// Expires is when the API stops accepting the token. It is never zero. If
	// the response has no lifetime (expires_in, RFC 6749, section 5.1), the
	// adapter uses the lifetime that the provider documents, or an hour.
	Expires time.Time
}

// Groups are the directory groups of a person at one moment.
type Groups struct {
	// IDs are object IDs of groups: GUIDs in lower case, never names.
	IDs []string
	// Overage is true if the provider left groups out of the token because there
	// are too many. The IDs in such a token are not used: GroupLookup gets all
	// groups, and until then no group check succeeds.
	Overage bool
	// AsOf is when the token, or with Overage the directory, returned the groups.
	// It is zero if neither has.
	AsOf time.Time
}
