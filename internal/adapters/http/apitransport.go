package http

import (
	"context"
	"io"
	"net/http"

	"webapp/internal/domain"
	"webapp/internal/providerhttp"
)

// APIClient returns a client for handlers that call an API as the signed-in
// user. Each request carries the user's access token for scopes, renewed before
// it ends. Its requests must carry the context of the browser's request.
//
// Where only the person can go on (no token to be had without consent, or the
// API asks for a fresh or stronger sign-in), the client's error wraps
// *domain.InteractionRequired. A handler returns it as it is: the edge turns it
// into a sign-in with exactly what is missing, and back to the same page.
func (a *app) APIClient(scopes ...string) *http.Client {
	return &http.Client{
		// No Timeout: it would count the renewal of the token in, and replace
		// the reason why there is none. The transport bounds the API's part.
		Transport: &bearer{base: a.apiTransport, domain: a.Domain, scopes: scopes},
		// A redirect would carry the token to a place nobody configured.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// bearer is a RoundTripper that adds the user's access token (RFC 6750, section
// 2.1) and takes up the API's claims challenges.
type bearer struct {
	base   http.RoundTripper
	domain *domain.Service
	scopes []string
}

// RoundTrip implements http.RoundTripper.
func (b *bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	token, err := b.domain.AccessToken(ctx, b.scopes...)
	if err != nil {
		closeBody(req.Body)
		return nil, &tokenError{err}
	}
	res, err := b.send(req, token)
	if err != nil || res.StatusCode != http.StatusUnauthorized {
		return res, err
	}
	// The API is the judge of its tokens: one that it refused is not offered
	// again, whatever its expiry says.
	if err := b.domain.DropAccessToken(ctx, token); err != nil {
		closeBody(res.Body)
		return nil, &tokenError{err}
	}
	claims, ok := providerhttp.ClaimsChallenge(res.Header.Values("WWW-Authenticate"))
	if !ok {
		return res, nil
	}
	closeBody(res.Body)
	return nil, &tokenError{&domain.InteractionRequired{Scopes: b.scopes, Claims: claims}}
}

// ask sends the request with the token and gives the API apiTimeout from then
// on, until the answer's body has been closed.
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

// tokenError is an error about the user's token and not about the API.
type tokenError struct{ cause error }

// Error tells the cause.
func (e *tokenError) Error() string { return "access token: " + e.cause.Error() }

// Unwrap returns the cause.
func (e *tokenError) Unwrap() error { return e.cause }

func closeBody(body io.Closer) {
	if body != nil {
		_ = body.Close()
	}
}
