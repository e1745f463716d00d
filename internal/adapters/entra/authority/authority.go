// Package authority knows which provider is configured: the form of its
// authority, its cloud, and which issuers fit it. It makes no request.
package authority

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// Kind is the form of an authority; it decides which issuers fit.
type Kind int

// The kinds of authority.
const (
	KindTenantID      Kind = iota + 1 // one tenant, by its GUID
	KindDomain                        // one tenant, by a verified domain
	KindCommon                        // work, school and personal accounts of any tenant
	KindOrganizations                 // work and school accounts of any tenant
	KindConsumers                     // personal Microsoft accounts
	KindPolicy                        // a policy (user flow) of Azure AD B2C
	KindOther                         // any OpenID Provider, by its exact issuer
)

// MultiTenant says that accounts of many tenants may come, so that a list of
// allowed tenants is needed.
func (k Kind) MultiTenant() bool { return k == KindCommon || k == KindOrganizations }

// Authority is a provider as it is configured.
type Authority struct {
	Kind Kind
	// Tenant is the GUID (lower case) or the domain; empty for KindPolicy and
	// KindOther.
	Tenant string

	base   *url.URL // without a trailing slash and a query
	appID  string   // of ?appid=, or empty
	issuer string   // KindOther: the exact issuer
}

// ConsumersTenant is the tenant of personal Microsoft accounts.
const ConsumersTenant = "9188040d-6c67-4c5b-b112-36a304b66dad"

// These expressions are compiled at their first use: their counts make them
// large, and every start of the program would wait for them.
var (
	domainForm = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?i:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+(?i:[a-z][a-z0-9-]{0,61}[a-z0-9])$`)
	})
	policyForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`) })
)

