package entra

import (
	"errors"
	"net/url"
	"strings"
)

// tenantPlaceholder stands for the tenant in the issuer of a multi-tenant
// authority's metadata, and in the issuer of its keys.
const tenantPlaceholder = "{tenantid}"

// issuerTemplate is an issuer, with the placeholder where it is for many
// tenants.
type issuerTemplate string

// forTenant returns the issuer of one tenant's tokens.
func (t issuerTemplate) forTenant(tid string) string {
	return strings.ReplaceAll(string(t), tenantPlaceholder, tid)
}

// perTenant says that the template stands for many issuers.
func (t issuerTemplate) perTenant() bool {
	return strings.Contains(string(t), tenantPlaceholder)
}

// matches says whether issuer is one that the template stands for.
func (t issuerTemplate) matches(issuer string) bool {
	before, after, multi := strings.Cut(string(t), tenantPlaceholder)
	if !multi {
		return string(t) == issuer
	}
	rest, ok := strings.CutPrefix(issuer, before)
	tid, ok2 := strings.CutSuffix(rest, after)
	return ok && ok2 && isGUID(tid)
}

// errIssuer is one text for every way in which an issuer can be wrong: which
// it was shows in the two values, and those stay out of error texts.
var errIssuer = errors.New("the metadata's issuer does not fit the configured authority")

// checkIssuer says whether an issuer read from metadata fits the authority
// (OpenID Connect Discovery 1.0, section 4.3). Without this check the metadata
// could speak for a provider that nobody configured.
func (a Authority) checkIssuer(issuer string) error {
	if a.base == nil {
		return errIssuer
	}
	origin, fits := a.origin(), false
	switch a.Kind {
	case KindOther:
		fits = issuer == a.issuer
	case KindCommon, KindOrganizations:
		fits = issuer == origin+"/"+tenantPlaceholder+"/v2.0"
	case KindConsumers:
		fits = issuer == origin+"/"+consumersTenant+"/v2.0"
	case KindTenantID:
		fits = a.tenantIssuer(issuer, a.Tenant)
	case KindDomain:
		fits = a.tenantIssuer(issuer, issuerTenant(issuer))
	case KindPolicy:
		fits = a.policyIssuer(issuer)
	}
	if !fits {
		return errIssuer
	}
	return nil
}

// tenantIssuer says whether issuer is tenant's on this authority's host.
// External ID answers with the tenant's GUID as the host's first label, also
// behind a custom URL domain; Entra's own hosts do not speak for it.
func (a Authority) tenantIssuer(issuer, tenant string) bool {
	if !isGUID(tenant) {
		return false
	}
	path := "/" + tenant + "/v2.0"
	if issuer == a.origin()+path {
		return true
	}
	return a.cloud() == cloud{} && issuer == "https://"+tenant+".ciamlogin.com"+path
}

// policyIssuer knows the two forms of Azure AD B2C, which end in a slash.
func (a Authority) policyIssuer(issuer string) bool {
	u, err := url.Parse(issuer)
	if err != nil || u.String() != issuer || u.Scheme != a.base.Scheme || u.User != nil || u.RawQuery != "" {
		return false
	}
	family := below(a.base.Host, "b2clogin.com") && below(u.Host, "b2clogin.com")
	if u.Host != a.base.Host && !family {
		return false
	}
	segments := strings.Split(strings.TrimSuffix(strings.TrimPrefix(u.Path, "/"), "/"), "/")
	switch len(segments) {
	case 2:
		return isGUID(segments[0]) && segments[1] == "v2.0"
	case 4:
		return segments[0] == "tfp" && isGUID(segments[1]) && policyForm.matches(segments[2]) && segments[3] == "v2.0"
	}
	return false
}

// issuerTenant returns the GUID in an issuer's path, or "". Where the path is
// that of a B2C policy the GUID stands second.
func issuerTenant(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil {
		return ""
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if isGUID(segment) {
			return segment
		}
	}
	return ""
}

// below says whether host is a name below domain.
func below(host, domain string) bool { return strings.HasSuffix(host, "."+domain) }
