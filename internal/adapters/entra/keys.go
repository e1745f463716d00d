package entra

import (
	"context"
	"errors"
	"log/slog"
	"time"

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
		err = documentError(err)
		p.log.WarnContext(ctx, `provider keys not loaded; run "webapp doctor" to find out why`, slog.Any("err", err))
		return nil, err
	}
	set, err := idtoken.ParseKeySet(body)
	if err != nil {
		p.log.ErrorContext(ctx, `provider keys refused; run "webapp doctor" to find out why`, slog.Any("err", err))
		return nil, unfitDocument(body, err)
	}
	return set, nil
}

// signInRefetches are the pauses before each load of the keys that a sign-in may
// cause: one at once, the others for a key that is published late or that one
// replica of the keys endpoint does not list yet.
var signInRefetches = []time.Duration{0, time.Second, 3 * time.Second}

// keysFor returns the source of keys for the tokens of this cause. Only a key ID
// that is in no key is a reason to load the keys again. A known one never is,
// whatever the signature is like, and neither is a token without a key ID.
func (p *Provider) keysFor(cause refetchCause) func(context.Context, string) (idtoken.KeySet, error) {
	return func(ctx context.Context, keyID string) (idtoken.KeySet, error) {
		set, err := p.keys.get(ctx)
		switch {
		case err != nil, keyID == "", set.Knows(keyID):
			return set, err
		case cause == byLogoutToken:
			return p.refetchForLogout(ctx, keyID)
		}
		return p.refetchForSignIn(ctx, keyID)
	}
}

func (p *Provider) refetchForSignIn(ctx context.Context, keyID string) (set idtoken.KeySet, err error) {
	for _, wait := range signInRefetches {
		if wait > 0 && p.client.Pause(ctx, wait) != nil {
			break
		}
		set, _, err = p.keys.force(ctx, bySignIn)
		if set.Knows(keyID) {
			return set, nil
		}
	}
	if errors.Is(err, errWithheld) {
		err = nil // another sign-in has just looked
	}
	return set, err
}

// refetchForLogout loads the keys at most once. Its error is
// ports.ErrProviderUnavailable where they may not be loaded now: the token
// cannot be judged before they are.
func (p *Provider) refetchForLogout(ctx context.Context, keyID string) (idtoken.KeySet, error) {
	set, fresh, err := p.keys.force(ctx, byLogoutToken)
	if err == nil && !fresh && !set.Knows(keyID) {
		// That load may have begun before the key was published.
		set, _, err = p.keys.force(ctx, byLogoutToken)
	}
	return set, err
}
