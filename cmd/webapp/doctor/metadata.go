package doctor

import (
	"context"
	"errors"
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
	status, number := statusText(refused.Status), refused.Said.NumberText()
	if number != "" {
		status += " (" + number + ")"
	}
	summary := "The provider answers " + status + " in place of its " + what + "."
	switch {
	case slices.Contains([]int{90002, 90038, 900439}, refused.Said.Number):
		return fail("There is no such tenant ("+number+").",
			"The authority's cloud does not know the tenant that AUTHORITY names.",
			`Compare AUTHORITY with "Directory (tenant) ID" on the Overview page of the app registration; is it the right cloud?`)
	case refused.Status >= 500 || refused.Status == 429:
		return fail(summary, "It has a trouble of its own, or too much to do, at this moment.", "Try again in a few minutes.")
	}
	return fail(summary, "It was asked at "+address+".",
		"Check "+x.authorityVariable()+": the discovery document must be found below it. AUTHORITY is for Entra, OIDC_AUTHORITY for every other provider.")
}
