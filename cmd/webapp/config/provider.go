package config

import (
	"log/slog"
	"maps"
	"net/url"
	"strings"
	"time"

	"webapp/internal/adapters/entra"
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
	if (c.Authority == "") == (c.OIDCAuthority == "") {
		wrong := "are both missing"
		if c.Authority != "" {
			wrong = "are both set"
		}
		found.add("AUTHORITY and OIDC_AUTHORITY", wrong,
			"Set AUTHORITY to https://login.microsoftonline.com/TENANT for Entra, or OIDC_AUTHORITY to the exact issuer of another OpenID Provider.")
	}
	if c.ClientID == "" {
		found.add("CLIENT_ID", "is missing", `Copy "Application (client) ID" from the Overview page of the app registration.`)
	}
}

// checkAdapter adds the problems that the entra adapter finds, each under the
// variable that fills the adapter's field. A variable has one problem at most.
func (c *Config) checkAdapter(found *Problems) {
	remedies := providerRemedies()
	maps.Copy(remedies, credentialRemedies())
	for _, p := range c.Entra(nil, nil).Problems() {
		mend, known := remedies[p.Field]
		switch {
		case p.Field == "Secret": // checkCredential tells it with all the names
		case !known:
			found.add(p.Field, p.Text, "Compare what was set with the table in README.md.")
		case !found.has(mend.variable):
			found.add(mend.variable, p.Text, mend.how)
		}
	}
}

// remedy is the variable that fills a field of an adapter's configuration, and
// how to correct it.
type remedy struct{ variable, how string }

func providerRemedies() map[string]remedy {
	return map[string]remedy{
		"Authority":   {"AUTHORITY", "Write https://login.microsoftonline.com/TENANT, where TENANT is a tenant ID, a verified domain, common, organizations or consumers."},
		"Issuer":      {"OIDC_AUTHORITY", "Write the provider's exact issuer, as its metadata has it."},
		"ClientID":    {"CLIENT_ID", `Copy "Application (client) ID" from the Overview page of the app registration.`},
		"RedirectURI": {"REDIRECT_URI", "Write exactly what is registered, such as http://localhost:3000/getAToken."},
		// These two are made of other variables.
		"PostLogoutRedirectURI": {"REDIRECT_URI", "Write exactly what is registered, such as http://localhost:3000/getAToken."},
		"GraphBase":             {"ENDPOINT", "Write the address of the API on this machine, or of one in the authority's cloud."},
		"ResponseMode":          {"RESPONSE_MODE", "Use query, or an https REDIRECT_URI with form_post."},
		"AllowedTenants":        {"ALLOWED_TENANTS", "Write tenant IDs separated by commas, or * for any tenant; only with common and organizations."},
		"SigningAlgorithm": {"ID_TOKEN_SIGNED_RESPONSE_ALG",
			"Write the one algorithm that the application is registered for at the provider, such as RS256, or unset it."},
	}
}

// checkPlaceholders finds the placeholders of README.md.
func (c *Config) checkPlaceholders(found *Problems) {
	for _, v := range []variable{{"AUTHORITY", c.Authority}, {"CLIENT_ID", c.ClientID}, {"CLIENT_SECRET", c.ClientSecret}} {
		before, inside, ok := strings.Cut(v.value, "<")
		if ok && strings.HasSuffix(inside, ">") && (before == "" || v.name == "AUTHORITY") && strings.Contains(inside, " ") {
			found.add(v.name, "still is the placeholder of the example", "Put your own value in its place, without < and >.")
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
		found.add("ID_TOKEN_SIGNED_RESPONSE_ALG", "is set, and this provider has no ID tokens", "Unset it.")
	}
	registration, err := c.Registration(slog.New(slog.DiscardHandler))
	switch {
	case len(found.List) > 0 && err != nil: // said already
	case err != nil:
		found.add("CLIENT_SECRET", "is missing, and this provider takes no other credential",
			"Set CLIENT_SECRET or CLIENT_SECRET_FILE, and unset the other credential.")
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
