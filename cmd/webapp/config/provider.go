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

// Entra is the configuration of the entra adapter.
func (c *Config) Entra(now func() time.Time, logger *slog.Logger) entra.Config {
	return entra.Config{
		Authority:             c.Authority,
		Issuer:                c.OIDCAuthority,
		ClientID:              c.ClientID,
		Credential:            c.credential(logger),
		RedirectURI:           c.RedirectURI,
		PostLogoutRedirectURI: c.Origin() + "/",
		AllowedTenants:        c.AllowedTenants,
		ResponseMode:          c.ResponseMode,
		Clock:                 now,
		Logger:                logger,
		GraphBase:             c.graphBase(),
		SigningAlgorithm:      c.IDTokenSignedResponseAlg,
	}
}

// graphBase is the directory of a provider on this machine, which is where its
// API is. In a real cloud the authority decides.
func (c *Config) graphBase() string {
	if _, ok := loopbackOrigin(c.Authority); !ok {
		return ""
	}
	base, _ := loopbackOrigin(c.Endpoint)
	return base
}

// Registration is what an adapter of another provider needs to know.
func (c *Config) Registration(logger *slog.Logger) (ports.Registration, error) {
	secret, err := credential.SecretSource(c.credential(logger))
	return ports.Registration{ClientID: c.ClientID, ClientSecret: secret, RedirectURI: c.RedirectURI}, err
}

func (c *Config) checkProvider(found *Problems) {
	switch {
	case c.Authority == "" && c.OIDCAuthority == "":
		found.add("AUTHORITY and OIDC_AUTHORITY", "are both missing",
			"Set AUTHORITY to https://login.microsoftonline.com/TENANT for Entra, or OIDC_AUTHORITY to the exact issuer of another OpenID Provider.")
	case c.Authority != "" && c.OIDCAuthority != "":
		found.add("AUTHORITY and OIDC_AUTHORITY", "are both set",
			"Remove one of the two: AUTHORITY is for Entra, OIDC_AUTHORITY for any other OpenID Provider.")
	}
	c.checkClientID(found)
	c.checkSubjects(found)
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
		c.hint("CLIENT_ID", "is not a GUID, as every application ID of Entra is", remedy)
	}
}

// checkSubjects checks ALLOWED_SUBJECTS. At a provider that has an adapter of its
// own, anybody can have an account, so somebody has to say who may sign in.
func (c *Config) checkSubjects(found *Problems) {
	_, own := c.program.Providers[c.OIDCAuthority]
	given, _ := c.lookup("ALLOWED_SUBJECTS")
	switch {
	case len(c.AllowedSubjects) == 0 && strings.Contains(given, ","):
		found.add("ALLOWED_SUBJECTS", "holds commas and no subject", "Write the subjects of the people who may sign in, or * for anybody.")
	case len(c.AllowedSubjects) == 0 && own:
		found.add("ALLOWED_SUBJECTS", "is missing, and anybody can have an account at this provider",
			"Write the subjects of the people who may sign in, separated by commas (at GitHub the number of the account), or * for anybody.")
	case len(c.AllowedSubjects) > 0 && c.OIDCAuthority == "" && c.Authority != "":
		found.add("ALLOWED_SUBJECTS", "is for OIDC_AUTHORITY only",
			"Remove it. With Entra, assign the people to the application, or list their tenants in ALLOWED_TENANTS.")
	case len(c.AllowedSubjects) > 1 && slices.Contains(c.AllowedSubjects, anybody):
		found.add("ALLOWED_SUBJECTS", "has * beside other values", "Write * alone for anybody, or remove it.")
	}
	if slices.ContainsFunc(c.AllowedSubjects, func(subject string) bool { return strings.Contains(subject, "@") }) {
		c.hint("ALLOWED_SUBJECTS", "has what looks like an e-mail address", "Write the claim sub of each person. The audit log has it for every refused sign-in.")
	}
}

// anybody in ALLOWED_SUBJECTS admits everybody.
const anybody = "*"

// Subjects are the people who may sign in. It is empty where everybody may whom
// the provider vouches for.
func (c *Config) Subjects() []string {
	if slices.Contains(c.AllowedSubjects, anybody) {
		return nil
	}
	return c.AllowedSubjects
}

// checkAdapter adds the problems that the entra adapter finds, each under the
// variable that fills the adapter's field. A variable has one problem at most.
func (c *Config) checkAdapter(found *Problems) {
	remedies := c.remedies()
	for _, alone := range c.alternatives() {
		for _, p := range alone.Entra(nil, nil).Problems() {
			mend, known := remedies[p.Field]
			value, _ := c.lookup(mend.variable)
			switch {
			case p.Field == "Secret": // reported by checkCredential and checkSecret
			case !known:
				found.add(p.Field, p.Text, "Compare what was set with the table in README.md.")
			case value == "" && found.has(mend.variable), found.hasAlone(mend.variable):
			default:
				found.add(mend.variable, p.Text, mend.how)
			}
		}
	}
}

