package idtoken

import (
	"context"
	"log/slog"
	"strings"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// checkTenant requires that tid is a GUID and the tenant in iss. Azure AD B2C leaves tid
// out unless a policy adds it.
func (t *jwt) checkTenant() error {
	if t.verifier.Authority.Kind == authority.KindPolicy && !t.claims.Has("tid") {
		return nil
	}
	tid, ok := t.claims.Text("tid")
	if tid = authority.FoldGUID(tid); !ok || !authority.IsGUID(tid) {
		return providerhttp.Refused("its tenant is missing or not a tenant ID")
	}
	if t.verifier.Issuer.ForTenant(tid) != t.identity.Issuer || authority.TenantOf(t.identity.Issuer) != tid {
		return providerhttp.Refused("its tenant is not its issuer's")
	}
	t.identity.TenantID = tid
	return nil
}

// checkKeyIssuer compares iss with the issuer of the signing key. One key set has keys of
// several issuers, and a key may sign only for its own issuer. With an authority for many
// tenants, a key without an issuer may not sign.
func (t *jwt) checkKeyIssuer() error {
	if t.key.issuer == "" && !t.verifier.Issuer.PerTenant() {
		return nil
	}
	if t.key.issuer.ForTenant(t.identity.TenantID) != t.identity.Issuer {
		return providerhttp.Refused("the key that signed it is another issuer's")
	}
	return nil
}

// checkVersion requires a v2.0 token: in version 1.0 some claims have other meanings.
// Azure AD B2C has version numbers of its own.
func (t *jwt) checkVersion() error {
	ver, ok := t.claims.Text("ver")
	if !ok || t.verifier.Authority.Kind != authority.KindPolicy && ver != "2.0" {
		return providerhttp.Refused("it is not a version 2.0 token")
	}
	return nil
}

// checkPolicy compares the policy that issued the token, if the token names one, with the
// authority's. The policies of a B2C tenant can have the same issuer and keys. The claim
// is tfp, or acr by an older setting of the policy.
func (t *jwt) checkPolicy() error {
	policy := t.verifier.Authority.Policy()
	if policy == "" {
		return nil
	}
	claim := "tfp"
	if !t.claims.Has(claim) {
		claim = "acr"
	}
	issued, ok := t.claims.Text(claim)
	if !ok || t.claims.Has(claim) && !strings.EqualFold(issued, policy) {
		return providerhttp.Refused("it comes from another user flow")
	}
	return nil
}

// readObjectID reads oid, if it is present. oid is a part of the user's key. Without a
// tenant, as with B2C, it is left out: iss and sub then identify the person.
func (t *jwt) readObjectID() error {
	oid, ok := t.claims.Text("oid")
	if oid = authority.FoldGUID(oid); !ok || t.claims.Has("oid") && !authority.IsGUID(oid) {
		return providerhttp.Refused("its object ID is not a GUID")
	}
	if t.identity.TenantID != "" {
		t.identity.ObjectID = oid
	}
	return nil
}

// checkTenantAllowed refuses people of a tenant that is not allowed to sign in.
func (t *jwt) checkTenantAllowed() error {
	if allows := t.verifier.AllowsTenant; allows != nil && !allows(t.identity.TenantID) {
		return &ports.TenantNotAllowedError{TenantID: t.identity.TenantID}
	}
	return nil
}

// maxTokenGroups bounds the groups of a token. Entra puts at most 200 into one. A longer
// list is treated as an overage.
const maxTokenGroups = 1000

// readGroups reads the groups and whether the token leaves some out (an overage). Rights
// depend on both, so a claim that cannot be read is an overage and never "no groups".
// With an overage the token's own groups are ignored, because they could be a part. Only
// GUIDs are read: a tenant can be set to send names in their place, and names are not
// unique.
func (t *jwt) readGroups() error {
	listed, ok := t.claims.Texts("groups")
	switch {
	case !ok:
		return providerhttp.Refused("its groups are not a list of group IDs")
	case hasOverage(t.claims) || len(listed) > maxTokenGroups:
		t.groups.Overage = true
		return nil
	case !t.claims.Has("groups"):
		return nil
	}
	t.groups.AsOf = t.verifier.Clock()
	for _, id := range listed {
		if id = authority.FoldGUID(id); authority.IsGUID(id) {
			t.groups.IDs = append(t.groups.IDs, id)
		}
	}
	return nil
}

// hasOverage reports whether the token leaves groups out. It does so in one of two forms:
// a distributed claim (OpenID Connect Core 1.0, section 5.6.2) or, from the implicit
// flow, a flag. The source that the token names is out of date and is not used.
func hasOverage(claims providerhttp.Object) bool {
	if claims.Has("_claim_names") {
		names, ok := claims.Object("_claim_names")
		if !ok || names.Has("groups") {
			return true
		}
	}
	value, ok := claims.Flag("hasgroups")
	return value || !ok
}

// warnOverage logs that a token leaves groups out and names no source for them. Entra's
// tokens name one.
func (v Verifier) warnOverage(ctx context.Context, t *jwt) {
	if t.groups.Overage && t.claims.Has("_claim_names") && !t.claims.Has("_claim_sources") {
		v.Log.WarnContext(ctx, "ID token omits groups and names no source for them", slog.String("claim", "_claim_names"))
	}
}
