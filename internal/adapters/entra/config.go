package entra

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
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
	// Authority is an Entra authority, as ParseAuthority reads it.
	Authority string
	// Issuer is the exact issuer of any OpenID Provider.
	Issuer string
	// ClientID is the application's ID at the provider.
	ClientID string
	// ClientSecret proves that it is the application who asks.
	ClientSecret string
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

// Problem is one thing that is wrong with a Config.
type Problem struct {
	Field string // the name of the Config's field
	Text  string // what is wrong, without the value
}

// Error reads "Field text".
func (p Problem) Error() string { return p.Field + " " + p.Text }

// Problems answers everything that is wrong with c, in the order of its
// fields; none when New will accept it.
func (c Config) Problems() []Problem {
	var found []Problem
	report := func(field, text string) { found = append(found, Problem{field, text}) }

	kind := c.checkAuthority(report)
	if strings.TrimSpace(c.ClientID) == "" || hasControl(c.ClientID) {
		report("ClientID", "is missing or not an application ID")
	}
	if c.ClientSecret == "" || hasControl(c.ClientSecret) {
		report("ClientSecret", "is missing or holds a line break or another control character")
	}
	c.checkRedirects(report)
	c.checkTenants(kind, report)
	return found
}

func (c Config) checkAuthority(report func(field, text string)) Kind {
	if (c.Authority == "") == (c.Issuer == "") {
		report("Authority", "or Issuer must be set, and not both")
		return 0
	}
	field, read, text := "Authority", ParseAuthority, c.Authority
	if c.Issuer != "" {
		field, read, text = "Issuer", ParseIssuer, c.Issuer
	}
	authority, err := read(text)
	if err != nil {
		report(field, err.Error())
	}
	return authority.Kind
}

func (c Config) checkRedirects(report func(field, text string)) {
	redirect, err := parseWebURL(c.RedirectURI)
	if err != nil {
		report("RedirectURI", err.Error())
	}
	if c.PostLogoutRedirectURI != "" {
		if _, err := parseWebURL(c.PostLogoutRedirectURI); err != nil {
			report("PostLogoutRedirectURI", err.Error())
		}
	}
	switch c.ResponseMode {
	case "", ResponseModeQuery:
	case ResponseModeFormPost:
		if redirect != nil && redirect.Scheme != "https" {
			report("ResponseMode", "form_post needs a RedirectURI with https")
		}
	default:
		report("ResponseMode", "must be query or form_post")
	}
}

func (c Config) checkTenants(kind Kind, report func(field, text string)) {
	switch {
	case kind == 0:
		return
	case !kind.MultiTenant() && len(c.AllowedTenants) > 0:
		report("AllowedTenants", "is for common and organizations only; this authority names its tenant already")
	case kind.MultiTenant() && len(c.AllowedTenants) == 0:
		report("AllowedTenants", `is required with common and organizations: tenant IDs, or "*" for any tenant`)
	}
	if slices.Equal(c.AllowedTenants, []string{AnyTenant}) {
		return
	}
	for i, tenant := range c.AllowedTenants {
		if !isGUID(strings.ToLower(tenant)) {
			report("AllowedTenants", fmt.Sprintf(`entry %d is not a tenant ID (a GUID); "*" stands alone`, i+1))
		}
	}
}

// hasControl says whether text holds a character that no value of a form or a
// header should, most often a line break that came with a file.
func hasControl(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// validated answers c with its defaults, or every problem at once.
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
		c.Timeout = defaultTimeout
	}
	if c.Transport == nil {
		c.Transport = newTransport(c.Timeout)
	}
	if c.Pause == nil {
		c.Pause = pause
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}
