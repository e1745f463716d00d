// Package credential proves to a provider's token endpoint which application
// asks: by a client secret, a certificate, a federated token or a managed
// identity (RFC 6749, section 2.3; OpenID Connect Core 1.0, section 9). A
// credential in a file is read again when the file changes.
package credential

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/oauth2"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// Credential proves which application asks.
type Credential interface {
	// Authenticate adds the proof to a request for the token endpoint e. The same
	// parameters may come twice: an older proof in them is replaced.
	Authenticate(ctx context.Context, e Endpoint, r *providerhttp.TokenRequest) error
	// Expiry returns when the credential in use ends; false where it has no
	// end, or none that is known here.
	Expiry(ctx context.Context) (time.Time, bool)
	// UnknownYet reports whether err is how the provider refuses a credential
	// that was registered a moment ago, so that the same request may succeed
	// soon.
	UnknownYet(err error) bool
}

// Endpoint is what a credential has to know of the token endpoint.
type Endpoint struct {
	URL string
	// SecretInForm sends the client secret in the form, not in the header.
	SecretInForm bool
	// TakesAssertions says that client assertions may be sent (private_key_jwt).
	TakesAssertions bool
	// AssertionAlgorithms are those to sign assertions with; nil where the
	// metadata do not say.
	AssertionAlgorithms []string
}

// New makes the one credential that c names, from files as they are now. Its
// error is a Problem where c names an unusable one.
func New(c Config) (Credential, error) {
	c = c.withDefaults()
	switch {
	case c.Secret != "" || c.SecretFile != "":
		return newSecret(c)
	case c.CertificateFile != "":
		file, err := openCertificateFile(c)
		if err != nil {
			return nil, err
		}
		return &clientCertificate{id: c.ClientID, file: file, clock: c.Clock, rand: c.Rand}, nil
	case c.FederatedTokenFile != "":
		file, err := openTokenFile(c)
		if err != nil {
			return nil, Problem{"FederatedTokenFile", err.Error()}
		}
		fromFile := func(ctx context.Context) (string, error) { return file.Get(ctx), nil }
		return outsideToken{fromFile}, nil
	case c.ManagedIdentity.ClientID != "":
		return outsideToken{newManagedIdentity(c).get}, nil
	}
	return nil, Problem{"Secret", "is missing, and so is every other credential"}
}

// SecretSource returns a function that tells the client secret of c at each
// moment. It is for providers that take a client secret and nothing else.
func SecretSource(c Config) (func(ctx context.Context) string, error) {
	if c.Secret == "" && c.SecretFile == "" {
		return nil, Problem{"Secret", "is missing, and the provider takes no other credential"}
	}
	made, err := newSecret(c.withDefaults())
	return made.secret, err
}

// check refuses a token endpoint that takes no client assertions.
func (e Endpoint) check() error {
	if e.TakesAssertions {
		return nil
	}
	return fmt.Errorf("%w: its metadata do not offer private_key_jwt, which a certificate or a federated token needs; use a client secret", ports.ErrProviderRefused)
}

// sendAssertion is RFC 7523, section 2.2.
func sendAssertion(r *providerhttp.TokenRequest, assertion string) {
	r.AuthStyle = oauth2.AuthStyleInParams
	r.Params.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	r.Params.Set("client_assertion", assertion)
}
