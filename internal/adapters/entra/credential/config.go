package credential

import (
	"cmp"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"strings"
	"time"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/providerhttp"
)

// Config is everything that a credential is made of.
type Config struct {
	// ClientID is the application's ID at the provider.
	ClientID string
	// Exactly one of the next five is set. Secret is the client secret itself,
	// SecretFile a file that holds it.
	Secret     string
	SecretFile string
	// CertificateFile is PEM or PKCS #12 (PFX) with an RSA key; where it holds
	// the issuers' certificates too, they are sent as x5c.
	CertificateFile string
	// FederatedTokenFile holds a token of another issuer that a federated
	// credential of the application trusts.
	FederatedTokenFile string
	// ManagedIdentity is a user-assigned managed identity of this host.
	ManagedIdentity ManagedIdentity

	// CertificatePassword opens the certificate's file, where it needs one;
	// CertificatePasswordFile is a file that holds the password.
	CertificatePassword     string
	CertificatePasswordFile string
	// SecretExpires says when the secret ends, which only a person knows; zero
	// where nobody said.
	SecretExpires time.Time
	// ExchangeAudience is the audience of a managed identity's token; empty
	// where the provider is not Entra and takes none.
	ExchangeAudience string

	// Clock tells the time; nil is time.Now.
	Clock func() time.Time
	// Rand is the source of assertion IDs; nil is crypto/rand.
	Rand io.Reader
	// Timeout bounds each call to the managed identity endpoint; 0 is 10 seconds.
	Timeout time.Duration
	// Pause waits between two reads of a file that changes, and between a call
	// and its repetition; nil waits by the real clock.
	Pause func(ctx context.Context, d time.Duration) error
	// Logger gets what an operator should know; nil discards it.
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
	Text  string // what is wrong, without the value
}

// Error reads "Field text".
func (p Problem) Error() string { return p.Field + " " + p.Text }

// Problems returns everything that is wrong with c; none when New will accept
// it. It also reads the credential's file: an unusable one would fail every
// sign-in.
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
		report("Secret", "holds a line break or another control character")
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
	c.Logger, c.Clock = nil, nil // this is a check, not a use
	if _, err := New(c); err != nil {
		if problem, ok := err.(Problem); ok {
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
