package credential

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/oauth2"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// Credential authenticates the application. It is safe for concurrent use.
type Credential interface {
	// Authenticate adds the credential to a request for the endpoint e. It
	// replaces the credential of an earlier attempt in the same parameters. It returns
	// ports.ErrProviderRefused if e does not take this kind of credential.
	Authenticate(ctx context.Context, e Endpoint, r *providerhttp.TokenRequest) error
	// Expiry returns when the credential in use expires. It returns false if it does
	// not expire, or if its expiry is not known.
	Expiry(ctx context.Context) (time.Time, bool)
	// UnknownYet reports whether the provider refused the credential because it was
	// registered a moment ago. The same request may then succeed soon.
	UnknownYet(err error) bool
}

// Endpoint describes an endpoint that takes the application's credential.
type Endpoint struct {
	// URL is the address of the endpoint.
	URL string
	// Audience is the audience of client assertions. If it is empty, it is URL.
	Audience string
	// SecretInForm sends the client secret in the form, not in the header.
	SecretInForm bool
	// TakesAssertions says that the endpoint takes client assertions
	// (private_key_jwt).
	TakesAssertions bool
	// AssertionAlgorithms are the accepted algorithms of client assertions; nil if the
	// metadata do not list them.
	AssertionAlgorithms []string
}

// New returns the one credential that c names. It reads the credential's file. The error
// is a Problem if the credential is unusable.
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
		return assertionToken{fromFile}, nil
	case c.ManagedIdentity.ClientID != "":
		return assertionToken{newManagedIdentity(c).get}, nil
	}
	return nil, Problem{"Secret", "is missing, and so is every other credential"}
}

// SecretSource returns a function that returns the current client secret of c. It is for
// providers that take no other credential.
func SecretSource(c Config) (func(ctx context.Context) string, error) {
	if c.Secret == "" && c.SecretFile == "" {
		return nil, Problem{"Secret", "is missing, and the provider takes no other credential"}
	}
	made, err := newSecret(c.withDefaults())
	return made.secret, err
}

// requireAssertions returns ports.ErrProviderRefused if the endpoint takes no client
// assertions.
func (e Endpoint) requireAssertions() error {
	if e.TakesAssertions {
		return nil
	}
	return fmt.Errorf("%w: its metadata do not offer private_key_jwt, which a certificate or a federated token needs; use a client secret", ports.ErrProviderRefused)
}

// addAssertion adds a client assertion to a request (RFC 7523, section 2.2).
func addAssertion(r *providerhttp.TokenRequest, assertion string) {
	r.AuthStyle = oauth2.AuthStyleInParams
	r.Params.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	r.Params.Set("client_assertion", assertion)
}
