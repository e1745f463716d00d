// Package authority describes the configured provider: which kind of authority it
// is, in which of Microsoft's clouds it is, and which issuers fit it. It makes no
// request.
package authority

import (
	"errors"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Kind is the form of an authority. It decides which issuers fit.
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

// MultiTenant reports whether people of many tenants can sign in, so that a list of
// allowed tenants is required.
func (k Kind) MultiTenant() bool { return k == KindCommon || k == KindOrganizations }

// Authority is the configured provider.
type Authority struct {
	Kind Kind
	// Tenant is the GUID in lower case, the domain, common, organizations or
	// consumers. It is empty for KindPolicy and KindOther.
	Tenant string

	base   *url.URL // without a trailing slash and a query
	appID  string   // of ?appid=, or empty
	issuer string   // KindOther: the exact issuer
}

// ConsumersTenant is the tenant of personal Microsoft accounts.
const ConsumersTenant = "9188040d-6c67-4c5b-b112-36a304b66dad"

// Parse reads an Entra authority such as
// https://login.microsoftonline.com/common or, for B2C,
// https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_signin. A trailing
// slash changes nothing. https://contoso.ciamlogin.com stands for the tenant
// contoso.onmicrosoft.com of External ID on that host. An error is a sentence about
// the value and does not quote it.
//
// The only allowed query is ?appid= with the application's own ID. An application
// with its own signing keys (for claims mapping) finds them only in the metadata of
// that URL. Parse never adds the query: without such keys it has no use.
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
	escaped := strings.TrimSuffix(u.EscapedPath(), "/")
	segments := strings.Split(strings.TrimPrefix(escaped, "/"), "/")
	if segments[len(segments)-1] == "v2.0" {
		return Authority{}, errors.New("must not end in /v2.0, which is added")
	}
	a, err := parsePath(segments)
	if err != nil {
		return Authority{}, err
	}
	if appID != "" && a.Kind == KindPolicy {
		return Authority{}, errors.New("must not have a query with a policy")
	}
	a.base, a.appID = &url.URL{Scheme: u.Scheme, Host: host, Path: escaped}, appID
	return a, nil
}

// parseAppID reads the query. It returns "" for an empty query.
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

// parsePath returns the kind and the tenant that the segments of a path name.
func parsePath(segments []string) (Authority, error) {
	if len(segments) == 1 {
		return parseTenant(strings.ToLower(segments[0]))
	}
	if segments[0] == "tfp" {
		segments = segments[1:]
	}
	tenant := strings.ToLower(segments[0])
	if len(segments) != 2 || !IsGUID(tenant) && !isDomain(tenant) || !isPolicy(segments[1]) {
		return Authority{}, errors.New("must have the path /TENANT, or /TENANT/POLICY for Azure AD B2C")
	}
	return Authority{Kind: KindPolicy}, nil
}

func parseTenant(tenant string) (Authority, error) {
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
	case isDomain(tenant):
		return Authority{Kind: KindDomain, Tenant: tenant}, nil
	}
	return Authority{}, errors.New("must end in a tenant ID (a GUID), a domain, common, organizations or consumers")
}

var (
	domainForm = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$`)
	policyForm = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
)

// isDomain reports whether text is a domain name in lower case with at least two
// labels. A label has at most 63 characters.
func isDomain(text string) bool {
	tooLong := func(label string) bool { return len(label) > 63 }
	return domainForm.MatchString(text) && !slices.ContainsFunc(strings.Split(text, "."), tooLong)
}

// isPolicy reports whether text can be the name of a B2C policy.
func isPolicy(text string) bool { return len(text) <= 128 && policyForm.MatchString(text) }

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

// Policy returns the name of the policy of a KindPolicy authority, or "".
func (a Authority) Policy() string {
	if a.Kind != KindPolicy || a.base == nil {
		return ""
	}
	return path.Base(a.base.Path)
}

// WithPolicy returns the authority of another policy of the same B2C tenant. An error
// is a sentence about the name and does not quote it.
func (a Authority) WithPolicy(name string) (Authority, error) {
	switch {
	case a.Policy() == "":
		return Authority{}, errors.New("is for an authority of Azure AD B2C only")
	case !isPolicy(name):
		return Authority{}, errors.New("is not the name of a user flow, such as B2C_1_edit")
	}
	base := *a.base
	base.Path = path.Join(path.Dir(base.Path), name)
	a.base = &base
	return a, nil
}

// AdminConsentURL returns the address of the page where an administrator consents for an
// organization, without parameters, or "" if the authority has none: Azure AD B2C,
// External ID, personal accounts and other providers. tenant is the GUID of the
// organization. It is used if the authority is for many tenants; without it the page
// uses the administrator's own.
func (a Authority) AdminConsentURL(tenant string) string {
	segment := a.Tenant
	if a.Kind.MultiTenant() {
		// Entra advises against common, because personal accounts cannot consent.
		segment = "organizations"
		if IsGUID(tenant) {
			segment = tenant
		}
	}
	switch {
	case a.Kind == KindPolicy, a.Kind == KindOther, a.Kind == KindConsumers, segment == ConsumersTenant:
		return ""
	case a.cloud() == cloud{} && !a.OnLoopback(): // External ID
		return ""
	}
	return a.Origin() + "/" + segment + "/v2.0/adminconsent"
}

// Entra reports whether the provider is Microsoft's, so that its own claims and
// rules apply.
func (a Authority) Entra() bool { return a.Kind != KindOther }

// EntraParameters reports whether the provider supports Entra's own parameters: the
// prompt select_account, logout_hint and client capabilities. Azure AD B2C does not.
func (a Authority) EntraParameters() bool { return a.Entra() && a.Kind != KindPolicy }

// AppID returns the application ID of ?appid=, or "".
func (a Authority) AppID() string { return a.appID }

// Scheme returns https, or http for an authority on this machine.
func (a Authority) Scheme() string { return a.base.Scheme }

// Origin returns the scheme and host of the authority.
func (a Authority) Origin() string { return a.base.Scheme + "://" + a.base.Host }

// OnLoopback reports whether the authority is on this machine.
func (a Authority) OnLoopback() bool { return IsLoopback(a.base.Hostname()) }

// DiscoveryURL returns the URL of the metadata (OpenID Connect Discovery 1.0,
// section 4). Entra's are below /v2.0.
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
