package forgery

import (
	"slices"
	"strings"

	"webapp/internal/adapters/fakeidp"
)

// issuers are tokens of somebody else: another issuer, tenant, version.
func issuers() []Forgery {
	return slices.Concat(
		rule(kind{}, "OpenID Connect Core 1.0, section 3.1.3.7, 2: iss is the provider's issuer, exactly", []attack{
			{"iss is missing", Drop("iss")},
			{"iss is empty", Set("iss", "")},
			{"iss is a number", Set("iss", 1)},
			{"iss is somebody else", Set("iss", "https://login.microsoftonline.com/"+fakeidp.ContosoTenantID+"/v2.0")},
			{"iss has a slash more", Edit("iss", func(iss string) string { return iss + "/" })},
			{"iss in other letter case", Edit("iss", strings.ToUpper)},
			{"iss is the version 1 issuer", Set("iss", "https://sts.windows.net/"+fakeidp.ContosoTenantID+"/")},
			{"iss is the template itself", issuerOf(func(string) string { return "{tenantid}" })},
			{"iss is another tenant's", issuerOf(otherTenant)},
		}),
		rule(kind{entra: true}, "Microsoft's rule for many tenants: tid is a GUID and the tenant that iss names", []attack{
			{"tid is missing", Drop("tid")},
			{"tid is no GUID", Set("tid", "contoso.example")},
			{"tid is a number", Set("tid", 7)},
			{"tid is another tenant's", Edit("tid", otherTenant)},
			{"tid is null", Set("tid", nil)},
		}),
		rule(kind{entra: true}, "Microsoft's rule: a version 2.0 application takes version 2.0 tokens", []attack{
			{"ver is 1.0", Set("ver", "1.0")},
			{"ver is missing", Drop("ver")},
			{"ver is a number", Set("ver", 2.0)},
		}),
		rule(kind{prudent: true, entra: true}, "Microsoft's rule: oid, on which people are keyed, is a GUID", []attack{
			{"oid is no GUID", Set("oid", "adele")},
			{"oid is empty", Set("oid", "")},
		}),
	)
}

// issuerOf puts another tenant into the issuer.
func issuerOf(tenant func(own string) string) Change {
	return SetFrom("iss", func(d *fakeidp.TokenDraft) any {
		own := text(d, "tid")
		return strings.Replace(text(d, "iss"), own, tenant(own), 1)
	})
}

// otherTenant returns a tenant that there is, and that is not this one.
func otherTenant(own string) string {
	if own == fakeidp.FabrikamTenantID {
		return fakeidp.ContosoTenantID
	}
	return fakeidp.FabrikamTenantID
}
