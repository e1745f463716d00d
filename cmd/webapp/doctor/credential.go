package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"webapp/internal/adapters/entra"
	"webapp/internal/ports"
)

// credentialWarning is how long before its end a credential should be replaced:
// that needs a person, and often a second one.
const credentialWarning = 30 * 24 * time.Hour

// checkCredential shows the credential to the provider, without a person.
func (x *examination) checkCredential(ctx context.Context) Check {
	provider, err := entra.New(x.cfg.Entra)
	if err != nil {
		return skipBroken() // the same problems are configuration's
	}
	exam, err := provider.ExamineCredential(ctx)
	switch {
	case errors.Is(err, ports.ErrProviderUnavailable):
		return x.noDocument(err, "verdict on the credential", x.metadata.TokenEndpoint)
	case errors.Is(err, ports.ErrProviderRefused):
		return fail("The provider does not take this kind of credential.",
			sentence(err), "Use CLIENT_SECRET in place of the credential that is set, or let the provider's registration take private_key_jwt.")
	case err != nil:
		return fail("The credential could not be made.", sentence(err), "See the entry of its variable in README.md.")
	case exam.Verdict == entra.VerdictRefused:
		return x.refusedCredential(exam)
	case exam.Verdict == entra.VerdictUnclear:
		return x.unclearCredential(exam)
	}
	return x.acceptedCredential(provider, exam)
}

func (x *examination) acceptedCredential(provider *entra.Provider, exam entra.CredentialExam) Check {
	summary := "The provider accepts it"
	if exam.Reported.Code != "" {
		// It gives the application no token of its own, which sign-ins do not need.
		summary += fmt.Sprintf(" (proved by its answer %s)", answered(exam))
	}
	end, known := provider.CredentialExpiry()
	if !known {
		return ok(summary + ".")
	}
	if left := end.Sub(x.cfg.Now()); left < credentialWarning {
		when := "ends " + x.until(end)
		if left <= 0 {
			when = "has ended, on " + end.UTC().Format(time.DateOnly)
		}
		return warn(summary+", but it "+when+".", "From then on nobody can sign in.",
			"Make a new one in the app registration and put it in the old one's place; a file is read again by itself.")
	}
	return ok(summary + "; it ends " + x.until(end) + ".")
}

// answered names an answer by what it is known by.
func answered(exam entra.CredentialExam) string {
	if number := exam.Reported.NumberText(); number != "" {
		return exam.Reported.Code + ", " + number
	}
	return exam.Reported.Code
}

func (x *examination) refusedCredential(exam entra.CredentialExam) Check {
	c := credentialTexts(exam.Reported.Number, x.replaceSecret())
	c.Status, c.Summary = Failed, c.Summary+" ("+answered(exam)+")."
	if exam.Reported.CorrelationID != "" {
		c.Detail += "\nIn the provider's logs: correlation ID " + exam.Reported.CorrelationID + ", time " + exam.Reported.Timestamp + "."
	}
	return c
}

// replaceSecret says where the Value of a new secret belongs.
func (x *examination) replaceSecret() string {
	if x.cfg.Entra.Credential.SecretFile != "" {
		return "put its Value, which is shown only once, into the file that CLIENT_SECRET_FILE names."
	}
	return "set CLIENT_SECRET to its Value, which is shown only once."
}

// credentialTexts says what a refusal means. The code of the answer is added to
// the summary.
func credentialTexts(number int, replaceSecret string) Check {
	text := func(summary, detail, remedy string) Check {
		return Check{Summary: summary, Detail: detail, Remedy: remedy}
	}
	const secrets = `"Certificates & secrets" of the app registration`
	switch number {
	case 7000215:
		return text("The client secret is wrong", "Often the Secret ID was copied in place of the Value.",
			"Make a new secret under "+secrets+" and "+replaceSecret)
	case 7000222:
		return text("The client secret has expired", "Each secret has an end date, which the app registration shows.",
			"Make a new secret under "+secrets+" and "+replaceSecret)
	case 7000218:
		return text("The client secret is missing", "The application is registered as one that has a credential, and none arrived.",
			"Set a credential; does something in between drop it?")
	case 700025:
		return text("The application is registered as a public client", "Public clients (mobile, desktop, single-page) must not send a credential.",
			`Register the redirect URI under the platform "Web".`)
	case 700016, 700011:
		return text("The application is not in this tenant", "CLIENT_ID or the tenant in AUTHORITY is not the one that belongs to the other.",
			`Compare both with "Application (client) ID" and "Directory (tenant) ID" on the Overview page of the app registration.`)
	case 90002, 90038, 900439:
		return text("There is no such tenant", "The cloud of AUTHORITY does not know the tenant.",
			`Compare AUTHORITY with "Directory (tenant) ID" on the Overview page of the app registration.`)
	case 700027, 50012:
		return text("The certificate is refused", "It is not registered with this application, or the assertion that it signed did not pass.",
			"Upload the certificate (without its key) under "+secrets+"; check this machine's clock.")
	case 700024:
		return text("The certificate's assertion is out of its time", "It holds for some minutes; the clock of this machine must be wrong.",
			"Set this machine's clock by a time server.")
	case 1000502:
		return text("The certificate has expired, or does not hold yet", "Its time is up, or the clock of this machine is wrong.",
			"Upload a new certificate under "+secrets+" and put it into the file that CLIENT_CERTIFICATE_FILE names.")
	case 70021, 700211, 700212, 700213:
		return text("No federated credential of the application fits the token", "Issuer, subject and audience of the token must equal those of the federated credential, to the letter.",
			"Compare them under "+secrets+"; after a change it takes some minutes to be known everywhere.")
	}
	return text("The provider refuses the credential", "It does not know this client ID, or the credential is not this client's.",
		"Compare CLIENT_ID and the credential with the registration at the provider.")
}

// unclearCredential is for answers that prove nothing.
func (x *examination) unclearCredential(exam entra.CredentialExam) Check {
	answer := "an answer that is no error"
	if exam.Reported.Code != "" {
		answer = answered(exam)
	}
	detail := "The provider did not say whether the credential is right; it answered with " + answer + "."
	remedy := "Sign in once: the error page, if one comes, says more."
	if x.authority.Kind.MultiTenant() {
		detail += "\nAn authority for many tenants names none in which this application could ask for a token of its own."
		remedy = "To be sure, run this once with the application's own tenant in AUTHORITY and without ALLOWED_TENANTS; or sign in once."
	}
	return warn("Whether the credential is right could not be proved.", detail, remedy)
}
