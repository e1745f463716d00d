package main

import (
	"maps"
	"strings"
)

func (s *settings) checkProvider(found *problems) {
	if (s.Authority == "") == (s.OIDCAuthority == "") {
		wrong := "are both missing"
		if s.Authority != "" {
			wrong = "are both set"
		}
		found.add("AUTHORITY and OIDC_AUTHORITY", wrong,
			"Set AUTHORITY to https://login.microsoftonline.com/TENANT for Entra, or OIDC_AUTHORITY to the exact issuer of another OpenID Provider.")
	}
	if s.ClientID == "" {
		found.add("CLIENT_ID", "is missing", `Copy "Application (client) ID" from the Overview page of the app registration.`)
	}
}

// checkAdapter adds what the provider's adapter has to say, by the variable
// that each of its fields comes from. Of a variable that is known to be wrong
// one complaint is enough.
func (s *settings) checkAdapter(found *problems) {
	remedies := providerRemedies()
	maps.Copy(remedies, credentialRemedies())
	for _, p := range s.entraConfig(nil, nil).Problems() {
		mend, known := remedies[p.Field]
		switch {
		case p.Field == "ClientSecret": // checkCredential tells it with all the names
		case !known:
			found.add(p.Field, p.Text, "Compare what was set with the table in README.md.")
		case !found.has(mend.variable):
			found.add(mend.variable, p.Text, mend.how)
		}
	}
}

// remedy is the variable behind a field of an adapter's configuration, and how
// to mend what is wrong with it.
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

// checkPlaceholders finds what was copied from README.md and not filled in.
func (s *settings) checkPlaceholders(found *problems) {
	for _, v := range []variable{{"AUTHORITY", s.Authority}, {"CLIENT_ID", s.ClientID}, {"CLIENT_SECRET", s.ClientSecret}} {
		before, inside, ok := strings.Cut(v.value, "<")
		if ok && strings.HasSuffix(inside, ">") && (before == "" || v.name == "AUTHORITY") && strings.Contains(inside, " ") {
			found.add(v.name, "still is the placeholder of the example", "Put your own value in its place, without < and >.")
		}
	}
}
