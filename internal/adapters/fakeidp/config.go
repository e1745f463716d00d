package fakeidp

import (
	"crypto/rsa"
	"crypto/tls"
	"net/http"
	"time"
)

// Config configures a Provider. The zero value works: it has DefaultTenants,
// DefaultAccounts and DefaultClient.
type Config struct {
	// BaseURL is the provider's public origin, such as
	// "https://idp.example:8443". Set it if the Provider is used as an
	// http.Handler. If it is empty, Start sets it. Requests to another host are
	// refused.
	BaseURL string
	// Tenants, Accounts and Clients replace the default lists.
	Tenants  []Tenant
	Accounts []Account
	Clients  []Client

	// Clock returns the current time. The default is time.Now.
	Clock func() time.Time

	// NewKey returns another RSA key of 2048 bits or more at each call. By default it
	// generates one, which takes time. A test can return keys that it has.
	NewKey func() (*rsa.PrivateKey, error)
	// NextKeys publishes each tenant's next signing key in the key set before RotateKeys
	// begins to use it, as Entra does. A client that caches the key set then knows the
	// key in time.
	NextKeys bool
	// TLS makes Start serve https. The default is http.
	TLS *tls.Config
	// Wrap adds handlers around the Provider that Start serves, such as a log of
	// requests.
	Wrap func(http.Handler) http.Handler

	// AccessTokenLifetime is the lifetime of access tokens. The default is one
	// hour.
	AccessTokenLifetime time.Duration
	// PushedRequests adds the endpoint for pushed authorization requests (RFC 9126),
	// which Entra does not have. RequirePushedRequests also refuses all other
	// authorization requests.
	PushedRequests        bool
	RequirePushedRequests bool
	// SignUp lets people register accounts, as External ID does, and accepts the prompt
	// create (Initiating User Registration via OpenID Connect 1.0).
	SignUp bool
	// Revocation adds the revocation endpoint (RFC 7009), which Entra does not have.
	Revocation bool
	// RevokeOnReuse revokes all tokens of a sign-in when one of its refresh
	// tokens is used twice (RFC 9700, section 4.14.2). By default only the second
	// use is refused.
	RevokeOnReuse bool
	// AtHash adds the claim at_hash to ID tokens. Entra's token endpoint does not
	// send it.
	AtHash bool
}

// Tenant is one directory.
type Tenant struct {
	ID     string // GUID
	Domain string // verified domain, can stand in an authority URL
	Name   string // display name
	// OwnKey gives the tenant its own signing key. The key set names this tenant
	// as the key's issuer, as Entra's does for personal accounts.
	OwnKey bool
	// UserFlows make the tenant one of Azure AD B2C, where each user flow has an
	// authority of its own.
	UserFlows []UserFlow
}

// Account is one person's account.
type Account struct {
	Username  string // preferred_username; tests select the account by it
	Name      string
	GivenName string
	Surname   string
	JobTitle  string
	// Description is shown at the account picker.
	Description string
	// Home is the account's membership in its home tenant.
	Home Membership
	// Guest is the account's memberships in other tenants, as a guest.
	Guest []Membership
	// Refuse makes every sign-in of this account fail with this error.
	Refuse *Error
}

// Membership is an account's user object in one tenant.
type Membership struct {
	TenantID string
	ObjectID string   // claim oid, a GUID
	Roles    []string // app roles, claim roles
	Groups   []string // group object IDs, claim groups
}

// Client is one app registration.
type Client struct {
	ID   string // application (client) ID
	Name string // shown at the account picker
	// Secrets are the valid client secrets. A client without secrets and without
	// an Authenticator is a public client.
	Secrets []string
	// ExpiredSecrets are refused with AADSTS7000222.
	ExpiredSecrets []string
	// AuthMethods limits the methods of client authentication with a secret to
	// client_secret_basic or client_secret_post. Empty allows both.
	AuthMethods []string
	// Authenticator authenticates token requests that carry no client secret,
	// such as those with a client assertion (RFC 7523).
	Authenticator Authenticator
	// RedirectURIs are compared exactly. As in Entra, the port of an
	// http://localhost URI is ignored.
	RedirectURIs []string
	// AnyLocalhost also allows every http://localhost redirect URI, with any port
	// and path.
	AnyLocalhost bool
	// PostLogoutRedirectURIs are allowed after sign-out. RedirectURIs, and the
	// path "/" on their origins, are always allowed.
	PostLogoutRedirectURIs []string
	// FrontChannelLogoutURI is loaded in a hidden frame when a session with this
	// client ends (OpenID Connect Front-Channel Logout 1.0).
	FrontChannelLogoutURI string
	// FrontChannelIssuer adds iss to that request. The specification demands it,
	// and Entra does not send it.
	FrontChannelIssuer bool
	// TenantID makes the application single-tenant.
	TenantID string
	// AuthTime adds the optional claim auth_time to every ID token. Without it, an ID
	// token has the claim only if the parameter claims requests it, as with Entra;
	// max_age alone does not add it.
	AuthTime bool
	// NeedsConsent lists the scopes that need the person's consent. An
	// administrator has consented to all other scopes.
	NeedsConsent []string
	// NeedsAdminConsent lists the scopes that need an administrator's consent for the
	// tenant. Until then a sign-in ends with AADSTS90094.
	NeedsAdminConsent []string
	// Lax accepts authorization requests without state, nonce or PKCE. By default
	// they are refused, so that a test notices what a relying party forgets.
	Lax bool
}
