package entra

import (
	"context"
	"slices"
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
	if doc, err := parseObject(body); err == nil {
		listed, _ := doc.list("keys")
		exam.Listed = len(listed)
	}
	set, err := parseKeySet(body)
	exam.Usable = len(set)
	for _, key := range set {
		if key.issuer == "" {
			exam.WithoutIssuer++
		}
		if !key.signsFor(m.checked) {
			continue
		}
		exam.Fitting++
		if key.issuer == "" || key.issuer.perTenant() {
			exam.AnyTenant++
		}
	}
	return exam, err
}

// signsFor says whether there can be an ID token, signed by this key, that
// checkKeyIssuer and the algorithms of the metadata let pass.
func (k signingKey) signsFor(m metadata) bool {
	if !slices.ContainsFunc(m.algorithms, k.fits) {
		return false
	}
	switch {
	case k.issuer == "":
		return !m.issuer.perTenant()
	case m.issuer.perTenant():
		return k.issuer == m.issuer || m.issuer.matches(string(k.issuer))
	}
	return k.issuer.matches(string(m.issuer))
}
