package fakeidp

import "strings"

// Authority segments that stand for no single tenant.
const (
	aliasCommon        = "common"
	aliasOrganizations = "organizations"
	aliasConsumers     = "consumers"
)

// tenantPlaceholder is the literal text in the issuer of multi-tenant metadata.
const tenantPlaceholder = "{tenantid}"

// authority is the first path segment of a request: one tenant, or an alias.
type authority struct {
	segment string  // as written in the request
	tenant  *Tenant // nil for common and organizations
}

// accepts says whether an account of tenantID may sign in through a.
func (a authority) accepts(tenantID string) bool {
	switch {
	case a.tenant != nil:
		return a.tenant.ID == tenantID
	case a.segment == aliasOrganizations:
		return tenantID != ConsumersTenantID
	}
	return true
}

// authority resolves a path segment; unknown tenants are AADSTS90002.
func (p *Provider) authority(segment string) (authority, *Error) {
	lower := strings.ToLower(segment)
	switch lower {
	case aliasCommon, aliasOrganizations:
		return authority{segment: lower}, nil
	case aliasConsumers:
		lower = ConsumersTenantID
	}
	for i := range p.config.Tenants {
		t := &p.config.Tenants[i]
		if lower == strings.ToLower(t.ID) || lower == strings.ToLower(t.Domain) && t.Domain != "" {
			return authority{segment: lower, tenant: t}, nil
		}
	}
	return authority{}, newError(90002, "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.", clip(segment))
}

// tenantByID returns the tenant with exactly this GUID, or nil.
func (p *Provider) tenantByID(id string) *Tenant {
	for i := range p.config.Tenants {
		if p.config.Tenants[i].ID == id {
			return &p.config.Tenants[i]
		}
	}
	return nil
}

// clip bounds a stranger's text before it is repeated in an answer.
func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
