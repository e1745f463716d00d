package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"webapp/internal/adapters/entra"
	"webapp/internal/ports"
)

// credentialWarning is the time before the end of a credential at which a warning
// begins. It is long, because a person must replace a credential.
const credentialWarning = 30 * 24 * time.Hour

// checkCredential sends the credential to the provider's token endpoint. The
// request needs no signed-in user. If the provider takes pushed authorization requests,
// checkCredential also pushes one, and no browser uses it.
func (x *examination) checkCredential(ctx context.Context) Check {
	provider, err := entra.New(x.cfg.Entra)
	if err != nil {
		return skipMisconfigured()
	}
	exam, err := provider.ExamineCredential(ctx)
	switch {
	case errors.Is(err, ports.ErrProviderUnavailable):
		return x.noDocument(err, "verdict on the credential", x.metadata.TokenEndpoint)
	case errors.Is(err, ports.ErrProviderRefused):
		return fail("The provider does not accept this kind of credential.", sentence(err),
			"Remove the credential that is set and set CLIENT_SECRET, or register the application for private_key_jwt at the provider.")
	case err != nil:
		return fail("The credential cannot be used.", sentence(err), "See the variable in docs/configuration.md.")
	case exam.Verdict == entra.VerdictRefused:
		return x.refusedCredential(exam)
	case exam.Verdict == entra.VerdictUnclear:
		return x.unclearCredential(exam)
	}
	if provider.PushesRequests() {
		if _, err := provider.Begin(ctx, ports.AuthorizationRequest{State: "a-test-of-webapp-doctor"}); err != nil {
			return fail("The provider accepts the credential, but not a pushed authorization request.", sentence(err),
				"Compare REDIRECT_URI and the registration at the provider. If its endpoint for pushed requests does not work, set PUSHED_AUTHORIZATION_REQUESTS to off.")
		}
	}
	return x.acceptedCredential(provider, exam)
}

func (x *examination) acceptedCredential(provider *entra.Provider, exam entra.CredentialExam) Check {
	summary := "The provider accepts it"
	if exam.Reported.Code != "" {
		// The provider issues no tokens for the application itself. Sign-ins do not
		// need them.
		summary += fmt.Sprintf(" (its error %s proves that)", errorCode(exam))
	}
	end, known := provider.CredentialExpiry()
	if !known {
		return ok(summary + ".")
	}
	left := end.Sub(x.cfg.Now())
	if left >= credentialWarning {
		return ok(summary + "; it expires " + x.until(end) + ".")
	}
	when := "expires " + x.until(end)
	if left <= 0 {
		when = "expired on " + end.UTC().Format(time.DateOnly)
	}
	return warn(summary+", but it "+when+".", "After that date nobody can sign in.",
		"Create a new one in the app registration and replace the old one. If it is in a file, no restart is needed.")
}

// errorCode returns the code of the provider's error, with its AADSTS number if it
// has one.
func errorCode(exam entra.CredentialExam) string {
	if number := exam.Reported.NumberText(); number != "" {
		return exam.Reported.Code + ", " + number
	}
	return exam.Reported.Code
}

func (x *examination) refusedCredential(exam entra.CredentialExam) Check {
	c := refusalTexts(exam.Reported.Number, x.replaceSecret())
	c.Summary += " (" + errorCode(exam) + ")."
	if exam.Reported.CorrelationID != "" {
		c.Detail += "\nIn the provider's logs: correlation ID " + exam.Reported.CorrelationID + ", time " + exam.Reported.Timestamp + "."
	}
	return c
}

// replaceSecret says where to put the Value of a new secret.
func (x *examination) replaceSecret() string {
	if x.cfg.Entra.Credential.SecretFile != "" {
		return "put its Value, which is shown only once, into the file that CLIENT_SECRET_FILE names."
	}
	return "set CLIENT_SECRET to its Value, which is shown only once."
}

// refusalTexts says what the AADSTS number of a refusal means. The summary has no
// full stop, because the error code follows.
func refusalTexts(number int, replaceSecret string) Check {
	const secrets = `"Certificates & secrets" of the app registration`
	if unknownTenant(number) {
		return fail("There is no such tenant", "The cloud in AUTHORITY does not know the tenant in AUTHORITY.",
			`Compare AUTHORITY with "Directory (tenant) ID" on the Overview page of the app registration.`)
	}
	switch number {
	case 7000215:
		return fail("The client secret is wrong", "Often the Secret ID was copied instead of the Value.",
			"Create a new secret under "+secrets+" and "+replaceSecret)
	case 7000222:
		return fail("The client secret has expired", "Every secret has an end date. The app registration shows it.",
			"Create a new secret under "+secrets+" and "+replaceSecret)
	case 7000218:
		return fail("The client secret is missing", "The application is registered with a credential, but the request arrived without one.",
			"Set a credential. If one is set, check whether a proxy removes it from the request.")
	case 700025:
		return fail("The application is registered as a public client", "Public clients (mobile, desktop, single-page) must not send a credential.",
			`Register the redirect URI under the platform "Web".`)
	case 700016, 700011:
		return fail("The application is not in this tenant", "CLIENT_ID and the tenant in AUTHORITY do not belong together.",
			`Compare both with "Application (client) ID" and "Directory (tenant) ID" on the Overview page of the app registration.`)
	case 700027, 50012:
		return fail("The certificate is refused", "It is not registered for this application, or its signature is not valid.",
			"Upload the certificate (without its private key) under "+secrets+", and check this machine's clock.")
	case 700024:
		return fail("The certificate's assertion is outside its validity period", "An assertion is valid for a few minutes, so this machine's clock is wrong.",
			"Synchronize this machine's clock with a time server.")
	case 1000502:
		return fail("The certificate has expired or is not valid yet", "Its time has passed, or this machine's clock is wrong.",
			"Check the clock. If it is right, upload a new certificate under "+secrets+" and put it into the file that CLIENT_CERTIFICATE_FILE names.")
	case 70021, 700211, 700212, 700213:
		return fail("No federated credential of the application fits the token", "Issuer, subject and audience of the token must be exactly those of the federated credential.",
			"Compare them under "+secrets+". A change takes some minutes to take effect.")
	}
	return fail("The provider refuses the credential", "It does not know this client ID, or the credential belongs to another client.",
		"Compare CLIENT_ID and the credential with the registration at the provider.")
}

// unclearCredential is the result if the provider's response proves nothing.
func (x *examination) unclearCredential(exam entra.CredentialExam) Check {
	said := "a response that is not an error"
	if exam.Reported.Code != "" {
		said = "the error " + errorCode(exam)
	}
	detail := "The provider did not say whether the credential is right. It sent " + said + "."
	remedy := "Sign in once. If it fails, the error page says more."
	if x.authority.Kind.MultiTenant() {
		detail += "\nAn authority for many tenants names no tenant in which this application can request a token of its own."
		remedy = "Run this once with the application's own tenant in AUTHORITY and without ALLOWED_TENANTS, or sign in once."
	}
	return warn("The doctor cannot tell whether the credential is right.", detail, remedy)
}
