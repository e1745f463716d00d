package fakeidp

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// requestURIPrefix begins every request_uri (RFC 9126, section 2.2).
	requestURIPrefix = "urn:ietf:params:oauth:request_uri:"
	requestURILife   = time.Minute
)

// pushedRequest is an authorization request that a client has pushed.
type pushedRequest struct {
	segment string // of the authority
	client  *Client
	params  url.Values
	expires time.Time
}

// servePushed serves the endpoint for pushed authorization requests (RFC 9126,
// section 2). It checks a request as the authorization endpoint does.
func (p *Provider) servePushed(w http.ResponseWriter, r *http.Request) {
	uri, refused := p.push(r)
	if refused != nil {
		p.writeError(w, r, refused)
		return
	}
	writeJSON(w, http.StatusCreated, map[string]any{"request_uri": uri, "expires_in": int(requestURILife.Seconds())})
}

func (p *Provider) push(r *http.Request) (string, *Error) {
	at, refused := p.authority(r.PathValue("tenant"))
	if refused != nil {
		return "", refused
	}
	client, refused := p.authenticate(r, at)
	if refused != nil {
		return "", refused
	}
	params := maps.Clone(r.PostForm)
	for _, name := range []string{"client_secret", "client_assertion", "client_assertion_type"} {
		delete(params, name)
	}
	if _, refused := p.readAuthRequest(at.segment, params); refused != nil {
		return "", refused
	}
	uri := newToken(requestURIPrefix, entropyLength)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pushed.put(fingerprint(uri), &pushedRequest{
		segment: at.segment, client: client, params: params, expires: p.now().Add(requestURILife),
	})
	return uri, nil
}

// openAuthRequest reads an authorization request, from the parameters that the
// client has pushed if the request names them. A request_uri is valid once.
func (p *Provider) openAuthRequest(segment string, form url.Values) (authRequest, *Error) {
	switch {
	case !p.config.PushedRequests, !form.Has("request_uri") && !p.config.RequirePushedRequests:
		return p.readAuthRequest(segment, form)
	case !form.Has("request_uri"):
		return authRequest{raw: form}, newError(9002313, "The authorization request must be pushed (RFC 9126).")
	case len(form) != 2 || len(form["client_id"]) != 1 || len(form["request_uri"]) != 1:
		return authRequest{raw: form}, newError(9002313, "Only 'client_id' and 'request_uri' can stand in a request that was pushed.")
	}
	key := fingerprint(form.Get("request_uri"))
	p.mu.Lock()
	found, ok := p.pushed.get(key)
	ok = ok && strings.EqualFold(found.client.ID, form.Get("client_id")) && found.segment == strings.ToLower(segment)
	if ok {
		p.pushed.delete(key)
	}
	p.mu.Unlock()
	if !ok || found.expires.Before(p.now()) {
		return authRequest{raw: form}, newError(9002313, "The 'request_uri' is unknown, used or expired, or belongs to another client.").withCode("invalid_request_uri")
	}
	return p.readAuthRequest(segment, found.params)
}

// PushedRequest returns the parameters of the pushed request behind an
// authorization URL, which stays valid. For any other URL it returns nil.
func (p *Provider) PushedRequest(authorizationURL string) url.Values {
	u, err := url.Parse(authorizationURL)
	if err != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	found, ok := p.pushed.get(fingerprint(u.Query().Get("request_uri")))
	if !ok {
		return nil
	}
	return maps.Clone(found.params)
}
