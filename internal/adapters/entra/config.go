package entra

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/adapters/entra/credential"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// The response modes: how the provider sends the browser to the redirect URI.
const (
	ResponseModeQuery    = "query"     // in the URL, by GET
	ResponseModeFormPost = "form_post" // in the body, by a cross-site POST
)

// The values of Config.Prompt (OpenID Connect Core 1.0, section 3.1.2.1).
const (
	PromptSelectAccount = "select_account"
	PromptLogin         = "login"
	PromptConsent       = "consent"
)

// AnyTenant as the only allowed tenant allows every tenant.
const AnyTenant = "*"

// Config configures a Provider. Exactly one of Authority and Issuer is set.
type Config struct {
	// Authority is an Entra authority, as authority.Parse reads it.
	Authority string
	// Issuer is the exact issuer of any OpenID Provider.
	Issuer string
	// EditProfilePolicy and ResetPasswordPolicy are the names of further user flows of
	// Azure AD B2C. Authority is then the user flow of the sign-in in the same tenant.
	// They are empty if there are no such flows.
	EditProfilePolicy   string
	ResetPasswordPolicy string
	// ClientID is the application's ID at the provider.
	ClientID string
	// Credential authenticates the application. New sets its fields ClientID,
	// ExchangeAudience, Clock, Rand, Timeout, Pause and Logger.
	Credential credential.Config
	// RedirectURI is where the provider sends the browser back to, exactly as
	// it is registered.
	RedirectURI string
	// PostLogoutRedirectURI is where the provider sends the browser after a sign-out.
	// If it is empty, the browser stays at the provider.
	PostLogoutRedirectURI string
	// AllowedTenants are the GUIDs of the tenants whose people may sign in, or
	// AnyTenant alone. It is required for common and organizations. It must be empty
	// for every other authority, which has one tenant.
	AllowedTenants []string
	// ResponseMode is ResponseModeQuery, the default, or ResponseModeFormPost.
	// ResponseModeFormPost needs an https RedirectURI, because its cookies must be
	// Secure.
	ResponseMode string
	// Prompt says what the provider asks for at each sign-in. If it is empty, it is
	// PromptSelectAccount for the providers that support that. PromptSelectAccount is
	// not sent with a step-up, whose account is known. NoPrompt sends no prompt.
	Prompt   string
	NoPrompt bool
	// DomainHint is the parameter domain_hint: the domain of the people's accounts. It
	// is not sent together with a login_hint.
	DomainHint string
	// PushedRequestsOff sends no pushed authorization requests (RFC 9126). Without it
	// they are used if the metadata name the endpoint.
	PushedRequestsOff bool
	// RevocationOff revokes no tokens (RFC 7009). Without it they are revoked if the
	// metadata name the endpoint.
	RevocationOff bool
	// SigningAlgorithm is the algorithm of ID tokens and logout tokens, such as RS256,
	// that the application is registered for (id_token_signed_response_alg of OpenID
	// Connect Dynamic Client Registration 1.0, section 2). If it is empty, every
	// algorithm of idtoken.Algorithms is accepted that the provider offers.
	SigningAlgorithm string
	// GraphBase is the scheme and host of Microsoft Graph for a provider on this
	// machine (the demo, a test). If it is empty, it is the provider itself. For any
	// other provider it is refused: the cloud determines it.
	GraphBase string

	// Clock returns the time; nil is time.Now.
	Clock func() time.Time
	// Rand is the source of nonces and PKCE verifiers; nil is crypto/rand.
	Rand io.Reader
	// Transport sends the requests; nil is providerhttp.NewTransport. Keep it for the
	// life of the program: a new TLS connection costs seven times a kept one.
	Transport http.RoundTripper
	// Timeout bounds each request to the provider; 0 is providerhttp.DefaultTimeout.
	Timeout time.Duration
	// Pause waits before a request is repeated; nil is providerhttp.Pause. It returns an
	// error if the deadline of ctx comes first.
	Pause func(ctx context.Context, d time.Duration) error
	// Logger gets messages for operators; nil discards them.
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
	c.ResponseMode = cmp.Or(c.ResponseMode, ResponseModeQuery)
	c.Rand = cmp.Or(c.Rand, rand.Reader)
	c.Timeout = cmp.Or(max(c.Timeout, 0), providerhttp.DefaultTimeout)
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Transport == nil {
		c.Transport = providerhttp.NewTransport(c.Timeout)
	}
	if c.Pause == nil {
		c.Pause = providerhttp.Pause
	}
	return c, nil
}

// authority reads Authority or Issuer, whichever is set.
func (c Config) authority() (authority.Authority, error) {
	if c.Issuer != "" {
		return authority.ParseIssuer(c.Issuer)
	}
	return authority.Parse(c.Authority)
}

// furtherFlow is a user flow of Azure AD B2C besides that of the sign-in.
type furtherFlow struct {
	flow   ports.Flow
	field  string // of Config
	policy string // the name of the user flow
}

// furtherFlows returns the further user flows that are configured.
func (c Config) furtherFlows() []furtherFlow {
	all := []furtherFlow{
		{ports.FlowEditProfile, "EditProfilePolicy", c.EditProfilePolicy},
		{ports.FlowResetPassword, "ResetPasswordPolicy", c.ResetPasswordPolicy},
	}
	return slices.DeleteFunc(all, func(f furtherFlow) bool { return f.policy == "" })
}

// publicCloudAudience is the audience for authorities whose host does not show the cloud,
// such as External ID, which is in the public cloud.
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
