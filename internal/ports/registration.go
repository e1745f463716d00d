package ports

import "context"

// Registration is what an application is known by at an identity provider. An
// adapter is made from it, and refuses one without client ID, client secret or
// redirect URI.
type Registration struct {
	// ClientID is the application's ID there (RFC 6749, section 2.2).
	ClientID string
	// ClientSecret returns the secret to authenticate with at this moment: it
	// may be replaced while the program runs, so it is asked for before each
	// use and not kept.
	ClientSecret func(ctx context.Context) string
	// RedirectURI is where the provider sends the browser back to, exactly as
	// it is registered (RFC 6749, section 3.1.2).
	RedirectURI string
}
