package config

import (
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/entra/authority"
)

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
