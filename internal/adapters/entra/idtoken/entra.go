package idtoken

import (
	"webapp/internal/adapters/entra/authority"
	"webapp/internal/ports"
)

// checkIssuer compares iss with the metadata's issuer, exactly. A template for
// many tenants matches the issuer of any tenant; checkTenant then compares the
// tenant.
func checkIssuer(template authority.Issuer) func(*jwt) error {
	return func(t *jwt) error {
		iss, ok := t.claims.Text("iss")
		if !ok || iss == "" || !template.Matches(iss) {
			return refuse("it comes from another issuer")
		}
		t.issuer = iss
		return nil
	}
}

// checkTenant requires that tid is a GUID and the tenant in iss. Azure AD B2C
// leaves tid out unless a policy adds it.
func checkTenant(template authority.Issuer, kind authority.Kind) func(*jwt) error {
	return func(t *jwt) error {
		if kind == authority.KindPolicy && !t.claims.Has("tid") {
			return nil
		}
		tid, ok := t.claims.Text("tid")
		if tid = authority.FoldGUID(tid); !ok || !authority.IsGUID(tid) {
			return refuse("its tenant is missing or not a tenant ID")
		}
		if template.ForTenant(tid) != t.issuer || authority.TenantOf(t.issuer) != tid {
			return refuse("its tenant is not its issuer's")
		}
		t.tenant = tid
		return nil
	}
}

// checkKeyIssuer compares iss with the issuer of the signing key: one key set has
// keys of several issuers, and each may sign for its own only. With an authority
// for many tenants, a key without an issuer may not sign at all.
func checkKeyIssuer(template authority.Issuer) func(*jwt) error {
	return func(t *jwt) error {
		if t.key.issuer == "" && !template.PerTenant() {
			return nil
		}
		if t.key.issuer.ForTenant(t.tenant) != t.issuer {
			return refuse("the key that signed it is another issuer's")
		}
		return nil
	}
}

// checkVersion requires a v2.0 token: in other versions the same names mean other
// things. Azure AD B2C has version numbers of its own.
func checkVersion(kind authority.Kind) func(*jwt) error {
	return func(t *jwt) error {
		ver, ok := t.claims.Text("ver")
		if !ok || kind != authority.KindPolicy && ver != "2.0" {
			return refuse("it is not a version 2.0 token")
		}
		return nil
	}
}

// checkObjectID reads oid, which is part of the user's key, if it is present.
func checkObjectID(t *jwt) error {
	oid, ok := t.claims.Text("oid")
	if oid = authority.FoldGUID(oid); !ok || t.claims.Has("oid") && !authority.IsGUID(oid) {
		return refuse("its object ID is not a GUID")
	}
	t.objectID = oid
	return nil
}

// checkTenantAllowed refuses people of a tenant that may not sign in.
func checkTenantAllowed(allows func(tenant string) bool) func(*jwt) error {
	return func(t *jwt) error {
		if allows != nil && !allows(t.tenant) {
			return &ports.TenantNotAllowedError{TenantID: t.tenant}
		}
		return nil
	}
}
