package config

import (
	"log/slog"
	"regexp"
	"strings"
	"time"

	"webapp/internal/adapters/entra/credential"
)

// variable is an environment variable with the field of Config that it fills.
type variable struct {
	name  string
	value *string
}

// credentials are the variables of which one is the credential.
func (c *Config) credentials() []variable {
	return []variable{
		{"CLIENT_SECRET", &c.ClientSecret},
		{"CLIENT_SECRET_FILE", &c.ClientSecretFile},
		{"CLIENT_CERTIFICATE_FILE", &c.ClientCertificateFile},
		{"AZURE_FEDERATED_TOKEN_FILE", &c.FederatedTokenFile},
		{"CLIENT_MANAGED_IDENTITY", &c.ManagedIdentity},
	}
}

// givenCredentials are the names of the credentials that are set.
func (c *Config) givenCredentials() []string {
	var given []string
	for _, v := range c.credentials() {
		if *v.value != "" {
			given = append(given, v.name)
		}
	}
	return given
}

// checkCredential counts the credentials. checkAdapter reports whether each can
// be used.
func (c *Config) checkCredential(found *Problems) {
	switch given := c.givenCredentials(); len(given) {
	case 0:
		found.add("CLIENT_SECRET", "is missing, and so is every other credential",
			`Make a secret under "Certificates & secrets" of the app registration and copy its Value (not its Secret ID).`+
				" README.md lists the other kinds of credential.")
	case 1:
	case 2:
		found.add(strings.Join(given, " and "), "are both set", "Remove one of the two.")
	default:
		found.add(strings.Join(given, " and "), "are all set", "Remove all but one.")
	}
	if guid.MatchString(c.ClientSecret) && c.Authority != "" {
		c.hint("CLIENT_SECRET", "looks like a Secret ID", "Copy the secret's Value; the portal shows it once, when the secret is made.")
	}
	if _, err := c.SecretExpires(); err != nil {
		found.add("CLIENT_SECRET_EXPIRES", "is not a date", "Write it like 2027-01-31, as the portal shows it beside the secret.")
	}
}

// preferOwnCredential leaves AZURE_FEDERATED_TOKEN_FILE out where another
// credential is set: a platform sets that variable by itself.
func (c *Config) preferOwnCredential() {
	given := c.givenCredentials()
	if c.FederatedTokenFile == "" || len(given) == 1 {
		return
	}
	c.FederatedTokenFile = ""
	others := strings.Join(c.givenCredentials(), " and ")
	c.hint("AZURE_FEDERATED_TOKEN_FILE", "is set beside "+others+" and is not used",
		"To sign in with the federated token instead, remove "+others+".")
}

// alternatives are copies of c with one authority and one credential each. Where
// two contradict each other, each can so be checked as if it stood alone.
func (c *Config) alternatives() []Config {
	all := []Config{*c}
	if c.Authority != "" && c.OIDCAuthority != "" {
		all = append(all, *c)
		all[0].OIDCAuthority, all[1].Authority = "", ""
	}
	given := c.givenCredentials()
	if len(given) < 2 {
		return all
	}
	var alone []Config
	for _, one := range all {
		for _, credential := range given {
			alone = append(alone, one.withCredentialAlone(credential))
		}
	}
	return alone
}

// withCredentialAlone returns a copy of c without the other credentials and what
// belongs to them.
func (c Config) withCredentialAlone(credential string) Config {
	for _, v := range c.credentials() {
		if v.name != credential {
			*v.value = ""
		}
	}
	if c.ClientCertificateFile == "" {
		c.ClientCertificatePassword, c.CertificatePasswordFile = "", ""
	}
	if c.ClientSecret == "" && c.ClientSecretFile == "" {
		c.ClientSecretExpires = ""
	}
	return c
}

// guid is the form of application IDs, and of the Secret ID that the portal shows
// beside the Value of a secret.
var guid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

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
