package config

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/entra/authority"
	"webapp/internal/adapters/entra/credential"
	"webapp/internal/ports"
)

// Entra returns the configuration of the entra adapter.
func (c *Config) Entra(now func() time.Time, logger *slog.Logger) entra.Config {
	return entra.Config{
		Authority:             c.Authority,
		Issuer:                c.OIDCAuthority,
		EditProfilePolicy:     c.EditProfileFlow,
		ResetPasswordPolicy:   c.ResetPasswordFlow,
		ClientID:              c.ClientID,
		Credential:            c.credential(logger),
		RedirectURI:           c.RedirectURI,
		PostLogoutRedirectURI: c.Origin() + c.HomePath(),
		AllowedTenants:        c.AllowedTenants,
		ResponseMode:          c.ResponseMode,
		Clock:                 now,
		Logger:                logger,
		GraphBase:             c.graphBase(),
		SigningAlgorithm:      c.IDTokenSignedResponseAlg,
		Prompt:                c.SignInPrompt,
		NoPrompt:              c.NoPrompt,
		DomainHint:            c.DomainHint,
		PushedRequestsOff:     c.PushedRequests == pushedRequestsOff,
		RevocationOff:         c.TokenRevocation == tokenRevocationOff,
	}
}

// graphBase returns the address of the directory of a provider on this machine. That
// is the origin of ENDPOINT. In a real cloud the adapter knows the address from the
// authority, so graphBase returns "".
func (c *Config) graphBase() string {
	if _, ok := loopbackOrigin(c.Authority); !ok {
		return ""
	}
	base, _ := loopbackOrigin(c.Endpoint)
	return base
}

// Registration returns the configuration of a provider with an adapter of its own.
func (c *Config) Registration(logger *slog.Logger) (ports.Registration, error) {
	secret, err := credential.SecretSource(c.credential(logger))
	return ports.Registration{ClientID: c.ClientID, ClientSecret: secret, RedirectURI: c.RedirectURI}, err
}

func (c *Config) checkProvider(found *Problems) {
	const remedy = "AUTHORITY is for Entra, B2C_TENANT_NAME for Azure AD B2C, OIDC_AUTHORITY for any other OpenID Provider."
	var given []string
	for _, v := range []variable{{"AUTHORITY", &c.Authority}, {"OIDC_AUTHORITY", &c.OIDCAuthority}, {"B2C_TENANT_NAME", &c.B2CTenantName}} {
		if *v.value != "" {
			given = append(given, v.name)
		}
	}
	switch len(given) {
	case 0:
		found.add("AUTHORITY and OIDC_AUTHORITY and B2C_TENANT_NAME", "are all missing",
			"Set one of them: "+remedy+" For Entra, write https://login.microsoftonline.com/TENANT. For another provider, write its exact issuer.")
	case 1:
	case 2:
		found.add(strings.Join(given, " and "), "are both set", "Remove one of the two: "+remedy)
	default:
		found.add(strings.Join(given, " and "), "are all set", "Remove all but one: "+remedy)
	}
	c.readUserFlow(found)
	c.checkClientID(found)
	c.checkSubjects(found)
}

// checkSignIn sets NoPrompt and checks PUSHED_AUTHORIZATION_REQUESTS and
// TOKEN_REVOCATION. The adapter checks SIGN_IN_PROMPT and DOMAIN_HINT.
func (c *Config) checkSignIn(found *Problems) {
	_, set := c.lookup("SIGN_IN_PROMPT")
	c.NoPrompt = set && c.SignInPrompt == ""
	if c.PushedRequests != "auto" && c.PushedRequests != pushedRequestsOff {
		found.add("PUSHED_AUTHORIZATION_REQUESTS", "is neither auto nor off",
			"Unset it. Set it to off only if the provider's metadata name an endpoint for pushed requests that does not work.")
	}
	if c.TokenRevocation != "on" && c.TokenRevocation != tokenRevocationOff {
		found.add("TOKEN_REVOCATION", "is neither on nor off",
			"Unset it. Set it to off only if the provider withdraws a person's consent with a token, or ends the sign-ins of all devices.")
	}
}

// tokenRevocationOff is the value of TOKEN_REVOCATION that turns it off.
const tokenRevocationOff = "off"

// pushedRequestsOff is the value of PUSHED_AUTHORIZATION_REQUESTS that turns them off.
const pushedRequestsOff = "off"

// isTenantName reports whether name can be the first label of a domain.
func isTenantName(name string) bool {
	const characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
	return name != "" && len(name) < 64 && strings.Trim(name, characters) == "" && strings.Trim(name, "-") == name
}

