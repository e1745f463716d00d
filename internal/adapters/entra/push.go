package entra

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// maxRequestURIBytes bounds a request_uri. RFC 9101, section 5.2, advises at most 512.
const maxRequestURIBytes = 2048

// pushedRequests has the metadata's values about pushed authorization requests (RFC
// 9126, section 5).
type pushedRequests struct {
	endpoint string // empty if the provider has none
	required bool
	err      error // why the endpoint cannot be used
}

// readPushedRequests reads these values. A fault goes into err and does not refuse the
// metadata: only new sign-ins need the endpoint, and the configuration can turn pushing
// off.
func readPushedRequests(doc providerhttp.Object, configured authority.Authority) (read pushedRequests) {
	const endpoint, required = "pushed_authorization_request_endpoint", "require_pushed_authorization_requests"
	var ok bool
	if read.required, ok = doc.Flag(required); !ok {
		read.err = errors.New("the metadata's " + required + " is not a boolean")
	} else if doc.Has(endpoint) || read.required {
		read.endpoint, read.err = readURL(doc, endpoint, configured)
	}
	return read
}

// errPushingIsOff means that the provider accepts only requests that the configuration
// forbids to send.
var errPushingIsOff = errors.New("it requires pushed authorization requests (RFC 9126), and PUSHED_AUTHORIZATION_REQUESTS is off")

// pushes reports whether authorization requests are pushed. An error means that no
// sign-in can begin, and matches ports.ErrProviderSetup.
func (p *Provider) pushes(m metadata) (bool, error) {
	wrong := m.pushed.err
	if p.cfg.PushedRequestsOff {
		if wrong = nil; m.pushed.required {
			wrong = errPushingIsOff
		}
	}
	if wrong != nil {
		return false, providerhttp.Tagged(providerhttp.Unavailable(wrong.Error()), ports.ErrProviderSetup)
	}
	return m.pushed.endpoint != "" && !p.cfg.PushedRequestsOff, nil
}

// PushesRequests implements ports.RequestPusher.
func (p *Provider) PushesRequests() bool {
	m, ok := p.metadata.peek()
	if !ok {
		return !p.cfg.PushedRequestsOff
	}
	pushes, _ := p.pushes(m)
	return pushes
}

// push sends an authorization request to the provider with the application's
// credential, once, and returns the parameters of the URL for the browser: client_id and
// request_uri (RFC 9126, sections 2 and 4). It does not read expires_in, because the
// browser opens the URL at once.
func (p *Provider) push(ctx context.Context, m metadata, request url.Values) (url.Values, error) {
	endpoint := m.token
	endpoint.URL, endpoint.Audience = m.pushed.endpoint, m.token.URL
	if !p.authority.Entra() {
		endpoint.Audience = string(m.issuer) // RFC 9126, section 2
	}
	response, err := p.postForm(ctx, providerhttp.EndpointPushed, endpoint, request)
	if err != nil {
		return nil, err
	}
	uri, err := readRequestURI(response)
	if err != nil {
		return nil, err
	}
	return url.Values{"client_id": {p.cfg.ClientID}, "request_uri": {uri}}, nil
}

// readRequestURI returns request_uri from the response of the endpoint. Some providers
// respond with status 200 instead of 201.
func readRequestURI(response providerhttp.Response) (string, error) {
	doc, err := providerhttp.ParseObject(response.Body)
	uri, isText := doc.Text("request_uri")
	switch {
	case err == nil && doc.Has("error"):
		return "", tokenEndpointError(response.Status, doc)
	case response.Status != http.StatusCreated && response.Status != http.StatusOK:
		return "", &providerhttp.StatusError{Status: response.Status}
	case err != nil:
		return "", providerhttp.Unavailable("its response is not a JSON object without duplicates")
	case !isText || uri == "":
		return "", providerhttp.Unavailable("its response has no request_uri")
	case len(uri) > maxRequestURIBytes || providerhttp.HasControl(uri):
		return "", providerhttp.Unavailable("its request_uri is too long or has control characters")
	}
	return uri, nil
}

// authorizationURL returns the URL that the browser opens at the provider. It has all
// parameters of the request, or request_uri after a push. If the push fails, the sign-in
// fails: an attacker must not be able to force a request that is not pushed.
func (p *Provider) authorizationURL(ctx context.Context, m metadata, request url.Values) (string, error) {
	pushes, err := p.pushes(m)
	if err != nil {
		return "", err
	}
	if pushes {
		if request, err = p.push(ctx, m, request); err != nil {
			return "", fmt.Errorf("pushed authorization request: %w", err)
		}
	}
	return addQuery(m.authorization, request), nil
}
