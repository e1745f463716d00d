package entra

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"slices"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/adapters/entra/credential"
	"webapp/internal/providerhttp"
)

// revocation has the metadata's values about token revocation (RFC 8414, section 2).
type revocation struct {
	endpoint credential.Endpoint // its URL is empty if the provider has none
	err      error               // why the endpoint cannot be used
}

// readRevocation reads these values. A fault goes into err and does not refuse the
// metadata: sign-ins do not need the endpoint. If the metadata do not list its
// authentication methods, they are those of the token endpoint.
func readRevocation(doc providerhttp.Object, configured authority.Authority, token credential.Endpoint) (read revocation) {
	const endpoint = "revocation_endpoint"
	if !doc.Has(endpoint) {
		return revocation{}
	}
	target, err := readURL(doc, endpoint, configured)
	methods, listed := doc.Texts(endpoint + "_auth_methods_supported")
	algorithms, ok := doc.Texts(endpoint + "_auth_signing_alg_values_supported")
	switch {
	case err != nil:
		return revocation{err: err}
	case !listed || !ok:
		return revocation{err: errors.New("the metadata's methods of client authentication for revocation are not a list of names")}
	}
	read.endpoint = token
	read.endpoint.URL, read.endpoint.Audience = target, token.URL
	if methods != nil {
		read.endpoint.SecretInForm = slices.Contains(methods, "client_secret_post")
		read.endpoint.TakesAssertions = slices.Contains(methods, "private_key_jwt")
	}
	if algorithms != nil {
		read.endpoint.AssertionAlgorithms = algorithms
	}
	return read
}

// RevokesTokens implements ports.TokenRevoker. It returns false until the metadata are
// loaded.
func (p *Provider) RevokesTokens() bool {
	m, ok := p.metadata.peek()
	return ok && m.revocation.endpoint.URL != "" && !p.cfg.RevocationOff
}

// RevokeToken revokes a refresh token (RFC 7009) with the application's own credential.
// It does not repeat the request. A failure is logged, because nobody waits for the
// result.
func (p *Provider) RevokeToken(ctx context.Context, refreshToken string) error {
	err := p.revoke(ctx, refreshToken)
	if err != nil {
		p.log.WarnContext(ctx, "the provider has not revoked a refresh token", slog.Any("err", err))
	}
	return err
}

func (p *Provider) revoke(ctx context.Context, refreshToken string) error {
	m, err := p.metadata.get(ctx)
	if err != nil {
		return err
	}
	endpoint := m.revocation.endpoint
	if endpoint.URL == "" {
		return providerhttp.Unavailable("its metadata name no usable revocation endpoint")
	}
	response, err := p.postForm(ctx, providerhttp.EndpointRevocation, endpoint, url.Values{
		"token": {refreshToken}, "token_type_hint": {"refresh_token"},
	})
	if err != nil {
		return err
	}
	return checkRevoked(response)
}

// checkRevoked returns nil for status 200, whose body has no meaning (RFC 7009, section
// 2.2). A page of HTML comes from a proxy or a firewall in front of the provider.
func checkRevoked(response providerhttp.Response) error {
	if doc, err := providerhttp.ParseObject(response.Body); err == nil && doc.Has("error") {
		return tokenEndpointError(response.Status, doc)
	}
	if response.Status != http.StatusOK {
		return &providerhttp.StatusError{Status: response.Status}
	}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if kind == "text/html" && len(bytes.TrimSpace(response.Body)) > 0 {
		return providerhttp.Unavailable("its response is a page of HTML")
	}
	return nil
}
