package fakeidp

import "strings"

// Authorities that are not named after a tenant.
const (
	aliasCommon        = "common"
	aliasOrganizations = "organizations"
	aliasConsumers     = "consumers"
)

// tenantPlaceholder stands for the tenant in the issuer of multi-tenant metadata.
const tenantPlaceholder = "{tenantid}"

// authority is the tenant, or the group of tenants, that a request is sent to.
type authority struct {
	segment string    // the first path segment, in lower case, and that of the user flow
	tenant  *Tenant   // nil for common and organizations
	flow    *UserFlow // of Azure AD B2C, or nil
}

// accepts reports whether an account of tenantID may sign in through a.
func (a authority) accepts(tenantID string) bool {
	switch {
	case a.tenant != nil:
		return a.tenant.ID == tenantID
	case a.segment == aliasOrganizations:
		return tenantID != ConsumersTenantID
	}
	return true
}

// authority returns the authority of a path segment, or of two segments that name a
// tenant and a user flow. An unknown tenant or flow is error AADSTS90002.
func (p *Provider) authority(segment string) (authority, *Error) {
	lower := strings.ToLower(segment)
	switch lower {
	case aliasCommon, aliasOrganizations:
		return authority{segment: lower}, nil
	case aliasConsumers:
		lower = ConsumersTenantID
	}
	name, flowName, named := strings.Cut(lower, "/")
	for i := range p.config.Tenants {
		t := &p.config.Tenants[i]
		if name == strings.ToLower(t.ID) || name == strings.ToLower(t.Domain) && t.Domain != "" {
			if flow := t.userFlow(flowName); flow != nil || !named {
				return authority{segment: lower, tenant: t, flow: flow}, nil
			}
		}
	}
	return authority{}, newError(90002, "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.", clip(segment))
}

// tenantByID returns the tenant with this GUID, or nil.
func (p *Provider) tenantByID(id string) *Tenant {
	for i := range p.config.Tenants {
		if p.config.Tenants[i].ID == id {
			return &p.config.Tenants[i]
		}
	}
	return nil
}

// clip shortens text from a request before an error repeats it.
func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
