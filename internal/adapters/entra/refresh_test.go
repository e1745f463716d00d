package entra_test

import (
	"context"
	"errors"
	"net/http"
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
		RefreshToken: in.Tokens.RefreshToken, Scopes: []string{apiScope},
		Issuer: in.Identity.Issuer, Subject: in.Identity.Subject, Nonce: in.Tokens.Nonce,
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

// Invariant 7: a refreshed ID token renews the person's roles and groups.
func TestRefreshBringsRolesAndGroups(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*fakeidp.TokenDraft)
		want   *ports.Memberships
	}{
		"others":      {all(set("roles", []string{"Reader"}), set("groups", []string{groupB})), &ports.Memberships{Roles: []string{"Reader"}, Groups: ports.Groups{IDs: []string{groupB}}}},
		"none":        {all(drop("roles"), drop("groups")), &ports.Memberships{}},
		"too many":    {all(set("roles", []string{"Reader"}), drop("groups"), set("hasgroups", true)), &ports.Memberships{Roles: []string{"Reader"}, Groups: ports.Groups{Overage: true}}},
		"no ID token": {func(d *fakeidp.TokenDraft) { d.OmitIDToken = true }, nil},
	} {
		w := contoso(t)
		req := refreshOf(w.mustSignIn(t, fakeidp.UserAdmin, apiScope))
		w.idp.Mutate(c.change)
		fresh, err := w.provider.Refresh(t.Context(), req)
		require.NoError(t, err)
		if c.want != nil && c.want.Groups.IDs != nil {
			c.want.Groups.AsOf = w.clock.Now()
		}
		assert.Equal(t, c.want, fresh.Memberships, name)
	}
}

// Exactly four numbers in error_codes say that an account is gone, and only at Entra.
func TestAccountsThatAreGone(t *testing.T) {
	body := func(code, codes string) string {
		return `{"error":"` + code + `","error_codes":` + codes + `,"error_description":"AADSTS50057: disabled."}`
	}
	for name, c := range map[string]struct {
		fault fakeidp.Fault
		gone  bool
	}{
		"disabled":          {fakeidp.Fault{Status: 400, Body: body("invalid_grant", "[50057]")}, true},
		"revoked":           {fakeidp.Fault{Status: 400, Body: body("invalid_grant", "[50173]")}, true},
		"deleted":           {fakeidp.Fault{Status: 400, Body: body("invalid_grant", "[50034]")}, true},
		"not assigned":      {fakeidp.Fault{Status: 400, Body: body("invalid_grant", "[50105]")}, true},
		"one of several":    {fakeidp.Fault{Status: 400, Body: body("invalid_grant", "[70000,50173]")}, true},
		"frequency":         {fakeidp.Fault{Status: 400, Body: body("invalid_grant", "[70043]")}, false},
		"expired":           {fakeidp.Fault{Status: 400, Body: body("invalid_grant", "[700082]")}, false},
		"a longer number":   {fakeidp.Fault{Status: 400, Body: body("invalid_grant", "[500571]")}, false},
		"in the text alone": {fakeidp.Fault{Status: 400, Body: `{"error":"invalid_grant","error_description":"AADSTS50057: disabled."}`}, false},
		"as text":           {fakeidp.Fault{Status: 400, Body: body("invalid_grant", `["50057"]`)}, false},
		"no list":           {fakeidp.Fault{Status: 400, Body: body("invalid_grant", "50057")}, false},
		"another code":      {fakeidp.Fault{Status: 400, Body: body("interaction_required", "[50057]")}, false},
		"another status":    {fakeidp.Fault{Status: 401, Body: body("invalid_grant", "[50057]")}, false},
		"bad token":         {fakeidp.Fault{Status: 400, Body: `{"error":"invalid_grant","suberror":"bad_token"}`}, false},
		"bare":              {fakeidp.Fault{Status: 400, Body: `{"error":"invalid_grant"}`}, false},
		"throttled":         {fakeidp.Fault{Status: 429, Body: body("invalid_grant", "[50057]")}, false},
		"in trouble":        {fakeidp.Fault{Status: 503, Body: body("invalid_grant", "[50057]")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c.fault.Match = isRefresh
			for issuer, gone := range map[string]bool{"": c.gone, "self": false} {
				w := newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, e *entra.Config) { e.Issuer = issuer })
				req := refreshOf(w.mustSignIn(t, fakeidp.UserMember, apiScope))
				w.idp.Fail(fakeidp.EndpointToken, c.fault)
				_, err := w.provider.Refresh(t.Context(), req)
				require.Error(t, err)
				assert.Equal(t, gone, errors.Is(err, ports.ErrAccountGone), "issuer %q: %v", issuer, err)
				if gone {
					require.ErrorIs(t, err, ports.ErrInteractionRequired)
				}
			}
		})
	}
}