// remedy is the variable that fills a field of an adapter's configuration, and
// how to correct it.
type remedy struct{ variable, how string }

// remedies are the remedies for all fields of the entra adapter.
func (c *Config) remedies() map[string]remedy {
	all := providerRemedies()
	maps.Copy(all, credentialRemedies())
	if configured, err := authority.Parse(c.Authority); c.Authority == "" || err == nil && !configured.Kind.MultiTenant() {
		all["AllowedTenants"] = remedy{"ALLOWED_TENANTS", "Remove it."}
	}
	return all
}

func providerRemedies() map[string]remedy {
	return map[string]remedy{
		"Authority":   {"AUTHORITY", "Write it like https://login.microsoftonline.com/TENANT, where TENANT is a tenant ID, a verified domain, common, organizations or consumers."},
		"Issuer":      {"OIDC_AUTHORITY", "Write the provider's exact issuer, as its metadata has it."},
		"ClientID":    {"CLIENT_ID", `Copy "Application (client) ID" from the Overview page of the app registration.`},
		"RedirectURI": {"REDIRECT_URI", "Write exactly what is registered, such as http://localhost:3000/getAToken."},
		// These two are made of other variables.
		"PostLogoutRedirectURI": {"REDIRECT_URI", "Write exactly what is registered, such as http://localhost:3000/getAToken."},
		"GraphBase":             {"ENDPOINT", "Write the address of the API on this machine, or of one in the authority's cloud."},
		"ResponseMode":          {"RESPONSE_MODE", "Use query, or an https REDIRECT_URI with form_post."},
		"AllowedTenants":        {"ALLOWED_TENANTS", "Write tenant IDs separated by commas, or * for any tenant."},
		"SigningAlgorithm": {"ID_TOKEN_SIGNED_RESPONSE_ALG",
			"Write the one algorithm that the application is registered for at the provider, such as RS256, or unset it."},
	}
}

// checkPlaceholders finds the placeholders of README.md.
func (c *Config) checkPlaceholders(found *Problems) {
	for _, name := range []string{"AUTHORITY", "CLIENT_ID", "CLIENT_SECRET"} {
		value, _ := c.lookup(name)
		value = strings.TrimSpace(value)
		before, inside, ok := strings.Cut(value, "<")
		if ok && strings.HasSuffix(inside, ">") && (before == "" || name == "AUTHORITY") && strings.Contains(inside, " ") {
			found.add(name, "still is the placeholder of the example", "Put your own value in its place, without < and >.")
		}
	}
}

// checkOwnAdapter reports what a provider with an adapter of its own cannot
// take. checkProvider has looked at the rest.
func (c *Config) checkOwnAdapter(found *Problems) {
	try, own := c.program.Providers[c.OIDCAuthority]
	if !own {
		c.checkNearlyOwn(found)
		return
	}
	if c.FormPost() && !found.has("RESPONSE_MODE") {
		found.add("RESPONSE_MODE", "is form_post, which this provider does not do", "Use query.")
	}
	if c.IDTokenSignedResponseAlg != "" && !found.has("ID_TOKEN_SIGNED_RESPONSE_ALG") {
		found.add("ID_TOKEN_SIGNED_RESPONSE_ALG", "is set, and this provider has no ID tokens", "Remove it.")
	}
	registration, err := c.Registration(slog.New(slog.DiscardHandler))
	switch {
	case len(found.List) > 0 && err != nil: // said already
	case err != nil:
		found.add("CLIENT_SECRET", "is missing, and this provider takes no other credential",
			"Set CLIENT_SECRET or CLIENT_SECRET_FILE, and remove "+strings.Join(c.givenCredentials(), " and ")+".")
	default:
		if err := try(registration); err != nil && len(found.List) == 0 {
			found.add("OIDC_AUTHORITY", "cannot be used: "+err.Error(),
				"Compare CLIENT_ID, CLIENT_SECRET and REDIRECT_URI with the registration at the provider.")
		}
	}
}

// checkNearlyOwn reports an OIDC_AUTHORITY that has the host of a provider with
// an adapter of its own, but is not its issuer.
func (c *Config) checkNearlyOwn(found *Problems) {
	given, err := url.Parse(c.OIDCAuthority)
	if err != nil || given.Host == "" || found.has("OIDC_AUTHORITY") {
		return
	}
	for name := range c.program.Providers {
		if own, err := url.Parse(name); err == nil && strings.EqualFold(own.Host, given.Host) {
			found.add("OIDC_AUTHORITY", "is not the exact issuer of its provider", "Write "+name)
		}
	}
}
