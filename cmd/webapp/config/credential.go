package config

import (
	"log/slog"
	"strings"
	"time"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/adapters/entra/credential"
)

// variable is an environment variable and the field of Config that has its value.
type variable struct {
	name  string
	value *string
}

// credentials returns the variables of all kinds of credentials.
func (c *Config) credentials() []variable {
	return []variable{
		{"CLIENT_SECRET", &c.ClientSecret},
		{"CLIENT_SECRET_FILE", &c.ClientSecretFile},
		{"CLIENT_CERTIFICATE_FILE", &c.ClientCertificateFile},
		{"AZURE_FEDERATED_TOKEN_FILE", &c.FederatedTokenFile},
		{"CLIENT_MANAGED_IDENTITY", &c.ManagedIdentity},
	}
}

// givenCredentials returns the names of the credential variables that are set.
func (c *Config) givenCredentials() []string {
	var given []string
	for _, v := range c.credentials() {
		if *v.value != "" {
			given = append(given, v.name)
		}
	}
	return given
}

// checkCredential checks that exactly one credential is set. checkAdapter checks
// whether it can be used.
func (c *Config) checkCredential(found *Problems) {
	switch given := c.givenCredentials(); len(given) {
	case 0:
		found.add("CLIENT_SECRET", "is missing, and no other credential is set",
			`Create a secret under "Certificates & secrets" of the app registration and copy its Value (not its Secret ID).`+
				" docs/providers.md describes the other kinds of credentials.")
	case 1:
	case 2:
		found.add(strings.Join(given, " and "), "are both set", "Remove one of the two.")
	default:
		found.add(strings.Join(given, " and "), "are all set", "Remove all but one.")
	}
	if authority.IsGUID(strings.ToLower(c.ClientSecret)) && c.Authority != "" {
		c.hint("CLIENT_SECRET", "looks like a Secret ID", "Copy the secret's Value. The portal shows it only once, so create a new secret if you do not have it.")
	}
	if _, err := c.SecretExpires(); err != nil {
		found.add("CLIENT_SECRET_EXPIRES", "is not a date", "Write the date that the portal shows beside the secret in this form: 2027-01-31.")
	}
}

// preferOwnCredential clears AZURE_FEDERATED_TOKEN_FILE if another credential is set,
// because a platform can set that variable for every pod.
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

// alternatives returns copies of c with one authority and one credential each. If
// several are set, each can be checked as if it were the only one.
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
		for _, name := range given {
			alone = append(alone, one.withCredentialAlone(name))
		}
	}
	return alone
}

// withCredentialAlone returns a copy of c without the other credentials and without
// the variables that belong to them.
func (c Config) withCredentialAlone(name string) Config {
	for _, v := range c.credentials() {
		if v.name != name {
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

// SecretExpires returns the beginning of the secret's last day in UTC, so that a
// warning comes too early rather than too late. It returns the zero time if
// CLIENT_SECRET_EXPIRES is not set.
func (c *Config) SecretExpires() (time.Time, error) {
	if c.ClientSecretExpires == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.DateOnly, c.ClientSecretExpires)
}

// credential returns the credential's configuration for the adapter of any provider.
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

// credentialRemedies returns the remedies by the fields of the credential's
// configuration.
func credentialRemedies() map[string]remedy {
	return map[string]remedy{
		"SecretFile":          {"CLIENT_SECRET_FILE", "Write only the secret's Value into that file, and allow this program to read it."},
		"SecretExpires":       {"CLIENT_SECRET_EXPIRES", "Unset it, or set CLIENT_SECRET or CLIENT_SECRET_FILE."},
		"CertificateFile":     {"CLIENT_CERTIFICATE_FILE", "Name a PEM or PFX file with an RSA certificate and its private key. If the file is encrypted, set CLIENT_CERTIFICATE_PASSWORD or CLIENT_CERTIFICATE_PASSWORD_FILE."},
		"CertificatePassword": {"CLIENT_CERTIFICATE_PASSWORD", "Unset it, or set CLIENT_CERTIFICATE_FILE."},
		"CertificatePassword and CertificatePasswordFile": {"CLIENT_CERTIFICATE_PASSWORD and CLIENT_CERTIFICATE_PASSWORD_FILE", "Remove one of the two."},
		"CertificatePasswordFile":                         {"CLIENT_CERTIFICATE_PASSWORD_FILE", "Name a file that contains only the certificate's password, or unset it."},
		"FederatedTokenFile":                              {"AZURE_FEDERATED_TOKEN_FILE", "Name the file that the platform writes the token to. On AKS, set the pod's label azure.workload.identity/use: \"true\"."},
		"ManagedIdentity":                                 {"CLIENT_MANAGED_IDENTITY", "Copy the Client ID from the Overview page of the user-assigned managed identity, and use AUTHORITY."},
		"ManagedIdentityEndpoint":                         {"IDENTITY_ENDPOINT", "Unset it if App Service or Container Apps did not set it."},
	}
}
