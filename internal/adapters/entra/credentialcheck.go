package entra

import (
	"errors"
	"log/slog"
	"strings"
	"time"

	"webapp/internal/adapters/entra/authority"
)

// checkCredential also reads the credential's file: one that cannot be used
// would fail every sign-in.
func (c Config) checkCredential(report func(field, text string)) {
	given := 0
	for _, value := range []string{c.ClientSecret, c.ClientSecretFile, c.ClientCertificateFile, c.FederatedTokenFile, c.ManagedIdentity.ClientID} {
		if value != "" {
			given++
		}
	}
	switch {
	case given == 0:
		report("ClientSecret", "is missing, and so is every other credential")
		return
	case given > 1:
		report("ClientSecret", "is one credential among several; exactly one must be set")
		return
	case c.ClientSecret != "" && hasControl(c.ClientSecret):
		report("ClientSecret", "holds a line break or another control character")
	case c.ManagedIdentity.ClientID != "":
		c.checkManagedIdentity(report)
		return
	}
	c.checkCredentialExtras(report)
	c.Logger, c.Clock = slog.New(slog.DiscardHandler), time.Now // this is a check, not a use
	if _, err := newCredential(c, authority.Authority{}); err != nil {
		if problem, ok := errors.AsType[Problem](err); ok {
			report(problem.Field, problem.Text)
		}
	}
}

func (c Config) checkCredentialExtras(report func(field, text string)) {
	if c.ClientCertificatePassword != "" && c.ClientCertificateFile == "" {
		report("ClientCertificatePassword", "is set without a certificate")
	}
	if !c.ClientSecretExpires.IsZero() && c.ClientSecret == "" && c.ClientSecretFile == "" {
		report("ClientSecretExpires", "is set without a secret")
	}
}

func (c Config) checkManagedIdentity(report func(field, text string)) {
	c.checkCredentialExtras(report)
	if !authority.IsGUID(strings.ToLower(c.ManagedIdentity.ClientID)) {
		report("ManagedIdentity", "is not a client ID (a GUID)")
	}
	if c.Issuer != "" {
		report("ManagedIdentity", "is for Entra authorities only")
	}
	if u := c.ManagedIdentity.endpointURL(); u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		report("ManagedIdentityEndpoint", "is not an absolute URL")
	}
}
