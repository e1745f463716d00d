package entra

import (
	"context"
	"net/http"
	"net/url"
)

// credential proves to the token endpoint that it is the application who asks
// (RFC 6749, section 2.3; OpenID Connect Core 1.0, section 9).
type credential interface {
	// authenticate adds the proof to the form or to the header of one request.
	authenticate(ctx context.Context, m metadata, form url.Values, header http.Header) error
}

// clientSecret is a password of the application.
type clientSecret struct{ id, secret string }

// authenticate sends the secret in the one way that the metadata name. Trying
// both would post a code twice and so burn it.
func (c clientSecret) authenticate(_ context.Context, m metadata, form url.Values, header http.Header) error {
	if m.postSecret {
		form.Set("client_id", c.id)
		form.Set("client_secret", c.secret)
		return nil
	}
	// Both parts are form-encoded first (RFC 6749, section 2.3.1).
	req := http.Request{Header: header}
	req.SetBasicAuth(url.QueryEscape(c.id), url.QueryEscape(c.secret))
	return nil
}
