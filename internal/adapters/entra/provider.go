package entra

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"time"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/adapters/entra/credential"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

var (
	_ ports.IdentityProvider    = (*Provider)(nil)
	_ ports.CallbackErrorReader = (*Provider)(nil)
	_ ports.ProviderSignOut     = (*Provider)(nil)
	_ ports.TokenRefresher      = (*Provider)(nil)
	_ ports.TokenRevoker        = (*Provider)(nil)
	_ ports.ProviderReadiness   = (*Provider)(nil)
	_ ports.ProviderAdmission   = (*Provider)(nil)
	_ ports.GroupLookup         = (*Provider)(nil)
	_ ports.LogoutTokenVerifier = (*Provider)(nil)
	_ ports.ProviderFlows       = (*Provider)(nil)
	_ ports.RequestPusher       = (*Provider)(nil)
	_ ports.AdminConsentLinker  = (*Provider)(nil)
)

// Provider signs people in at one provider. It is safe for concurrent use.
type Provider struct {
	*flow                           // the sign-in
	others     map[ports.Flow]*flow // the further user flows of Azure AD B2C
	cfg        Config
	credential credential.Credential
	tenants    map[string]bool // nil: any tenant of the authority
	client     *providerhttp.Client
	clock      func() time.Time
	rand       io.Reader
	log        *slog.Logger
}

// New returns a Provider, or every Problem of cfg at once. It makes no request: the
// provider may be down.
func New(cfg Config) (*Provider, error) {
	cfg, err := cfg.validated()
	if err != nil {
		return nil, err
	}
	configured, err := cfg.authority()
	if err != nil {
		return nil, err
	}
	proof, err := credential.New(cfg.credential(configured))
	if err != nil {
		return nil, err
	}
	p := &Provider{
		others:     make(map[ports.Flow]*flow),
		cfg:        cfg,
		credential: proof,
		tenants:    tenantSet(cfg.AllowedTenants),
		client:     providerhttp.New(providerhttp.Config{Transport: cfg.Transport, Timeout: cfg.Timeout, Pause: cfg.Pause}),
		clock:      cfg.Clock,
		rand:       cfg.Rand,
		log:        cfg.Logger,
	}
	p.flow = p.newFlow(configured)
	for _, further := range cfg.furtherFlows() {
		other, err := configured.WithPolicy(further.policy)
		if err != nil {
			return nil, err
		}
		p.others[further.flow] = p.newFlow(other)
	}
	return p, nil
}

// tenantSet returns the allowed tenants in lower case, or nil for AnyTenant and for
// an empty list.
func tenantSet(allowed []string) map[string]bool {
	if len(allowed) == 0 || allowed[0] == AnyTenant {
		return nil
	}
	set := make(map[string]bool, len(allowed))
	for _, tenant := range allowed {
		set[strings.ToLower(tenant)] = true
	}
	return set
}

// Admits reports whether the tenant of a signed-in person is still allowed. The
// list can change with a restart.
func (p *Provider) Admits(id ports.Identity) bool { return p.allowsTenant(id.TenantID) }

// allowsTenant reports whether people of the tenant may sign in. With the authority
// organizations, AnyTenant does not include the tenant of personal accounts.
func (p *Provider) allowsTenant(tenant string) bool {
	if p.tenants == nil {
		return p.authority.Kind != authority.KindOrganizations || tenant != authority.ConsumersTenant
	}
	return p.tenants[tenant]
}

// Ready loads the metadata and the keys if necessary and returns nil once both are
// loaded and a sign-in could begin. Every error matches ports.ErrProviderUnavailable.
func (p *Provider) Ready(ctx context.Context) error {
	m, err := p.metadata.get(ctx)
	if err == nil {
		_, err = p.keys.get(ctx)
	}
	if err == nil {
		_, err = p.pushes(m)
	}
	if err != nil && !errors.Is(err, ports.ErrProviderUnavailable) {
		return errors.Join(ports.ErrProviderUnavailable, err)
	}
	return err
}

// CredentialExpiry returns when the credential in use expires: the certificate's
// NotAfter, or the configured date of the secret. It returns false if the
// credential renews itself, or if its expiry is not known.
func (p *Provider) CredentialExpiry() (time.Time, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), p.cfg.Timeout)
	defer cancel()
	return p.credential.Expiry(ctx)
}