// readUserFlow sets Authority to the authority of SIGNUPSIGNIN_USER_FLOW if
// B2C_TENANT_NAME is set.
func (c *Config) readUserFlow(found *Problems) {
	const remedy = "Write the name of the sign-up and sign-in user flow as the portal shows it, such as B2C_1_signupsignin1."
	switch {
	case c.B2CTenantName == "" && c.SignUpSignInFlow != "":
		found.add("SIGNUPSIGNIN_USER_FLOW", "is set without B2C_TENANT_NAME", "Set B2C_TENANT_NAME to the name of the tenant, such as contoso, or remove both.")
	case c.B2CTenantName == "", found.hasAlone("B2C_TENANT_NAME"):
	case !isTenantName(c.B2CTenantName):
		found.add("B2C_TENANT_NAME", "is not the name of a tenant",
			"Write the first part of the tenant's domain: contoso for contoso.onmicrosoft.com. For your own domain, set AUTHORITY instead.")
	case c.SignUpSignInFlow == "":
		found.add("SIGNUPSIGNIN_USER_FLOW", "is missing, but B2C_TENANT_NAME is set", remedy)
	default:
		tenant := "https://" + c.B2CTenantName + ".b2clogin.com/" + c.B2CTenantName + ".onmicrosoft.com/"
		configured, err := authority.Parse(tenant + "policy")
		if err == nil {
			_, err = configured.WithPolicy(c.SignUpSignInFlow)
		}
		if err != nil {
			found.add("SIGNUPSIGNIN_USER_FLOW", err.Error(), remedy)
			return
		}
		c.Authority = tenant + c.SignUpSignInFlow
	}
}

// AuthorityVariable returns the name of the variable that names the provider.
func (c *Config) AuthorityVariable() string {
	switch {
	case c.B2CTenantName != "":
		return "B2C_TENANT_NAME"
	case c.OIDCAuthority != "":
		return "OIDC_AUTHORITY"
	}
	return "AUTHORITY"
}

func (c *Config) checkClientID(found *Problems) {
	const remedy = `Copy "Application (client) ID" from the Overview page of the app registration.`
	configured, err := authority.Parse(c.Authority)
	switch {
	case c.ClientID == "":
		found.add("CLIENT_ID", "is missing", remedy)
	case err != nil || found.has("CLIENT_ID"):
	case strings.EqualFold(c.ClientID, configured.Tenant):
		c.hint("CLIENT_ID", "is the same as the tenant in AUTHORITY", remedy)
	case !authority.IsGUID(strings.ToLower(c.ClientID)):
		c.hint("CLIENT_ID", "is not a GUID, but every application ID of Entra is one", remedy)
	}
}

// checkSubjects checks ALLOWED_SUBJECTS. A provider with an adapter of its own, such
// as GitHub, gives everybody an account. There the variable is required.
func (c *Config) checkSubjects(found *Problems) {
	_, own := c.options.Providers[c.OIDCAuthority]
	given, _ := c.lookup("ALLOWED_SUBJECTS")
	switch {
	case len(c.AllowedSubjects) == 0 && strings.Contains(given, ","):
		found.add("ALLOWED_SUBJECTS", "has commas but no subject", "Write the subjects of the users who may sign in, or * for everybody.")
	case len(c.AllowedSubjects) == 0 && own:
		found.add("ALLOWED_SUBJECTS", "is missing, and everybody can have an account at this provider",
			"Write the subjects of the users who may sign in, separated by commas, or * for everybody. At GitHub a subject is the number of the account.")
	case len(c.AllowedSubjects) > 0 && c.OIDCAuthority == "" && c.Authority != "":
		found.add("ALLOWED_SUBJECTS", "is for OIDC_AUTHORITY only",
			"Remove it. With Entra, assign the users to the application, or list their tenants in ALLOWED_TENANTS.")
	case len(c.AllowedSubjects) > 1 && slices.Contains(c.AllowedSubjects, everybody):
		found.add("ALLOWED_SUBJECTS", "has * beside other values", "Write * alone for everybody, or remove it.")
	}
	if slices.ContainsFunc(c.AllowedSubjects, func(subject string) bool { return strings.Contains(subject, "@") }) {
		c.hint("ALLOWED_SUBJECTS", "has a value that looks like an e-mail address", "Write the claim sub of each user. The audit log has it for every refused sign-in.")
	}
}

// everybody is the value of ALLOWED_SUBJECTS that lets every user sign in.
const everybody = "*"

// Subjects returns the subjects of the users who may sign in. It returns nil if every
// user of the provider may.
func (c *Config) Subjects() []string {
	if slices.Contains(c.AllowedSubjects, everybody) {
		return nil
	}
	return c.AllowedSubjects
}

// checkPlaceholders reports values that are still the placeholders of README.md.
func (c *Config) checkPlaceholders(found *Problems) {
	for _, name := range []string{"AUTHORITY", "B2C_TENANT_NAME", "CLIENT_ID", "CLIENT_SECRET"} {
		value, _ := c.lookup(name)
		value = strings.TrimSpace(value)
		before, inside, ok := strings.Cut(value, "<")
		if ok && strings.HasSuffix(inside, ">") && (before == "" || name == "AUTHORITY") && strings.Contains(inside, " ") {
			found.add(name, "still has the placeholder of the example", "Replace it with your own value, without < and >.")
		}
	}
}