func TestRefreshRetries(t *testing.T) {
	at := newClock().Now().Add(7 * time.Second).Format(http.TimeFormat)
	for name, c := range map[string]struct {
		fault  fakeidp.Fault
		paused time.Duration // 0: it is not repeated
		kind   error
	}{
		"5xx once":            {fakeidp.Fault{Times: 1, Status: 503, Body: "x"}, time.Second, nil},
		"5xx once, with JSON": {fakeidp.Fault{Times: 1, Status: 500, Error: &fakeidp.Error{Number: 90033}}, time.Second, nil},
		"5xx and a wait":      {fakeidp.Fault{Times: 1, Status: 503, RetryAfter: "3", Body: "x"}, 3 * time.Second, nil},
		"cut once":            {fakeidp.Fault{Times: 1, Cut: true}, time.Second, nil},
		"5xx for long":        {fakeidp.Fault{Status: 500, Body: "x"}, time.Second, ports.ErrProviderUnavailable},
		"throttled once":      {fakeidp.Fault{Times: 1, Status: 429, RetryAfter: "5", Body: "{}"}, 5 * time.Second, nil},
		"throttled to a time": {fakeidp.Fault{Times: 1, Status: 429, RetryAfter: at, Body: "{}"}, 7 * time.Second, nil},
		"throttled, with an error": {fakeidp.Fault{Times: 1, Status: 429, RetryAfter: "2",
			Error: &fakeidp.Error{Number: 90055}}, 2 * time.Second, nil},
		"throttled on":          {fakeidp.Fault{Status: 429, RetryAfter: "1", Body: "{}"}, time.Second, ports.ErrProviderUnavailable},
		"throttled for long":    {fakeidp.Fault{Status: 429, RetryAfter: "60", Body: "{}"}, 0, ports.ErrProviderUnavailable},
		"throttled for ages":    {fakeidp.Fault{Status: 429, RetryAfter: "99999999999999999999", Body: "{}"}, 0, ports.ErrProviderUnavailable},
		"a portal with 200":     {fakeidp.Fault{Status: 200, Body: "<html>", ContentType: "text/html"}, 0, ports.ErrProviderUnavailable},
		"throttled, no wait":    {fakeidp.Fault{Status: 429, Body: "{}"}, 0, ports.ErrProviderUnavailable},
		"a wait after a 400":    {fakeidp.Fault{Status: 400, RetryAfter: "1", Error: &fakeidp.Error{Number: 70008}}, 0, ports.ErrInteractionRequired},
		"revoked":               {fakeidp.Fault{Error: &fakeidp.Error{Number: 50173}}, 0, ports.ErrInteractionRequired},
		"bad, said otherwise":   {fakeidp.Fault{Error: &fakeidp.Error{Number: 9002313, Suberror: "bad_token"}}, 0, ports.ErrInteractionRequired},
		"ended, said otherwise": {fakeidp.Fault{Error: &fakeidp.Error{Number: 9002313, Suberror: "token_expired"}}, 0, ports.ErrInteractionRequired},
		"another suberror":      {fakeidp.Fault{Error: &fakeidp.Error{Number: 9002313, Suberror: "basic_action"}}, 0, ports.ErrProviderRefused},
		"step-up":               {fakeidp.Fault{Error: &fakeidp.Error{Number: 50076}}, 0, ports.ErrInteractionRequired},
		"wrong secret":          {fakeidp.Fault{Error: &fakeidp.Error{Number: 7000222}}, 0, ports.ErrProviderRefused},
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
			posts := w.idp.Requests(fakeidp.EndpointToken) - before
			if c.paused == 0 {
				assert.Equal(t, 1, posts)
				assert.Empty(t, paused)
			} else {
				assert.Equal(t, 2, posts)
				assert.Equal(t, []time.Duration{c.paused}, paused)
			}
		})
	}
}

// TestRefreshDoesNotWaitPastTheCaller uses the real clock.
func TestRefreshDoesNotWaitPastTheCaller(t *testing.T) {
	w := newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, e *entra.Config) { e.Pause = nil })
	req := refreshOf(w.mustSignIn(t, fakeidp.UserMember, apiScope))
	w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Status: 429, RetryAfter: "8", Body: "{}"})
	ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
	defer cancel()
	began := time.Now()
	_, err := w.provider.Refresh(ctx, req)
	require.ErrorIs(t, err, ports.ErrProviderUnavailable)
	assert.Less(t, time.Since(began), 5*time.Second)
}

func TestRefreshErrorsKeepTheirClaims(t *testing.T) {
	const claims = `{"access_token":{"polids":{"essential":true,"values":["0d6c"]}}}`
	w := contoso(t)
	for _, code := range []string{"interaction_required", "invalid_grant", "invalid_request"} {
		req := refreshOf(w.mustSignIn(t, fakeidp.UserMember, apiScope))
		w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Times: 1, Match: isRefresh, Error: &fakeidp.Error{
			Number: 50076, Code: code, Suberror: "bad_token", Claims: claims,
		}})
		_, err := w.provider.Refresh(t.Context(), req)
		require.ErrorIs(t, err, ports.ErrInteractionRequired, code)
		e, ok := errors.AsType[*ports.ProviderError](err)
		require.True(t, ok)
		assert.JSONEq(t, claims, e.Claims)
	}
}

// TestRefreshedIDTokenIsVerified sends the bad tokens in the response to a refresh.
// Only the nonce may be missing.
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
		badToken{name: "another subject", reason: "its subject is not the expected one", change: set("sub", "somebody-else")},
		badToken{name: "another nonce", reason: "its nonce is not", change: set("nonce", "another")},
	)
	for _, b := range bad {
		if b.name == "no ID token at all" || b.name == "empty" || b.name == "nonce is missing" || b.name == "nonce is null" ||
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
