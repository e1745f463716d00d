package entra

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/ports"
)

// credential proves to the token endpoint that it is the application who asks
// (RFC 6749, section 2.3; OpenID Connect Core 1.0, section 9).
type credential interface {
	// authenticate adds the proof to the form or to the header of one request.
	// The same form may come twice: what is there already is replaced.
	authenticate(ctx context.Context, m metadata, form url.Values, header http.Header) error
	// expiry returns when the credential in use ends; false where it has no
	// end, or none that is known here.
	expiry(ctx context.Context) (time.Time, bool)
	// unknownYet says whether err is what a credential meets that was
	// registered a moment ago, so that the same request may go well soon.
	unknownYet(err error) bool
}

// publicCloudAudience is for authorities that do not tell their cloud, such as
// External ID, which is in the public one.
const publicCloudAudience = "api://AzureADTokenExchange"

// CredentialExpiry returns when the credential that is in use ends: the
// certificate's NotAfter, or Config.ClientSecretExpires. It is false where the
// credential renews itself or its end is not known.
func (p *Provider) CredentialExpiry() (time.Time, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), p.cfg.Timeout)
	defer cancel()
	return p.credential.expiry(ctx)
}

// newCredential makes the one credential that cfg names, from files as they
// are now.
func newCredential(cfg Config, configured authority.Authority) (credential, error) {
	switch {
	case cfg.ClientSecret != "" || cfg.ClientSecretFile != "":
		return newSecret(cfg)
	case cfg.ClientCertificateFile != "":
		file, err := openCertificateFile(cfg)
		if err != nil {
			return nil, Problem{"ClientCertificateFile", err.Error()}
		}
		return &clientCertificate{id: cfg.ClientID, file: file, clock: cfg.Clock, rand: cfg.Rand, rule: assertionRule{configured.Entra()}}, nil
	case cfg.FederatedTokenFile != "":
		file, err := openTokenFile(cfg)
		if err != nil {
			return nil, Problem{"FederatedTokenFile", err.Error()}
		}
		fromFile := func(ctx context.Context) (string, error) { return file.get(ctx), nil }
		return outsideToken{cfg.ClientID, fromFile, assertionRule{configured.Entra()}}, nil
	}
	identity := newManagedIdentity(cfg, cmp.Or(configured.TokenExchangeAudience(), publicCloudAudience))
	return outsideToken{cfg.ClientID, identity.get, assertionRule{true}}, nil
}

// assertionRule says where client assertions may be sent.
type assertionRule struct{ always bool }

// check refuses a provider that does not take them. Entra does everywhere, and
// B2C's metadata do not say so.
func (r assertionRule) check(m metadata) error {
	if r.always || m.takesAssertions {
		return nil
	}
	return fmt.Errorf("%w: its metadata do not offer private_key_jwt, which a certificate or a federated token needs; use a client secret", ports.ErrProviderRefused)
}

// sendAssertion is RFC 7523, section 2.2.
func sendAssertion(form url.Values, id, assertion string) {
	form.Set("client_id", id)
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", assertion)
}
