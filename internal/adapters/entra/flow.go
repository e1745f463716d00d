package entra

import (
	"context"
	"errors"
	"slices"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/adapters/entra/idtoken"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// flow has the metadata and the keys of one thing that a person can do at the provider.
// In Azure AD B2C each user flow (a policy) has an authority of its own. Every other
// provider has one flow, the sign-in.
type flow struct {
	authority authority.Authority
	metadata  *cache[metadata]
	keys      *cache[idtoken.KeySet]
}

func (p *Provider) newFlow(configured authority.Authority) *flow {
	f := &flow{authority: configured}
	f.metadata = &cache[metadata]{clock: p.clock, load: func(ctx context.Context, last metadata) (metadata, error) {
		return p.loadMetadata(ctx, configured, last)
	}}
	f.keys = &cache[idtoken.KeySet]{clock: p.clock, load: func(ctx context.Context, _ idtoken.KeySet) (idtoken.KeySet, error) {
		return p.loadKeys(ctx, f)
	}}
	return f
}

// HasFlow implements ports.ProviderFlows.
func (p *Provider) HasFlow(name ports.Flow) bool {
	if name == ports.FlowSignUp {
		m, loaded := p.metadata.peek()
		return loaded && m.beginsWithRegistration()
	}
	return name == ports.FlowSignIn || p.others[name] != nil
}

// beginsWithRegistration reports whether the provider takes prompt=create (Initiating
// User Registration via OpenID Connect 1.0, section 4.2).
func (m metadata) beginsWithRegistration() bool { return slices.Contains(m.prompts, promptCreate) }

const promptCreate = "create"

// errNoFlow means that the caller passed a flow that HasFlow does not report. A browser
// cannot cause it.
var errNoFlow = errors.New("authorization request: the provider has no such flow")

// flowNamed returns the flow with this name, or nil. The registration of an account is a
// part of the sign-in.
func (p *Provider) flowNamed(name ports.Flow) *flow {
	if name == ports.FlowSignIn || name == ports.FlowSignUp {
		return p.flow
	}
	return p.others[name]
}

// identify changes the identity of another flow's token to that of a sign-in. The issuer
// of a B2C token can name the policy, but a subject is the same person in all policies of
// a tenant. identify refuses an issuer of another tenant.
func (p *Provider) identify(ctx context.Context, f *flow, who *ports.Identity) error {
	if f == p.flow {
		return nil
	}
	m, err := p.metadata.get(ctx)
	if err != nil {
		return err
	}
	if authority.TenantOf(string(m.issuer)) != authority.TenantOf(who.Issuer) {
		return providerhttp.Refused("its user flow belongs to another tenant than the sign-in")
	}
	who.Issuer = string(m.issuer)
	return nil
}
