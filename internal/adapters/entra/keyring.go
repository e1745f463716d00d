package entra

import (
	"context"
	"log/slog"
)

// loadKeys fetches the key set that the metadata name.
func (p *Provider) loadKeys(ctx context.Context, _ keySet) (keySet, error) {
	m, err := p.metadata.get(ctx)
	if err != nil {
		return nil, err
	}
	body, err := p.client.get(asking(ctx, endpointKeys), m.jwks)
	if err != nil {
		p.log.WarnContext(ctx, "provider keys not loaded", slog.Any("err", err))
		return nil, err
	}
	set, err := parseKeySet(body)
	if err != nil {
		p.log.ErrorContext(ctx, "provider keys refused", slog.Any("err", err))
		return nil, unavailable(err.Error())
	}
	return set, nil
}

// findKeys returns the keys that may have signed a token with this header. A
// key ID that nobody has heard of is a reason to fetch the keys again, since
// the provider may just have rotated them; a known one never is, whatever the
// signature is like, and neither is a token without any.
func (p *Provider) findKeys(ctx context.Context, h header, kind jwtKind) ([]signingKey, error) {
	set, err := p.keys.get(ctx)
	if err != nil {
		return nil, err
	}
	// Twice, because the first may only have joined a load that had begun
	// before the rotation.
	for range 2 {
		if h.keyID == "" || set.knows(h.keyID) {
			break
		}
		if set, err = p.keys.force(ctx, kind.asker()); err != nil {
			return nil, err
		}
	}
	found := set.candidates(h.keyID, h.alg)
	if len(found) == 0 {
		return nil, refuse("no key of the provider fits its signature")
	}
	return found, nil
}
