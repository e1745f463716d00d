package fakeidp

import (
	"crypto/rsa"
	"crypto/tls"
	"io"
	"time"
)

// Config describes a provider. The zero value is complete: see
// DefaultTenants, DefaultAccounts and DefaultClient.
type Config struct {
	// BaseURL is the provider's public origin, such as
	// "https://idp.example:8443". Leave it empty and let Start set it, or give
	// it where the Provider is mounted as an http.Handler. Requests to another
	// host are refused.
	BaseURL string
	// Tenants, Accounts and Clients replace the defaults, each as a whole.
	Tenants  []Tenant
	Accounts []Account
	Clients  []Client

	// Clock returns the time that tokens are stamped and judged with.
	// Default time.Now.
	Clock func() time.Time
	// Rand yields the randomness of codes, tokens and identifiers. Default
	// crypto/rand. Reads are serialized.
	Rand io.Reader
	// SigningKey is the first signing key; without it one is generated at its
	// first use. Tests share one to save the time of generating.
	SigningKey *rsa.PrivateKey
	// TLS, where given, makes Start serve https.
	TLS *tls.Config

	// CodeLifetime is how long an authorization code can be redeemed.
	// Default 10 minutes.
	CodeLifetime time.Duration
	// IDTokenLifetime and AccessTokenLifetime default to one hour.
	IDTokenLifetime     time.Duration
	AccessTokenLifetime time.Duration
	// RefreshTokenLifetime defaults to 90 days.
	RefreshTokenLifetime time.Duration
	// RevokeOnReuse ends the whole grant when a refresh token is used twice
	// (RFC 9700, section 4.14.2). Off, the second use alone is refused.
	RevokeOnReuse bool
	// AtHash adds the claim at_hash to ID tokens, which Entra does not send
	// from its token endpoint.
	AtHash bool
	// TokenAuthMethods is what the metadata lists as
	// token_endpoint_auth_methods_supported. Default as Entra:
	// client_secret_post, private_key_jwt, client_secret_basic.
	TokenAuthMethods []string
	// GroupLimit is how many groups an ID token carries before they are
	// replaced by a reference (groups overage). Default 200.
	GroupLimit int
	// GroupPage is how many groups a page of getMemberObjects carries.
	// Default 100.
	GroupPage int
	// Notice is shown on every page. Default "Demo provider, not Microsoft".
	Notice string
}

// Tenant is one directory.
type Tenant struct {
	ID     string // GUID
	Domain string // verified domain, also usable in an authority
	Name   string // for people
	// OwnKey gives the tenant a signing key of its own, whose issuer in the
	// key set names this tenant alone, as Entra does for personal accounts.
	OwnKey bool
}

// Account is one person's account.
type Account struct {
	Username  string // preferred_username, also how a test names the account
	Name      string
	GivenName string
	Surname   string
	JobTitle  string
	// Description tells a person at the account picker what the account shows.
	Description string
	// Home is the tenant the account belongs to, with its object ID, app roles
	// and groups there.
	Home Membership
	// Guest lists the other tenants the account has been invited to.
	Guest []Membership
	// Refuse, where set, is the error that every sign-in of this account ends
	// with.
	Refuse *Error
}

// Membership is an account's place in one tenant.
type Membership struct {
	TenantID string
	ObjectID string   // claim oid, a GUID
	Roles    []string // app roles, claim roles
	Groups   []string // group object IDs, claim groups
}

// Client is one application registration.
type Client struct {
	ID   string // application (client) ID
	Name string // shown at the account picker
	// Secrets are the valid client secrets. A client with neither secrets nor
	// an Authenticator is public.
	Secrets []string
	// ExpiredSecrets were valid once; they are refused with AADSTS7000222.
	ExpiredSecrets []string
	// AuthMethods limits how the client may authenticate
	// (client_secret_basic, client_secret_post). Empty allows all.
	AuthMethods []string
	// Authenticator checks client assertions (RFC 7523), and anything else the
	// built-in methods do not cover. It is asked where the request carries no
	// client secret.
	Authenticator Authenticator
	// RedirectURIs are matched exactly, but the port of an http://localhost
	// URI is ignored, as Entra does.
	RedirectURIs []string
	// PostLogoutRedirectURIs are allowed in addition to RedirectURIs and their
	// origins followed by "/".
	PostLogoutRedirectURIs []string
	// FrontChannelLogoutURI is loaded in a hidden frame when a session of this
	// client ends (OpenID Connect Front-Channel Logout 1.0).
	FrontChannelLogoutURI string
	// FrontChannelIssuer adds iss to that request, as the specification asks
	// and Entra does not.
	FrontChannelIssuer bool
	// TenantID makes the application single-tenant.
	TenantID string
	// NeedsConsent lists scopes that a person must consent to before they are
	// granted; all others count as consented to by an administrator.
	NeedsConsent []string
	// Lax lifts the demand for state, nonce and PKCE that this provider makes
	// so that a relying party which forgets one of them is noticed.
	Lax bool
}

const (
	defaultCodeLifetime    = 10 * time.Minute
	defaultTokenLifetime   = time.Hour
	defaultRefreshLifetime = 90 * 24 * time.Hour
	defaultGroupLimit      = 200
	defaultGroupPage       = 100
	defaultNotice          = "Demo provider, not Microsoft"
)
