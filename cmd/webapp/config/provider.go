package config

import (
	"log/slog"
	"maps"
	"net/url"
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
	case !guid.MatchString(c.ClientID):
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

// checkAdapter adds the problems that the entra adapter finds, each under the
// variable that sets the adapter's field. It adds at most one problem for a variable.
func (c *Config) checkAdapter(found *Problems) {
	remedies := c.remedies()
	for _, alone := range c.alternatives() {
		for _, p := range alone.Entra(nil, nil).Problems() {
			remedy, known := remedies[p.Field]
			value, _ := c.lookup(remedy.variable)
			switch {
			case p.Field == "Secret": // reported by checkCredential and checkSecret
			case found.has("B2C_TENANT_NAME") && slices.Contains([]string{"Authority", "EditProfilePolicy", "ResetPasswordPolicy"}, p.Field):
			case !known:
				found.add(p.Field, p.Text, "Compare your variables with the tables in docs/configuration.md.")
			case value == "" && found.has(remedy.variable), found.hasAlone(remedy.variable):
			default:
				found.add(remedy.variable, p.Text, remedy.text)
			}
		}
	}
}

// remedy is the variable that sets a field of an adapter's configuration, and how to
// correct it.
type remedy struct{ variable, text string }

// remedies returns the remedies by the fields of the entra adapter's configuration.
func (c *Config) remedies() map[string]remedy {
	all := providerRemedies()
	maps.Copy(all, credentialRemedies())
	if c.B2CTenantName != "" {
		all["Authority"] = remedy{"SIGNUPSIGNIN_USER_FLOW", "Write the name of the user flow as the portal shows it."}
	}
	if configured, err := authority.Parse(c.Authority); c.Authority == "" || err == nil && !configured.Kind.MultiTenant() {
		all["AllowedTenants"] = remedy{"ALLOWED_TENANTS", "Remove it."}
	}
	return all
}

func providerRemedies() map[string]remedy {
	return map[string]remedy{
		"Authority":           {"AUTHORITY", "Write it like https://login.microsoftonline.com/TENANT, where TENANT is a tenant ID, a verified domain, common, organizations or consumers."},
		"Issuer":              {"OIDC_AUTHORITY", "Write the exact issuer, as in the provider's metadata."},
		"EditProfilePolicy":   {"EDITPROFILE_USER_FLOW", "Write the name of a user flow of B2C_TENANT_NAME as the portal shows it, such as B2C_1_profileediting1, or remove it."},
		"ResetPasswordPolicy": {"RESETPASSWORD_USER_FLOW", "Write the name of a user flow of B2C_TENANT_NAME as the portal shows it, such as B2C_1_passwordreset1, or remove it."},
		"ClientID":            {"CLIENT_ID", `Copy "Application (client) ID" from the Overview page of the app registration.`},
		"RedirectURI":         {"REDIRECT_URI", "Write the redirect URI exactly as it is registered, such as http://localhost:3000/getAToken."},
		// REDIRECT_URI and ENDPOINT also set these two fields.
		"PostLogoutRedirectURI": {"REDIRECT_URI", "Write the redirect URI exactly as it is registered, such as http://localhost:3000/getAToken."},
		"GraphBase":             {"ENDPOINT", "Write the address of an API on this machine, or in the cloud of AUTHORITY."},
		"ResponseMode":          {"RESPONSE_MODE", "Use query, or an https REDIRECT_URI with form_post."},
		"Prompt":                {"SIGN_IN_PROMPT", "Use select_account, login or consent, or set it to nothing to send no prompt."},
		"DomainHint":            {"DOMAIN_HINT", "Write the domain of the accounts, such as contoso.com."},
		"AllowedTenants":        {"ALLOWED_TENANTS", "Write tenant IDs separated by commas, or * for any tenant."},
		"SigningAlgorithm": {"ID_TOKEN_SIGNED_RESPONSE_ALG",
			"Write the algorithm that the application is registered for at the provider, such as RS256, or unset it."},
	}
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

// checkOwnAdapter reports variables that a provider with an adapter of its own does
// not support.
func (c *Config) checkOwnAdapter(found *Problems) {
	try, own := c.options.Providers[c.OIDCAuthority]
	if !own {
		c.checkIssuerOfOwnAdapter(found)
		return
	}
	if c.FormPost() && !found.has("RESPONSE_MODE") {
		found.add("RESPONSE_MODE", "is form_post, which this provider does not support", "Use query.")
	}
	if c.IDTokenSignedResponseAlg != "" && !found.has("ID_TOKEN_SIGNED_RESPONSE_ALG") {
		found.add("ID_TOKEN_SIGNED_RESPONSE_ALG", "is set, but this provider has no ID tokens", "Remove it.")
	}
	if (c.NoPrompt || c.SignInPrompt != "" && c.SignInPrompt != entra.PromptSelectAccount) && !found.has("SIGN_IN_PROMPT") {
		found.add("SIGN_IN_PROMPT", "is not select_account, and this provider supports nothing else", "Remove it.")
	}
	if c.DomainHint != "" && !found.has("DOMAIN_HINT") {
		found.add("DOMAIN_HINT", "is set, but this provider does not support it", "Remove it.")
	}
	registration, err := c.Registration(slog.New(slog.DiscardHandler))
	switch {
	case len(found.List) > 0 && err != nil: // another check has reported the cause
	case err != nil:
		found.add("CLIENT_SECRET", "is missing, and this provider accepts no other credential",
			"Set CLIENT_SECRET or CLIENT_SECRET_FILE, and remove "+strings.Join(c.givenCredentials(), " and ")+".")
	default:
		if err := try(registration); err != nil && len(found.List) == 0 {
			found.add("OIDC_AUTHORITY", "cannot be used: "+err.Error(),
				"Compare CLIENT_ID, CLIENT_SECRET and REDIRECT_URI with the registration at the provider.")
		}
	}
}

// checkIssuerOfOwnAdapter reports an OIDC_AUTHORITY with the host of a provider that
// has an adapter of its own, but not with its exact issuer.
func (c *Config) checkIssuerOfOwnAdapter(found *Problems) {
	given, err := url.Parse(c.OIDCAuthority)
	if err != nil || given.Host == "" || found.has("OIDC_AUTHORITY") {
		return
	}
	for issuer := range c.options.Providers {
		if own, err := url.Parse(issuer); err == nil && strings.EqualFold(own.Host, given.Host) {
			found.add("OIDC_AUTHORITY", "is not the exact issuer of its provider", "Write "+issuer)
		}
	}
}
