package entra

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"webapp/internal/adapters/entra/idtoken"
	"webapp/internal/providerhttp"
)

// signInRefetches are the pauses before the requests for keys. One sign-in can
// cause one request for each pause. Later requests find a key that was published
// late, or that one replica of the keys endpoint does not list yet.
var signInRefetches = []time.Duration{0, time.Second, 3 * time.Second}

// signingKeys returns the flow's keys. It loads them again only if no key has
// this ID. A bad signature is no reason to load them, and neither is a token
// without a key ID.
func (p *Provider) signingKeys(ctx context.Context, f *flow, keyID string, cause refetchCause) (idtoken.KeySet, error) {
	set, err := f.keys.get(ctx)
	switch {
	case err != nil, keyID == "", set.Knows(keyID):
		return set, err
	case cause == byLogoutToken:
		return f.refetchForLogout(ctx, keyID)
	}
	return p.refetchForSignIn(ctx, f, keyID)
}

// refetchForSignIn loads the keys until one has this ID, at most once for each of
// signInRefetches.
func (p *Provider) refetchForSignIn(ctx context.Context, f *flow, keyID string) (set idtoken.KeySet, err error) {
	for _, wait := range signInRefetches {
		if wait > 0 && p.client.Pause(ctx, wait) != nil {
			break
		}
		set, _, err = f.keys.refetch(ctx, bySignIn)
		if set.Knows(keyID) {
			return set, nil
		}
	}
	if errors.Is(err, errRateLimited) {
		err = nil // another sign-in has just loaded them
	}
	return set, err
}

// refetchForLogout loads the keys once. If the rate limit forbids it, the error
// matches ports.ErrProviderUnavailable: the token may be valid.
func (f *flow) refetchForLogout(ctx context.Context, keyID string) (idtoken.KeySet, error) {
	set, fresh, err := f.keys.refetch(ctx, byLogoutToken)
	if err == nil && !fresh && !set.Knows(keyID) {
		// The request that refetch waited for may be older than the key.
		set, _, err = f.keys.refetch(ctx, byLogoutToken)
	}
	return set, err
}

// loadKeys requests the key set that the flow's metadata name.
func (p *Provider) loadKeys(ctx context.Context, f *flow) (idtoken.KeySet, error) {
	m, err := f.metadata.get(ctx)
	if err != nil {
		return nil, err
	}
	body, err := p.client.Get(providerhttp.WithEndpoint(ctx, providerhttp.EndpointKeys), m.jwks)
	if err != nil {
		err = documentError(err)
		p.log.WarnContext(ctx, `provider keys not loaded; run "webapp doctor" to find out why`, slog.Any("err", err))
		return nil, err
	}
	set, err := idtoken.ParseKeySet(body)
	if err != nil {
		p.log.ErrorContext(ctx, `provider keys refused; run "webapp doctor" to find out why`, slog.Any("err", err))
		return nil, refusedDocument(body, err)
	}
	return set, nil
}
