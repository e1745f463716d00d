package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/entra/authority"
	"webapp/internal/ports"
)

func (x *examination) examiner() *entra.Examiner {
	return entra.NewExaminer(x.authority, x.transport, checkLimit)
}

// checkMetadata reads the discovery document as a sign-in does.
func (x *examination) checkMetadata(ctx context.Context) Check {
	if x.cfg.OwnAdapter {
		return skip("Not looked at: this provider is no OpenID Provider with discovery and has an adapter of its own.")
	}
	exam, err := x.examiner().Metadata(ctx)
	x.metadata = exam
	registered := x.cfg.Entra.SigningAlgorithm
	switch {
	case err == nil && registered != "" && !slices.Contains(exam.Algorithms, registered):
		return fail("The provider does not sign ID tokens with "+registered+".",
			"It offers "+strings.Join(exam.Algorithms, ", ")+"; ID_TOKEN_SIGNED_RESPONSE_ALG allows no other than the one it names.",
			"Set ID_TOKEN_SIGNED_RESPONSE_ALG to the one that the application is registered for at the provider, or unset it.")
	case err == nil:
		signOut := "sign-out included"
		if exam.EndSessionEndpoint == "" {
			signOut = "but no sign-out at the provider"
		}
		return ok("The issuer fits the authority, and all endpoints are there, " + signOut +
			"; ID tokens are signed with " + strings.Join(exam.Algorithms, ", ") + ".")
	case errors.Is(err, ports.ErrProviderUnavailable):
		return x.noDocument(err, "metadata", x.authority.DiscoveryURL())
	case exam.Issuer != "" && !exam.IssuerFits:
		return fail("The metadata are another issuer's: "+shown(exam.Issuer)+".",
			"Tokens of an issuer that does not fit the configured authority are refused, so nobody could sign in.", x.issuerRemedy(exam.Issuer))
	}
	return fail("The metadata cannot be used: "+err.Error()+".",
		"They were read from "+x.authority.DiscoveryURL()+".",
		"Is "+x.authorityVariable()+" that of an OpenID Provider? If so, show this to whoever runs it.")
}

// authorityVariable is the variable that names the authority.
func (x *examination) authorityVariable() string {
	if x.cfg.Entra.Authority != "" {
		return "AUTHORITY"
	}
	return "OIDC_AUTHORITY"
}

func (x *examination) issuerRemedy(issuer string) string {
	if x.authority.Kind == authority.KindOther {
		return "If that is the provider you mean, set OIDC_AUTHORITY to exactly " + shown(issuer) + "."
	}
	return "Set AUTHORITY to the address of the cloud and the tenant themselves, without an alias of the host; " +
		"where the authority stands behind a domain of your own, set OIDC_AUTHORITY to the issuer in place of AUTHORITY."
}

// noDocument says why a document of the provider's did not come.
func (x *examination) noDocument(err error, what, address string) Check {
	refused, answered := errors.AsType[*entra.StatusError](err)
	if !answered {
		u, parseErr := url.Parse(address)
		if parseErr != nil {
			u = &url.URL{}
		}
		return unreachable(u, err)
	}
	status, number := statusText(refused.Status), refused.Reported.NumberText()
	if number != "" {
		status += " (" + number + ")"
	}
	summary := "The provider answers " + status + " in place of its " + what + "."
	switch {
	case slices.Contains([]int{90002, 90038, 900439}, refused.Reported.Number):
		return fail("There is no such tenant ("+number+").",
			"The authority's cloud does not know the tenant that AUTHORITY names.",
			`Compare AUTHORITY with "Directory (tenant) ID" on the Overview page of the app registration; is it the right cloud?`)
	case refused.Status >= 500 || refused.Status == 429:
		return fail(summary, "It has a trouble of its own, or too much to do, at this moment.", "Try again in a few minutes.")
	}
	return fail(summary, "It was asked at "+address+".",
		"Check "+x.authorityVariable()+": the discovery document must be found below it. AUTHORITY is for Entra, OIDC_AUTHORITY for every other provider.")
}

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
