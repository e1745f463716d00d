package entra

import (
	"context"

	"webapp/internal/adapters/entra/idtoken"
	"webapp/internal/providerhttp"
)

// KeysExam counts a provider's keys. Each number is of those in the line before.
type KeysExam struct {
	// Listed are all keys of the set.
	Listed int
	// Usable are public signature keys of an accepted type and size.
	Usable int
	// Fitting can sign an ID token that is accepted here: by their algorithm and
	// by the issuer they name.
	Fitting int
	// AnyTenant name an issuer for every tenant, or none.
	AnyTenant int
	// WithoutIssuer name no issuer, of the usable ones. With an authority for
	// many tenants they sign for nobody.
	WithoutIssuer int
}

// Keys fetches the key set that the metadata name. Its errors are those of
// Metadata; one about the set itself comes with the counts.
func (e *Examiner) Keys(ctx context.Context, m MetadataExam) (KeysExam, error) {
	body, err := e.fetch(ctx, m.checked.jwks)
	if err != nil {
		return KeysExam{}, err
	}
	var exam KeysExam
	if doc, err := providerhttp.ParseObject(body); err == nil {
		listed, _ := doc.List("keys")
		exam.Listed = len(listed)
	}
	set, err := idtoken.ParseKeySet(body)
	exam.Usable = len(set)
	exam.Fitting, exam.AnyTenant, exam.WithoutIssuer = set.Count(m.checked.issuer, m.checked.algorithms)
	return exam, err
}
