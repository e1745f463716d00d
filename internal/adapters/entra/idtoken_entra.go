package entra

import (
	"webapp/internal/ports"
)

// checkIssuer compares iss with the metadata's issuer, exactly. Where that is
// one for many tenants checkTenant, which comes next, completes it: here iss
// has to be an issuer that the template stands for.
func checkIssuer(template issuerTemplate) func(*jwt) error {
	return func(t *jwt) error {
		iss, ok := t.claims.text("iss")
		if !ok || iss == "" || !template.matches(iss) {
			return refuse("it comes from another issuer")
		}
		t.issuer = iss
		return nil
	}
}

// checkTenant wants tid to be a GUID and the one that iss names. B2C leaves it
// out unless a policy adds it.
func checkTenant(template issuerTemplate, kind Kind) func(*jwt) error {
	return func(t *jwt) error {
		if kind == KindPolicy && !t.claims.has("tid") {
			return nil
		}
		tid, ok := t.claims.text("tid")
		if !ok || !isGUID(tid) {
			return refuse("its tenant is missing or not a tenant ID")
		}
		if template.forTenant(tid) != t.issuer || issuerTenant(t.issuer) != tid {
			return refuse("its tenant is not its issuer's")
		}
		t.tenant = tid
		return nil
	}
}

// checkKeyIssuer holds the signing key to its own issuer: keys of several
// issuers stand in one set, and each may sign for its own only. With an
// authority for many tenants a key that names no issuer signs for nobody.
func checkKeyIssuer(template issuerTemplate) func(*jwt) error {
	return func(t *jwt) error {
		if t.key.issuer == "" && !template.perTenant() {
			return nil
		}
		if t.key.issuer.forTenant(t.tenant) != t.issuer {
			return refuse("the key that signed it is another issuer's")
		}
		return nil
	}
}

// checkVersion wants a v2.0 token: in others the same names mean other things.
// B2C's tokens carry a version of their own.
func checkVersion(kind Kind) func(*jwt) error {
	return func(t *jwt) error {
		ver, ok := t.claims.text("ver")
		if !ok || kind != KindPolicy && ver != "2.0" {
			return refuse("it is not a version 2.0 token")
		}
		return nil
	}
}

// checkObjectID reads oid, on which people are keyed, where it is present.
func checkObjectID(t *jwt) error {
	oid, ok := t.claims.text("oid")
	if !ok || t.claims.has("oid") && !isGUID(oid) {
		return refuse("its object ID is not a GUID")
	}
	t.objectID = oid
	return nil
}

// checkTenantAllowed holds the tenant against the list; nil allows any.
func checkTenantAllowed(tenants map[string]bool) func(*jwt) error {
	return func(t *jwt) error {
		if tenants != nil && !tenants[t.tenant] {
			return &ports.TenantNotAllowedError{TenantID: t.tenant}
		}
		return nil
	}
}