// IsGUID says whether text is a GUID in lower case, as Entra writes it. FoldGUID
// comes first where capitals are allowed.
func IsGUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		switch c := text[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case (c < '0' || c > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}

// FoldGUID returns a GUID in lower case and any other text unchanged. IDs that are
// GUIDs compare without regard to case. Issuers and subjects do not.
func FoldGUID(text string) string {
	if folded := strings.ToLower(text); IsGUID(folded) {
		return folded
	}
	return text
}

// Parse reads an Entra authority such as
// https://login.microsoftonline.com/common or, for B2C,
// https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_signin. A trailing
// slash changes nothing. https://contoso.ciamlogin.com stands for External ID's
// tenant contoso.onmicrosoft.com there. The errors are sentences about the
// value, without it.
//
// The one query there may be is ?appid=, with the application's own ID: an
// application that has signing keys of its own (for claims mapping) finds them
// in the metadata of that URL only. It is never added by itself, since without
// such keys it would change where the metadata come from for nothing.
func Parse(text string) (Authority, error) {
	u, err := ParseWebURL(text)
	if err != nil {
		return Authority{}, err
	}
	if err := checkAlias(u.Hostname()); err != nil {
		return Authority{}, err
	}
	appID, err := parseAppID(u)
	if err != nil {
		return Authority{}, err
	}
	host := strings.ToLower(u.Host)
	if name, ok := strings.CutSuffix(host, ".ciamlogin.com"); ok && strings.Trim(u.Path, "/") == "" {
		u.Path = "/" + name + ".onmicrosoft.com"
	}
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if segments[len(segments)-1] == "v2.0" {
		return Authority{}, errors.New("must not end in /v2.0, which is added")
	}
	a, err := classify(segments)
	if err != nil {
		return Authority{}, err
	}
	if appID != "" && a.Kind == KindPolicy {
		return Authority{}, errors.New("must not have a query with a policy")
	}
	a.base, a.appID = &url.URL{Scheme: u.Scheme, Host: host, Path: path}, appID
	return a, nil
}

// classify tells the kind from the path's segments.
func classify(segments []string) (Authority, error) {
	if len(segments) == 1 {
		return classifyTenant(strings.ToLower(segments[0]))
	}
	if segments[0] == "tfp" {
		segments = segments[1:]
	}
	tenant := strings.ToLower(segments[0])
	if len(segments) != 2 || !IsGUID(tenant) && !domainForm().MatchString(tenant) || !policyForm().MatchString(segments[1]) {
		return Authority{}, errors.New("must have the path /TENANT, or /TENANT/POLICY for Azure AD B2C")
	}
	return Authority{Kind: KindPolicy}, nil
}

func classifyTenant(tenant string) (Authority, error) {
	switch {
	case tenant == "":
		return Authority{}, errors.New("names no tenant: end it in /TENANT (a tenant ID, a domain, common, organizations or consumers)")
	case tenant == "common":
		return Authority{Kind: KindCommon, Tenant: tenant}, nil
	case tenant == "organizations":
		return Authority{Kind: KindOrganizations, Tenant: tenant}, nil
	case tenant == "consumers":
		return Authority{Kind: KindConsumers, Tenant: tenant}, nil
	case IsGUID(tenant):
		return Authority{Kind: KindTenantID, Tenant: tenant}, nil
	case domainForm().MatchString(tenant):
		return Authority{Kind: KindDomain, Tenant: tenant}, nil
	}
	return Authority{}, errors.New("must end in a tenant ID (a GUID), a domain, common, organizations or consumers")
}

// ParseIssuer reads the exact issuer of any OpenID Provider.
func ParseIssuer(text string) (Authority, error) {
	u, err := ParseWebURL(text)
	if err != nil {
		return Authority{}, err
	}
	if u.RawQuery != "" || u.ForceQuery {
		return Authority{}, errors.New("must not have a query")
	}
	// The issuer of Entra's version 1.0 endpoint is at sts.windows.net.
	if err := checkAlias(u.Hostname()); err != nil && !strings.EqualFold(u.Hostname(), "sts.windows.net") {
		return Authority{}, err
	}
	if strings.Contains(text, "/.well-known/") {
		return Authority{}, errors.New("must be the issuer, without /.well-known/openid-configuration")
	}
	return Authority{Kind: KindOther, base: u, issuer: text}, nil
}

// Entra says whether the provider is Microsoft's, so that its own claims and
// rules apply.
func (a Authority) Entra() bool { return a.Kind != KindOther }

// EntraParameters says whether the provider knows Entra's own parameters: the
// prompt select_account, logout_hint and client capabilities. Azure AD B2C does
// not.
func (a Authority) EntraParameters() bool { return a.Entra() && a.Kind != KindPolicy }

// AppID returns the application of ?appid=, or "".
func (a Authority) AppID() string { return a.appID }

// Scheme returns https, or http for an authority on this machine.
func (a Authority) Scheme() string { return a.base.Scheme }

// OnLoopback says whether the authority is on this machine.
func (a Authority) OnLoopback() bool { return IsLoopback(a.base.Hostname()) }

// DiscoveryURL returns the address of the metadata (OpenID Connect Discovery 1.0,
// section 4; Entra has them below v2.0).
func (a Authority) DiscoveryURL() string {
	const wellKnown = "/.well-known/openid-configuration"
	if a.Kind == KindOther {
		return strings.TrimSuffix(a.issuer, "/") + wellKnown
	}
	query := ""
	if a.appID != "" {
		query = "?appid=" + a.appID
	}
	return a.base.String() + "/v2.0" + wellKnown + query
}

// Origin returns the scheme and host of the authority.
func (a Authority) Origin() string { return a.base.Scheme + "://" + a.base.Host }

// parseAppID reads the query, which is empty or names an application.
func parseAppID(u *url.URL) (string, error) {
	if u.RawQuery == "" && !u.ForceQuery {
		return "", nil
	}
	id, ok := strings.CutPrefix(u.RawQuery, "appid=")
	if id = strings.ToLower(id); !ok || !IsGUID(id) {
		return "", errors.New("must not have a query, but for ?appid= with the application ID")
	}
	return id, nil
}
