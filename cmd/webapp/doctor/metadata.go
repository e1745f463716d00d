package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
		return skip("Not checked, because this provider has no OpenID Connect discovery.")
	}
	exam, err := x.examiner().Metadata(ctx)
	x.metadata = exam
	registered := x.cfg.Entra.SigningAlgorithm
	switch {
	case err == nil && registered != "" && !slices.Contains(exam.Algorithms, registered):
		return fail("The provider does not sign ID tokens with "+registered+".",
			"It offers "+strings.Join(exam.Algorithms, ", ")+". ID_TOKEN_SIGNED_RESPONSE_ALG allows only the algorithm that it names.",
			"Set ID_TOKEN_SIGNED_RESPONSE_ALG to the algorithm that the application is registered for at the provider, or unset it.")
	case err == nil && exam.PushRequired && x.cfg.Entra.PushedRequestsOff:
		return fail("The provider requires pushed authorization requests, and PUSHED_AUTHORIZATION_REQUESTS is off.",
			"No sign-in can begin: the application must not send pushed requests, and the provider refuses all others.",
			"Unset PUSHED_AUTHORIZATION_REQUESTS.")
	case err == nil && exam.PushFault != nil && !x.cfg.Entra.PushedRequestsOff:
		remedy := "Show this to the operator of the provider."
		if !exam.PushRequired {
			remedy += " Until it is corrected, set PUSHED_AUTHORIZATION_REQUESTS to off."
		}
		return fail("Pushed authorization requests cannot be sent: "+exam.PushFault.Error()+".",
			"Every sign-in would begin with one, so no sign-in can begin.", remedy)
	case err == nil && exam.RevocationFault != nil && !x.cfg.Entra.RevocationOff:
		return warn("Refresh tokens cannot be revoked: "+exam.RevocationFault.Error()+".",
			"Sign-ins and sign-outs work. A refresh token stays valid at the provider after its session has ended.",
			"Show this to the operator of the provider, or set TOKEN_REVOCATION to off.")
	case err == nil:
		signOut := "sign-out included"
		if exam.EndSessionEndpoint == "" {
			signOut = "but no sign-out at the provider"
		}
		return ok("The issuer fits the authority, and all endpoints are there, " + signOut +
			"; ID tokens are signed with " + strings.Join(exam.Algorithms, ", ") + x.pushing(exam) + x.revoking(exam) + ".")
	case errors.Is(err, ports.ErrProviderUnavailable):
		return x.noDocument(err, "metadata", x.authority.DiscoveryURL())
	case exam.Issuer != "" && !exam.IssuerFits:
		return fail("The metadata belong to another issuer: "+quoted(exam.Issuer)+".",
			"Tokens of an issuer that does not fit the configured authority are refused, so nobody can sign in.", x.issuerRemedy(exam.Issuer))
	}
	return fail("The metadata cannot be used: "+err.Error()+".",
		"They come from "+x.authority.DiscoveryURL()+".",
		"Check that "+x.authorityVariable()+" names an OpenID Provider. If it does, show this to the operator of the provider.")
}

// pushing says whether sign-ins are pushed. It is empty if the provider does not support
// that.
func (x *examination) pushing(exam entra.MetadataExam) string {
	switch {
	case exam.PushEndpoint == "":
		return ""
	case x.cfg.Entra.PushedRequestsOff:
		return "; authorization requests are not pushed, because PUSHED_AUTHORIZATION_REQUESTS is off"
	case exam.PushRequired:
		return "; authorization requests are pushed, as the provider requires"
	}
	return "; authorization requests are pushed"
}

// revoking says whether the refresh tokens of ended sessions are revoked. It is empty if
// the provider does not support that.
func (x *examination) revoking(exam entra.MetadataExam) string {
	switch {
	case exam.RevocationEndpoint == "":
		return ""
	case x.cfg.Entra.RevocationOff:
		return "; refresh tokens are not revoked, because TOKEN_REVOCATION is off"
	}
	return "; the refresh tokens of ended sessions are revoked"
}

