package credential

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"strings"
	"time"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/providerhttp"
)

// Config configures a credential.
type Config struct {
	// ClientID is the application's ID at the provider.
	ClientID string
	// Exactly one of the next five fields is set. Secret is the client secret.
	// SecretFile is a file with the client secret.
	Secret     string
	SecretFile string
	// CertificateFile is a PEM or PKCS #12 (PFX) file with an RSA key and its
	// certificate. If it also has the issuers' certificates, they are sent as x5c.
	CertificateFile string
	// FederatedTokenFile is a file with a token of another issuer. A federated
	// credential of the app registration trusts that issuer.
	FederatedTokenFile string
	// ManagedIdentity is a user-assigned managed identity of this host.
	ManagedIdentity ManagedIdentity

	// CertificatePassword opens the certificate's file, if it is encrypted.
	// CertificatePasswordFile is a file with the password.
	CertificatePassword     string
	CertificatePasswordFile string
	// SecretExpires is the configured expiry of the secret; zero if it is not known.
	SecretExpires time.Time
	// ExchangeAudience is the audience of a managed identity's token. It is empty if
	// the provider is not Entra, and takes no such token.
	ExchangeAudience string

	// Clock returns the time; nil is time.Now.
	Clock func() time.Time
	// Rand is the source of assertion IDs; nil is crypto/rand.
	Rand io.Reader
	// Timeout bounds each call to the managed identity endpoint; 0 is 10 seconds.
	Timeout time.Duration
	// Pause waits between two reads of a file that changes, and before a request is
	// repeated; nil is providerhttp.Pause.
	Pause func(ctx context.Context, d time.Duration) error
	// Logger gets messages for operators; nil discards them.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	c.Rand = cmp.Or(c.Rand, rand.Reader)
	if c.Pause == nil {
		c.Pause = providerhttp.Pause
	}
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	return c
}

// Problem is one thing that is wrong with a Config.
type Problem struct {
	Field string // the name of the Config's field
	Text  string // the rest of the sentence, without the value
}

// Error returns the field and the text.
func (p Problem) Error() string { return p.Field + " " + p.Text }

// Problems returns everything that is wrong with c, or nothing if New accepts it. It also
// reads the credential's file, because an unusable credential would fail every sign-in.
func (c Config) Problems() []Problem {
	var found []Problem
	report := func(field, text string) { found = append(found, Problem{field, text}) }
	given := 0
	for _, value := range []string{c.Secret, c.SecretFile, c.CertificateFile, c.FederatedTokenFile, c.ManagedIdentity.ClientID} {
		if value != "" {
			given++
		}
	}
	switch {
	case given == 0:
		report("Secret", "is missing, and so is every other credential")
		return found
	case given > 1:
		report("Secret", "is one credential among several; exactly one must be set")
		return found
	case c.Secret != "" && providerhttp.HasControl(c.Secret):
		report("Secret", "has a line break or another control character")
	}
	switch {
	case c.CertificatePassword != "" && c.CertificatePasswordFile != "":
		report("CertificatePassword and CertificatePasswordFile", "are both set")
	case c.CertificatePassword != "" && c.CertificateFile == "":
		report("CertificatePassword", "is set without a certificate")
	case c.CertificatePasswordFile != "" && c.CertificateFile == "":
		report("CertificatePasswordFile", "is set without a certificate")
	}
	if !c.SecretExpires.IsZero() && c.Secret == "" && c.SecretFile == "" {
		report("SecretExpires", "is set without a secret")
	}
	if c.ManagedIdentity.ClientID != "" {
		c.checkManagedIdentity(report)
		return found
	}
	c.Logger = nil // New logs warnings again when the credential is used
	if _, err := New(c); err != nil {
		if problem, ok := errors.AsType[Problem](err); ok {
			report(problem.Field, problem.Text)
		}
	}
	return found
}

func (c Config) checkManagedIdentity(report func(field, text string)) {
	if !authority.IsGUID(strings.ToLower(c.ManagedIdentity.ClientID)) {
		report("ManagedIdentity", "is not a client ID (a GUID)")
	}
	if c.ExchangeAudience == "" {
		report("ManagedIdentity", "is for Entra authorities only")
	}
	if u := c.ManagedIdentity.endpointURL(); u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		report("ManagedIdentityEndpoint", "is not an absolute URL")
	}
}
