package entra

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/adapters/entra/credential"
	"webapp/internal/adapters/entra/idtoken"
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

// authority reads Authority or Issuer, whichever is set.
func (c Config) authority() (authority.Authority, error) {
	if c.Issuer != "" {
		return authority.ParseIssuer(c.Issuer)
	}
	return authority.Parse(c.Authority)
}

// policies returns the names of the further user flows that are configured.
func (c Config) policies() map[ports.Flow]string {
	names := map[ports.Flow]string{ports.FlowEditProfile: c.EditProfilePolicy, ports.FlowResetPassword: c.ResetPasswordPolicy}
	maps.DeleteFunc(names, func(_ ports.Flow, policy string) bool { return policy == "" })
	return names
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

// Problem is one thing that is wrong with a Config, or with its credential.
type Problem = credential.Problem

// Problems returns everything that is wrong with c in the order of its fields, or nothing
// if New accepts it.
func (c Config) Problems() []Problem {
	var found []Problem
	report := func(field, text string) { found = append(found, Problem{Field: field, Text: text}) }

	kind := c.checkAuthority(report)
	if strings.TrimSpace(c.ClientID) == "" || providerhttp.HasControl(c.ClientID) {
		report("ClientID", "is missing or not an application ID")
	}
	configured, _ := c.authority() // checkAuthority has reported the error
	if kind != 0 {
		c.checkPolicies(configured, report)
	}
	found = append(found, c.credential(configured).Problems()...)
	c.checkRedirects(report)
	c.checkHints(report)
	c.checkTenants(kind, report)
	c.checkAlgorithm(report)
	return found
}

func (c Config) checkAuthority(report func(field, text string)) authority.Kind {
	if (c.Authority == "") == (c.Issuer == "") {
		report("Authority", "or Issuer must be set, and not both")
		return 0
	}
	field, read, text := "Authority", authority.Parse, c.Authority
	if c.Issuer != "" {
		field, read, text = "Issuer", authority.ParseIssuer, c.Issuer
	}
	configured, err := read(text)
	if err != nil {
		report(field, err.Error())
		return configured.Kind
	}
	if configured.AppID() != "" && configured.AppID() != strings.ToLower(c.ClientID) {
		report(field, "has the appid of another application than ClientID")
	}
	if c.GraphBase != "" && !(configured.OnLoopback() && authority.IsLoopbackOrigin(c.GraphBase)) {
		report("GraphBase", "is for an authority on this machine only, and must be the scheme, host and port of a server on this machine")
	}
	return configured.Kind
}

// checkPolicies requires that the user flows are different. Otherwise a token would not
// tell which of them issued it.
func (c Config) checkPolicies(configured authority.Authority, report func(field, text string)) {
	used := []string{configured.Policy()}
	for _, further := range []struct{ field, policy string }{
		{"EditProfilePolicy", c.EditProfilePolicy}, {"ResetPasswordPolicy", c.ResetPasswordPolicy},
	} {
		if further.policy == "" {
			continue
		}
		if _, err := configured.WithPolicy(further.policy); err != nil {
			report(further.field, err.Error())
		} else if slices.ContainsFunc(used, func(other string) bool { return strings.EqualFold(other, further.policy) }) {
			report(further.field, "is a user flow that has another use already")
		}
		used = append(used, further.policy)
	}
}

func (c Config) checkRedirects(report func(field, text string)) {
	redirect, err := authority.ParseWebURL(c.RedirectURI)
	if err != nil {
		report("RedirectURI", err.Error())
	}
	if c.PostLogoutRedirectURI != "" {
		if _, err := authority.ParseWebURL(c.PostLogoutRedirectURI); err != nil {
			report("PostLogoutRedirectURI", err.Error())
		}
	}
	switch c.ResponseMode {
	case "", ResponseModeQuery:
	case ResponseModeFormPost:
		if redirect != nil && redirect.Scheme != "https" {
			report("ResponseMode", "form_post needs a redirect URI with https")
		}
	default:
		report("ResponseMode", "must be query or form_post")
	}
}

func (c Config) checkHints(report func(field, text string)) {
	if !slices.Contains([]string{"", PromptSelectAccount, PromptLogin, PromptConsent}, c.Prompt) {
		report("Prompt", "is not select_account, login or consent")
	}
	if len(c.DomainHint) > maxDomainBytes || strings.ContainsFunc(c.DomainHint, notDomain) {
		report("DomainHint", "is not a domain")
	}
}

// maxDomainBytes is the length of the longest domain name.
const maxDomainBytes = 253

// notDomain reports whether a domain_hint must not have the character. It can also be
// a word, such as organizations.
func notDomain(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("@/:?#&=", r) }

func (c Config) checkTenants(kind authority.Kind, report func(field, text string)) {
	switch {
	case kind == 0: // the authority itself is malformed
	case !kind.MultiTenant() && len(c.AllowedTenants) > 0:
		report("AllowedTenants", "is for common and organizations only; this authority names its tenant already")
	case kind.MultiTenant() && len(c.AllowedTenants) == 0:
		report("AllowedTenants", `is required with common and organizations: tenant IDs, or "*" for any tenant`)
	}
	if slices.Equal(c.AllowedTenants, []string{AnyTenant}) {
		return
	}
	for i, tenant := range c.AllowedTenants {
		if !authority.IsGUID(strings.ToLower(tenant)) {
			report("AllowedTenants", fmt.Sprintf(`entry %d is not a tenant ID (a GUID); "*" stands alone`, i+1))
		}
	}
}

func (c Config) checkAlgorithm(report func(field, text string)) {
	if c.SigningAlgorithm != "" && !slices.Contains(idtoken.Algorithms(), c.SigningAlgorithm) {
		report("SigningAlgorithm", "is not one of the accepted algorithms: "+strings.Join(idtoken.Algorithms(), ", "))
	}
}