func (x *examination) issuerRemedy(issuer string) string {
	if x.authority.Kind == authority.KindOther {
		return "If that is the provider you mean, set OIDC_AUTHORITY to exactly " + quoted(issuer) + "."
	}
	if x.authority.Policy() != "" {
		return "Check " + x.authorityVariable() + ". The issuer must be on the same host and, if it names a user flow, name this one."
	}
	return "Write the cloud's own host and the tenant in AUTHORITY, not an alias of the host. " +
		"If your own domain stands in front of the provider, remove AUTHORITY and set OIDC_AUTHORITY to the issuer."
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
			"The provider must publish a public signing key: RSA with at least 2048 bits, or an elliptic curve.")
	case exam.Fitting == 0:
		return fail(fmt.Sprintf("None of the provider's %d keys can sign for this authority.", exam.Usable),
			x.keysDetail(exam),
			"Check "+x.authorityVariable()+". If it is right, show this to the operator of the provider.")
	}
	summary := fmt.Sprintf("%s of %d can sign for this authority", plural(exam.Fitting, "1 key", "%d keys"), exam.Listed)
	if x.authority.Kind.MultiTenant() {
		summary += fmt.Sprintf("; %d for every tenant, %d for one tenant each", exam.AnyTenant, exam.Fitting-exam.AnyTenant)
	}
	return ok(summary + ".")
}

func (x *examination) keysDetail(exam entra.KeysExam) string {
	if x.authority.Kind.MultiTenant() && exam.WithoutIssuer > 0 {
		return fmt.Sprintf("With an authority for many tenants each key must name its issuer. %d of these keys name none.", exam.WithoutIssuer)
	}
	return "The keys name other issuers, or are for algorithms that the metadata do not list."
}

// noDocument says why the provider did not send a document. name is the document,
// and address its URL.
func (x *examination) noDocument(err error, name, address string) Check {
	code, reported, responded := entra.ResponseOf(err)
	if !responded {
		u, parseErr := url.Parse(address)
		if parseErr != nil {
			u = &url.URL{}
		}
		return unreachable(u, err)
	}
	status, number := statusText(code), reported.NumberText()
	if number != "" {
		status += " (" + number + ")"
	}
	summary := "The provider responds with " + status + " instead of its " + name + "."
	switch {
	case unknownTenant(reported.Number):
		return fail("There is no such tenant ("+number+").",
			"The cloud in AUTHORITY does not know the tenant in AUTHORITY.",
			`Compare AUTHORITY with "Directory (tenant) ID" on the Overview page of the app registration, and check that the host is that of the right cloud.`)
	case code >= 500 || code == http.StatusTooManyRequests:
		return fail(summary, "The provider has a problem of its own, or too many requests, at the moment.", "Try again in a few minutes.")
	}
	if x.authority.Policy() != "" {
		return fail(summary, "The request went to "+address+".",
			"Check "+x.authorityVariable()+`: the portal lists the names of the user flows under "User flows".`)
	}
	return fail(summary, "The request went to "+address+".",
		"Check "+x.authorityVariable()+": the discovery document must be below it. AUTHORITY is for Entra, OIDC_AUTHORITY for every other provider.")
}

// unknownTenant reports whether an AADSTS number says that the tenant does not
// exist in this cloud.
func unknownTenant(number int) bool { return slices.Contains([]int{90002, 90038, 900439}, number) }

// authorityVariable returns the name of the variable that names the authority.
func (x *examination) authorityVariable() string { return x.cfg.AuthorityVariable }

// userFlow is a further user flow of Azure AD B2C and the variable with its name.
type userFlow struct{ variable, name string }

// userFlows returns the further user flows that are configured.
func (x *examination) userFlows() []userFlow {
	all := []userFlow{
		{"EDITPROFILE_USER_FLOW", x.cfg.Entra.EditProfilePolicy},
		{"RESETPASSWORD_USER_FLOW", x.cfg.Entra.ResetPasswordPolicy},
	}
	return slices.DeleteFunc(all, func(f userFlow) bool { return f.name == "" })
}

// checkUserFlows reads the metadata and the keys of each further user flow.
func (x *examination) checkUserFlows(ctx context.Context) Check {
	var names []string
	for _, further := range x.userFlows() {
		configured, err := x.authority.WithPolicy(further.name)
		if err != nil || x.misconfigured(further.variable) {
			return skipMisconfigured()
		}
		of := &examination{cfg: x.cfg, transport: x.transport, authority: configured}
		of.cfg.AuthorityVariable = further.variable
		check := of.checkMetadata(ctx)
		if check.Status == OK {
			check = of.checkKeys(ctx)
		}
		if check.Status != OK {
			check.Summary = "The user flow of " + further.variable + ": " + check.Summary
			return check
		}
		if authority.TenantOf(of.metadata.Issuer) != authority.TenantOf(x.metadata.Issuer) {
			return fail("The user flow of "+further.variable+" belongs to another tenant than the sign-in.",
				"Its tokens are refused.", "Set "+further.variable+" to a user flow of the same tenant.")
		}
		names = append(names, further.name)
	}
	return ok("Metadata and keys of " + strings.Join(names, " and ") + " fit, too.")
}
