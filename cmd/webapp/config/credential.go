package config

import (
	"log/slog"
	"regexp"
	"strings"
	"time"

	"webapp/internal/adapters/entra/credential"
)

// variable is an environment variable with its value.
type variable struct{ name, value string }

// credentials are the variables of which exactly one is set.
func (c *Config) credentials() []variable {
	return []variable{
		{"CLIENT_SECRET", c.ClientSecret},
		{"CLIENT_SECRET_FILE", c.ClientSecretFile},
		{"CLIENT_CERTIFICATE_FILE", c.ClientCertificateFile},
		{"AZURE_FEDERATED_TOKEN_FILE", c.FederatedTokenFile},
		{"CLIENT_MANAGED_IDENTITY", c.ManagedIdentity},
	}
}

// checkCredential counts the credentials; whether the one can be used is the
// adapter's to say, and checkProvider reports it.
func (c *Config) checkCredential(found *Problems) {
	var given []string
	for _, v := range c.credentials() {
		if v.value != "" {
			given = append(given, v.name)
		}
	}
	switch {
	case len(given) == 0:
		found.add("CLIENT_SECRET", "is missing, and so is every other credential",
			`Make a secret under "Certificates & secrets" of the app registration and copy its Value (not its Secret ID).`+
				" README.md lists the other kinds of credential.")
	case len(given) == 2:
		found.add(strings.Join(given, " and "), "are both set", "Keep exactly one credential.")
	case len(given) > 2:
		found.add(strings.Join(given, " and "), "are all set", "Keep exactly one credential.")
	case strings.ContainsFunc(c.ClientSecret, func(r rune) bool { return r < ' ' || r == 0x7f }):
		found.add("CLIENT_SECRET", "holds a line break or another control character", "Copy it again, without anything around it.")
	}
	if secretID.MatchString(c.ClientSecret) && c.Authority != "" {
		c.hint("CLIENT_SECRET", "looks like a Secret ID", "Copy the secret's Value; the portal shows it once, when the secret is made.")
	}
	if _, err := c.SecretExpires(); err != nil {
		found.add("CLIENT_SECRET_EXPIRES", "is not a date", "Write it like 2027-01-31, as the portal shows it beside the secret.")
	}
}

// secretID is the form of what the portal shows beside a secret's Value.
var secretID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// SecretExpires is the beginning of the secret's last day, in UTC: rather too
// early than too late. It is zero where nobody said.
func (c *Config) SecretExpires() (time.Time, error) {
	if c.ClientSecretExpires == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.DateOnly, c.ClientSecretExpires)
}

// credential is the credential's configuration, for any provider's adapter.
func (c *Config) credential(logger *slog.Logger) credential.Config {
	expires, _ := c.SecretExpires() // checked by checkCredential
	made := credential.Config{
		Secret:                  c.ClientSecret,
		SecretFile:              c.ClientSecretFile,
		SecretExpires:           expires,
		CertificateFile:         c.ClientCertificateFile,
		CertificatePassword:     c.ClientCertificatePassword,
		CertificatePasswordFile: c.CertificatePasswordFile,
		FederatedTokenFile:      c.FederatedTokenFile,
		Logger:                  logger,
	}
	if c.ManagedIdentity != "" {
		made.ManagedIdentity = credential.ManagedIdentity{
			ClientID: c.ManagedIdentity,
			Endpoint: c.IdentityEndpoint,
			Header:   c.IdentityHeader,
		}
	}
	return made
}

// credentialRemedies are the variables behind the adapter's fields, and how to
// mend what is wrong with them.
func credentialRemedies() map[string]remedy {
	return map[string]remedy{
		"SecretFile":          {"CLIENT_SECRET_FILE", "Put the secret's Value into that file, and nothing else, and let this program read it."},
		"SecretExpires":       {"CLIENT_SECRET_EXPIRES", "Unset it, or set the secret that it is about."},
		"CertificateFile":     {"CLIENT_CERTIFICATE_FILE", "Name a PEM or PFX file with an RSA certificate and its private key; CLIENT_CERTIFICATE_PASSWORD or CLIENT_CERTIFICATE_PASSWORD_FILE opens it."},
		"CertificatePassword": {"CLIENT_CERTIFICATE_PASSWORD", "Unset it, or set CLIENT_CERTIFICATE_FILE."},
		"CertificatePassword and CertificatePasswordFile": {"CLIENT_CERTIFICATE_PASSWORD and CLIENT_CERTIFICATE_PASSWORD_FILE", "Remove one of the two."},
		"CertificatePasswordFile":                         {"CLIENT_CERTIFICATE_PASSWORD_FILE", "Name a file that holds the certificate's password and nothing else, or unset it."},
		"FederatedTokenFile":                              {"AZURE_FEDERATED_TOKEN_FILE", "Name the file that the platform writes the token to; on AKS label the pod azure.workload.identity/use: \"true\"."},
		"ManagedIdentity":                                 {"CLIENT_MANAGED_IDENTITY", "Copy the Client ID from the Overview page of the user-assigned managed identity; it needs AUTHORITY."},
		"ManagedIdentityEndpoint":                         {"IDENTITY_ENDPOINT", "Unset it, unless App Service or Container Apps set it."},
	}
}
