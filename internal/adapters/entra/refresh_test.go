package entra_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
)

func refreshOf(in ports.SignedIn) ports.RefreshRequest {
	return ports.RefreshRequest{
		RefreshToken: in.Grant.RefreshToken, Scopes: []string{apiScope},
		Issuer: in.Identity.Issuer, Subject: in.Identity.Subject, Nonce: in.Grant.Nonce,
	}
}

func isRefresh(form url.Values) bool { return form.Get("grant_type") == "refresh_token" }

func TestRefreshRotates(t *testing.T) {
	w := contoso(t)
	req := refreshOf(w.mustSignIn(t, fakeidp.UserMember, apiScope))
	fresh, err := w.provider.Refresh(t.Context(), req)
	require.NoError(t, err)
	assert.NotEqual(t, req.RefreshToken, fresh.RefreshToken)
	assert.Equal(t, []string{apiScope}, fresh.AccessToken.Scopes)
	sent := w.idp.Log(fakeidp.EndpointToken)[1]
	assert.Equal(t, "openid profile offline_access User.Read", sent.Form.Get("scope"))

	_, err = w.provider.Refresh(t.Context(), req)
	require.ErrorIs(t, err, ports.ErrInteractionRequired, "the old one is spent")
}

func TestRefreshKeepsATokenThatWasNotRotated(t *testing.T) {
	w := contoso(t)
	req := refreshOf(w.mustSignIn(t, fakeidp.UserMember, apiScope))
	w.idp.Mutate(func(d *fakeidp.TokenDraft) { delete(d.Response, "refresh_token"); d.OmitIDToken = true })
	fresh, err := w.provider.Refresh(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, req.RefreshToken, fresh.RefreshToken)
}

func TestRefreshRetries(t *testing.T) {
	for name, c := range map[string]struct {
		fault fakeidp.Fault
		posts int
		kind  error
	}{
		"5xx once":     {fakeidp.Fault{Times: 1, Status: 503, Body: "x"}, 2, nil},
		"cut once":     {fakeidp.Fault{Times: 1, Cut: true}, 2, nil},
		"5xx for long": {fakeidp.Fault{Status: 500, Body: "x"}, 2, ports.ErrProviderUnavailable},
		"throttled":    {fakeidp.Fault{Status: 429, RetryAfter: "1", Body: "{}"}, 1, ports.ErrProviderUnavailable},
		"revoked":      {fakeidp.Fault{Error: &fakeidp.Error{Number: 50173}}, 1, ports.ErrInteractionRequired},
		"step-up":      {fakeidp.Fault{Error: &fakeidp.Error{Number: 50076}}, 1, ports.ErrInteractionRequired},
		"wrong secret": {fakeidp.Fault{Error: &fakeidp.Error{Number: 7000222}}, 1, ports.ErrProviderRefused},
	} {
		t.Run(name, func(t *testing.T) {
			var paused []time.Duration
			w := newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, e *entra.Config) {
				e.Pause = func(_ context.Context, d time.Duration) error { paused = append(paused, d); return nil }
			})
			req := refreshOf(w.mustSignIn(t, fakeidp.UserMember, apiScope))
			before := w.idp.Requests(fakeidp.EndpointToken)
			c.fault.Match = isRefresh
			w.idp.Fail(fakeidp.EndpointToken, c.fault)
			_, err := w.provider.Refresh(t.Context(), req)
			if c.kind == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, c.kind)
				assertNothingSecret(t, err)
			}
			assert.Equal(t, c.posts, w.idp.Requests(fakeidp.EndpointToken)-before)
			if c.posts == 2 {
				assert.Equal(t, []time.Duration{time.Second}, paused)
			}
		})
	}
}

// TestRefreshedIDTokenIsVerified runs the bad tokens through a refresh, where
// only the nonce may be missing.
func TestRefreshedIDTokenIsVerified(t *testing.T) {
	w := contoso(t)
	onRefresh := func(change func(*fakeidp.TokenDraft)) func(*fakeidp.TokenDraft) {
		return func(d *fakeidp.TokenDraft) {
			if d.GrantType == "refresh_token" {
				change(d)
			}
		}
	}
	bad := append(badTokens(),
		badToken{"another subject", "its subject is not the expected one", set("sub", "somebody-else")},
		badToken{"another nonce", "its nonce is not", set("nonce", "another")},
	)
	for _, b := range bad {
		if b.name == "no ID token at all" || b.name == "empty" || b.name == "nonce is missing" ||
			b.name == "Nonce in place of nonce" || b.name == "at_hash without an access token" ||
			strings.HasPrefix(b.name, "nonce is a list") {
			continue // no ID token, or no nonce, is what a refresh may come with
		}
		t.Run(b.name, func(t *testing.T) {
			w.idp.Mutate(nil)
			req := refreshOf(w.mustSignIn(t, fakeidp.UserMember, apiScope))
			w.idp.Mutate(onRefresh(b.change))
			fresh, err := w.provider.Refresh(t.Context(), req)
			require.ErrorIs(t, err, ports.ErrTokenRefused)
			assert.ErrorContains(t, err, b.reason)
			assert.Zero(t, fresh)
		})
	}
}
