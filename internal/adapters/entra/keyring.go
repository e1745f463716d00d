package entra

import (
	"context"
	"log/slog"

	"webapp/internal/adapters/entra/idtoken"
	"webapp/internal/providerhttp"
)

// loadKeys fetches the key set that the metadata name.
func (p *Provider) loadKeys(ctx context.Context, _ idtoken.KeySet) (idtoken.KeySet, error) {
	m, err := p.metadata.get(ctx)
	if err != nil {
		return nil, err
	}
	body, err := p.client.Get(providerhttp.WithEndpoint(ctx, providerhttp.EndpointKeys), m.jwks)
	if err != nil {
		p.log.WarnContext(ctx, "provider keys not loaded", slog.Any("err", err))
		return nil, err
	}
	set, err := idtoken.ParseKeySet(body)
	if err != nil {
		p.log.ErrorContext(ctx, "provider keys refused", slog.Any("err", err))
		return nil, providerhttp.Unavailable(err.Error())
	}
	return set, nil
}

// keysFor returns the source of keys for the tokens that this asker brings. A
// key ID that nobody has heard of is a reason to fetch the keys again, since the
// provider may just have rotated them; a known one never is, whatever the
// signature is like, and neither is a token without any.
func (p *Provider) keysFor(who asker) func(context.Context, string) (idtoken.KeySet, error) {
	return func(ctx context.Context, keyID string) (idtoken.KeySet, error) {
		set, err := p.keys.get(ctx)
		// Twice, because the first may only have joined a load that had begun
		// before the rotation.
		for range 2 {
			if err != nil || keyID == "" || set.Knows(keyID) {
				break
			}
			set, err = p.keys.force(ctx, who)
		}
		return set, err
	}
}
