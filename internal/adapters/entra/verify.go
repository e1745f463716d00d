package entra

import (
	"context"
	"fmt"

	"webapp/internal/adapters/entra/idtoken"
	"webapp/internal/ports"
)

var _ ports.LogoutTokenVerifier = (*Provider)(nil)

// verifier returns what verifies the tokens of this cause.
func (p *Provider) verifier(m metadata, cause refetchCause) idtoken.Verifier {
	return idtoken.Verifier{
		Authority:    p.authority,
		Issuer:       m.issuer,
		Algorithms:   m.algorithms,
		ClientID:     p.cfg.ClientID,
		AllowsTenant: p.allowsTenant,
		Keys:         p.keysFor(cause),
		Clock:        p.clock,
		Log:          p.log,
	}
}

// VerifyLogoutToken verifies a logout token, but for its single use.
func (p *Provider) VerifyLogoutToken(ctx context.Context, raw string) (ports.LogoutToken, error) {
	if err := idtoken.CheckLogoutForm(raw); err != nil {
		return ports.LogoutToken{}, err
	}
	m, err := p.metadata.get(ctx)
	if err != nil {
		return ports.LogoutToken{}, err
	}
	return p.verifier(m, byLogoutToken).VerifyLogout(ctx, raw)
}

// refuse is the error of an answer that did not pass a check. reason is a
// constant text: what the answer said stays out of it.
func refuse(reason string) error { return fmt.Errorf("%w: %s", ports.ErrTokenRefused, reason) }
