package entra

import (
	"fmt"
	"slices"
	"strings"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/adapters/entra/credential"
	"webapp/internal/adapters/entra/idtoken"
	"webapp/internal/providerhttp"
)

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
	for _, further := range c.furtherFlows() {
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
