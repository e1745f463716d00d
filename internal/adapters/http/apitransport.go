package http

import (
	"context"
	"net/http"
	"time"

	"webapp/internal/domain"
	"webapp/internal/providerhttp"
)

// apiTimeout limits the time of a request to an API, its body included.
const apiTimeout = 10 * time.Second

// APIClient returns a client for handlers that call an API as the signed-in user.
// Each request carries the user's access token for scopes, refreshed before it
// expires. Requests must use the context of the browser's request.
//
// The client's error wraps *domain.InteractionRequired if the user has to sign in
// again, for consent or because the API requires a fresh or stronger sign-in. A
// handler returns that error unchanged. signedIn then starts the sign-in, which
// returns to the same page.
func (a *app) APIClient(scopes ...string) *http.Client {
	return &http.Client{
		// Timeout is not set, because it would include the token refresh and
		// hide its error. bearer limits the time of the API request.
		Transport: &bearer{base: a.apiTransport, domain: a.Domain, scopes: scopes},
		// A redirect would send the token to another address.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// bearer is a RoundTripper that adds the user's access token (RFC 6750, section
// 2.1) and turns an API's claims challenge into *domain.InteractionRequired.
type bearer struct {
	base   http.RoundTripper
	domain *domain.Service
	scopes []string
}

func (b *bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	token, err := b.domain.AccessToken(ctx, b.scopes...)
	if err != nil {
		providerhttp.CloseBody(req.Body)
		return nil, &tokenError{err}
	}
	res, err := b.send(req, token)
	if err != nil || res.StatusCode != http.StatusUnauthorized {
		return res, err
	}
	// A token that the API refused is not used again, even before it expires.
	if err := b.domain.DropAccessToken(ctx, token); err != nil {
		_ = res.Body.Close()
		return nil, &tokenError{err}
	}
	challenge, ok := providerhttp.ReadChallenge(res.Header.Values("WWW-Authenticate"))
	if !ok {
		return res, nil
	}
	_ = res.Body.Close()
	return nil, &tokenError{&domain.InteractionRequired{
		Scopes: b.scopes, Claims: challenge.Claims, MaxAge: challenge.MaxAge, ACRValues: challenge.ACRValues,
	}}
}

// send sends the request with the token. apiTimeout limits the time until the
// response's body is closed.
func (b *bearer) send(req *http.Request, token string) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), apiTimeout)
	out := req.Clone(ctx)
	out.Header.Set("Authorization", "Bearer "+token)
	res, err := b.base.RoundTrip(out)
	if err != nil {
		cancel()
		return nil, err
	}
	res.Body = providerhttp.OnClose(res.Body, cancel)
	return res, nil
}

// tokenError is an error of the user's token, not of the API.
type tokenError struct{ cause error }

func (e *tokenError) Error() string { return "access token: " + e.cause.Error() }

// Unwrap returns the cause.
func (e *tokenError) Unwrap() error { return e.cause }
