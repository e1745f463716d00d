package idtoken

import (
	"context"
	"log/slog"
	"time"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/providerhttp"
)

// maxTokenGroups bounds the groups of a token. Entra puts 200 into one at the
// most; more are an overage.
const maxTokenGroups = 1000

// readGroups reads the groups and whether some were left out. Rights hang on
// both, so anything that is not understood is an overage ("ask"), and never "no
// groups". With an overage the token's own groups count for nothing, because a
// part would be taken for the whole. Only GUIDs count: a tenant can be set to
// send names in their place, and names are not unique and can be chosen.
func readGroups(clock func() time.Time) func(*jwt) error {
	return func(t *jwt) error {
		listed, ok := t.claims.Texts("groups")
		switch {
		case !ok:
			return refuse("its groups are not a list of group IDs")
		case leavesGroupsOut(t.claims) || len(listed) > maxTokenGroups:
			t.groups.Overage = true
			return nil
		case !t.claims.Has("groups"):
			return nil
		}
		t.groups.AsOf = clock()
		for _, id := range listed {
			if id = authority.FoldGUID(id); authority.IsGUID(id) {
				t.groups.IDs = append(t.groups.IDs, id)
			}
		}
		return nil
	}
}

// leavesGroupsOut finds groups overage in its two forms: a distributed claim
// (OpenID Connect Core 1.0, section 5.6.2) and, from the implicit flow, a flag.
// The source that the token names is out of date and not used: Graph is asked.
func leavesGroupsOut(claims providerhttp.Object) bool {
	if claims.Has("_claim_names") {
		names, ok := claims.Object("_claim_names")
		if !ok || names.Has("groups") {
			return true
		}
	}
	value, ok := claims.Flag("hasgroups")
	return value || !ok
}

// noteOverage tells the operator that a token leaves groups out without naming
// a source for them. Entra's tokens name one.
func (v Verifier) noteOverage(ctx context.Context, t *jwt) {
	if t.groups.Overage && t.claims.Has("_claim_names") && !t.claims.Has("_claim_sources") {
		v.Log.WarnContext(ctx, "ID token leaves groups out and names no source for them", slog.String("claim", "_claim_names"))
	}
}
