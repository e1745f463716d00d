package authority

import (
	"errors"
	"net/url"
	"strings"
)

// tenantPlaceholder stands for the tenant in the issuer of metadata and keys for many
// tenants.
const tenantPlaceholder = "{tenantid}"

// Issuer is the issuer in a provider's metadata or of a key. For many tenants it is a
// template with the placeholder {tenantid}.
type Issuer string

// ForTenant returns the issuer of one tenant's tokens.
func (t Issuer) ForTenant(tid string) string {
	return strings.ReplaceAll(string(t), tenantPlaceholder, tid)
}

// PerTenant reports whether the issuer is a template for many tenants.
func (t Issuer) PerTenant() bool {
	return strings.Contains(string(t), tenantPlaceholder)
}

// Matches reports whether issuer is this issuer, or the template's issuer for any
// tenant.
func (t Issuer) Matches(issuer string) bool {
	before, after, multi := strings.Cut(string(t), tenantPlaceholder)
	if !multi {
		return string(t) == issuer
	}
	rest, ok := strings.CutPrefix(issuer, before)
	tid, ok2 := strings.CutSuffix(rest, after)
	return ok && ok2 && IsGUID(tid)
}

// ErrIssuer says that an issuer does not fit. The text never quotes the issuer.
var ErrIssuer = errors.New("the metadata's issuer does not fit the configured authority")

// CheckIssuer returns ErrIssuer if the issuer in the metadata does not fit the
// authority (OpenID Connect Discovery 1.0, section 4.3). Without this check the
// metadata could name a provider that nobody configured.
func (a Authority) CheckIssuer(issuer string) error {
	if a.base == nil {
		return ErrIssuer
	}
	origin, fits := a.Origin(), false
	switch a.Kind {
	case KindOther:
		fits = issuer == a.issuer
	case KindCommon, KindOrganizations:
		fits = issuer == origin+"/"+tenantPlaceholder+"/v2.0"
	case KindConsumers:
		fits = issuer == origin+"/"+ConsumersTenant+"/v2.0"
	case KindTenantID:
		fits = a.tenantIssuer(issuer, a.Tenant)
	case KindDomain:
		fits = a.tenantIssuer(issuer, TenantOf(issuer))
	case KindPolicy:
		fits = a.policyIssuer(issuer)
	}
	if !fits {
		return ErrIssuer
	}
	return nil
}

// tenantIssuer reports whether issuer is the tenant's issuer at this authority. The
// issuer of External ID has the tenant's GUID as the first label of its host, also with
// a custom URL domain. Entra's own hosts never use that form.
func (a Authority) tenantIssuer(issuer, tenant string) bool {
	if !IsGUID(tenant) {
		return false
	}
	path := "/" + tenant + "/v2.0"
	if issuer == a.Origin()+path {
		return true
	}
	return a.cloud() == cloud{} && issuer == "https://"+tenant+".ciamlogin.com"+path
}

// policyIssuer reports whether issuer has one of the two forms of Azure AD B2C:
// HOST/TENANT/v2.0/ and HOST/tfp/TENANT/POLICY/v2.0/. It ignores the letter case of the
// policy, because B2C changes it.
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
		return IsGUID(segments[0]) && segments[1] == "v2.0"
	case 4:
		return segments[0] == "tfp" && IsGUID(segments[1]) && strings.EqualFold(segments[2], a.Policy()) && segments[3] == "v2.0"
	}
	return false
}

// TenantOf returns the GUID in an issuer's path, or "". In the issuer of a B2C policy
// it can be the second segment.
func TenantOf(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil {
		return ""
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if IsGUID(segment) {
			return segment
		}
	}
	return ""
}

// below reports whether host is a subdomain of domain.
func below(host, domain string) bool { return strings.HasSuffix(host, "."+domain) }
