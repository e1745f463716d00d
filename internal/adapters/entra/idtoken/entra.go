package idtoken

import (
	"webapp/internal/adapters/entra/authority"
	"webapp/internal/ports"
)

// checkIssuer compares iss with the metadata's issuer, exactly. Where that is
// one for many tenants checkTenant, which comes next, completes it: here iss
// has to be an issuer that the template stands for.
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

// checkTenant wants tid to be a GUID and the one that iss names. B2C leaves it
// out unless a policy adds it.
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

// checkKeyIssuer holds the signing key to its own issuer: keys of several
// issuers stand in one set, and each may sign for its own only. With an
// authority for many tenants a key that names no issuer signs for nobody.
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

// checkVersion wants a v2.0 token: in others the same names mean other things.
// B2C's tokens carry a version of their own.
func checkVersion(kind authority.Kind) func(*jwt) error {
	return func(t *jwt) error {
		ver, ok := t.claims.Text("ver")
		if !ok || kind != authority.KindPolicy && ver != "2.0" {
			return refuse("it is not a version 2.0 token")
		}
		return nil
	}
}

// checkObjectID reads oid, on which people are keyed, where it is present.
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
