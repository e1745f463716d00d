package entra

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/adapters/entra/credential"
	"webapp/internal/providerhttp"
)

// The response modes: how the provider sends its answer to the redirect URI.
const (
	ResponseModeQuery    = "query"     // in the URL, by GET
	ResponseModeFormPost = "form_post" // in the body, by a cross-site POST
)

// AnyTenant as the only allowed tenant says "any" explicitly.
const AnyTenant = "*"

// Config is everything that a Provider is told. Exactly one of Authority and
// Issuer is set.
type Config struct {
	// Authority is an Entra authority, as authority.Parse reads it.
	Authority string
	// Issuer is the exact issuer of any OpenID Provider.
	Issuer string
	// ClientID is the application's ID at the provider.
	ClientID string
	// Credential is how the application proves itself. New sets the fields that
	// the two configurations share: ClientID, ExchangeAudience, Clock, Rand,
	// Timeout, Pause and Logger.
	Credential credential.Config
	// RedirectURI is where the provider sends the browser back to, exactly as
	// it is registered.
	RedirectURI string
	// PostLogoutRedirectURI is where the provider sends the browser after a
	// sign-out; empty leaves it at the provider.
	PostLogoutRedirectURI string
	// AllowedTenants are the GUIDs of the tenants whose people may sign in, or
	// AnyTenant alone. Required for common and organizations, and refused
	// elsewhere, where the authority names the tenant already.
	AllowedTenants []string
	// ResponseMode is ResponseModeQuery (also when empty) or
	// ResponseModeFormPost, which needs an https RedirectURI because its
	// cookies have to be Secure.
	ResponseMode string
	// SigningAlgorithm is the one algorithm, such as RS256, that the application
	// is registered to get its ID tokens and logout tokens signed with
	// (id_token_signed_response_alg of OpenID Connect Dynamic Client Registration
	// 1.0, section 2). Empty takes each that the provider offers and that is
	// acceptable here, which are public-key algorithms only.
	SigningAlgorithm string
	// GraphBase is the scheme and host of the Microsoft Graph to look groups up
	// in, for a provider on this machine (the demo, a test) and refused for any
	// other, whose cloud says where its Graph is. Empty is the provider itself.
	GraphBase string

	// Clock tells the time; nil is time.Now.
	Clock func() time.Time
	// Rand is the source of nonces and PKCE verifiers; nil is crypto/rand.
	Rand io.Reader
	// Transport carries the requests; nil is one that is made for this. It is
	// to be long-lived: a new TLS connection costs seven times a kept one.
	Transport http.RoundTripper
	// Timeout bounds each call to the provider; 0 is 10 seconds.
	Timeout time.Duration
	// Pause waits between a call and its one repetition; nil waits by the real
	// clock. It fails where ctx would end first.
	Pause func(ctx context.Context, d time.Duration) error
	// Logger gets what an operator should know and no caller is told; nil
	// discards it.
	Logger *slog.Logger
}

// validated returns c with its defaults, or every problem at once.
func (c Config) validated() (Config, error) {
	var problems []error
	for _, problem := range c.Problems() {
		problems = append(problems, problem)
	}
	if err := errors.Join(problems...); err != nil {
		return Config{}, err
	}
	if c.ResponseMode == "" {
		c.ResponseMode = ResponseModeQuery
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Timeout <= 0 {
		c.Timeout = providerhttp.DefaultTimeout
	}
	if c.Transport == nil {
		c.Transport = providerhttp.NewTransport(c.Timeout)
	}
	if c.Pause == nil {
		c.Pause = providerhttp.Pause
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// authority reads the one of Authority and Issuer that is set.
func (c Config) authority() (authority.Authority, error) {
	if c.Issuer != "" {
		return authority.ParseIssuer(c.Issuer)
	}
	return authority.Parse(c.Authority)
}

// publicCloudAudience is for authorities that do not tell their cloud, such as
// External ID, which is in the public one.
const publicCloudAudience = "api://AzureADTokenExchange"

// credential returns the credential's configuration with the shared fields.
func (c Config) credential(configured authority.Authority) credential.Config {
	made := c.Credential
	made.ClientID, made.Clock, made.Rand, made.Timeout, made.Pause, made.Logger = c.ClientID, c.Clock, c.Rand, c.Timeout, c.Pause, c.Logger
	if configured.Entra() {
		made.ExchangeAudience = cmp.Or(configured.TokenExchangeAudience(), publicCloudAudience)
	}
	return made
}
