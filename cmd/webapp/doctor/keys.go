package doctor

import (
	"context"
	"errors"
	"fmt"

	"webapp/internal/adapters/entra"
	"webapp/internal/ports"
)

// checkKeys counts the keys that can sign ID tokens for this application.
func (x *examination) checkKeys(ctx context.Context) Check {
	exam, err := x.examiner().Keys(ctx, x.metadata)
	switch {
	case errors.Is(err, ports.ErrProviderUnavailable):
		return x.noDocument(err, "keys", x.metadata.KeysURL)
	case err != nil:
		return fail("The provider's keys cannot be used: "+err.Error()+".",
			"Without a key no ID token can be verified, so nobody can sign in.",
			"The provider has to publish a public signature key (RSA of 2048 bits or more, or an elliptic curve).")
	case exam.Fitting == 0:
		return fail(fmt.Sprintf("None of the provider's %d keys can sign for this authority.", exam.Usable),
			x.keysDetail(exam),
			"Is "+x.authorityVariable()+" the right one? If so, show this to whoever runs the provider.")
	}
	return ok(keysSummary(exam, x.authority.Kind.MultiTenant()))
}

func (x *examination) keysDetail(exam entra.KeysExam) string {
	if x.authority.Kind.MultiTenant() && exam.WithoutIssuer > 0 {
		return fmt.Sprintf("With an authority for many tenants each key names its issuer, and %d of these name none.", exam.WithoutIssuer)
	}
	return "They name other issuers, or are made for other algorithms than the metadata list."
}

func keysSummary(exam entra.KeysExam, multiTenant bool) string {
	text := fmt.Sprintf("%s of %d can sign for this authority", plural(exam.Fitting, "1 key", "%d keys"), exam.Listed)
	if multiTenant {
		text += fmt.Sprintf("; %d for every tenant, %d for one tenant each", exam.AnyTenant, exam.Fitting-exam.AnyTenant)
	}
	return text + "."
}
