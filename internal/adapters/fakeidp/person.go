package fakeidp

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Authorize acts as a person who opens an authorization URL, picks an account and
// consents. It returns the response that the browser would take to the client. It
// leaves a session at the provider that belongs to no browser; the end-session
// endpoint finds it by id_token_hint or logout_hint.
//
// If the provider would redirect an error to the client, Authorize returns that
// response. If the provider would show an error page, Authorize returns an *Error.
func (p *Provider) Authorize(authorizationURL, username string) (AuthResponse, error) {
	req, refused, err := p.open(authorizationURL)
	if err != nil {
		return AuthResponse{}, err
	}
	if refused != nil {
		return p.refusal(req, refused)
	}
	account, where, refused := p.choose(req, username)
	if refused != nil {
		return p.refusal(req, refused)
	}
	p.consent(req, account)
	b := &browser{id: guid(), simulated: true}
	p.mu.Lock()
	p.browsers.put(b.id, b)
	p.mu.Unlock()
	return p.authResponse(req, p.signIn(b, account, where, req)), nil
}

// Decline acts as a person who opens an authorization URL and cancels.
func (p *Provider) Decline(authorizationURL string) (AuthResponse, error) {
	req, refused, err := p.open(authorizationURL)
	if err != nil {
		return AuthResponse{}, err
	}
	if refused == nil {
		refused = cancelled(req.at)
	}
	return p.refusal(req, refused)
}

// open reads an authorization URL. It returns an *Error if the provider refuses
// the request, and an error if the URL is not one of this provider.
func (p *Provider) open(authorizationURL string) (authRequest, *Error, error) {
	u, err := url.Parse(authorizationURL)
	if err != nil {
		return authRequest{}, nil, fmt.Errorf("fakeidp: %w", err)
	}
	path, ok := strings.CutPrefix(authorizationURL, p.base()+"/")
	segment, rest, found := strings.Cut(path, "/oauth2/v2.0/authorize")
	if !ok || !found || rest != "" && rest[0] != '?' {
		return authRequest{}, nil, errors.New("fakeidp: this is not a URL of the provider's authorization endpoint")
	}
	r := &http.Request{Method: http.MethodGet, URL: u, Header: make(http.Header)}
	if err := r.ParseForm(); err != nil {
		return authRequest{}, nil, fmt.Errorf("fakeidp: %w", err)
	}
	p.log.add(EndpointAuthorize, r, p.now())
	req, refused := p.openAuthRequest(segment, r.Form)
	if refused == nil {
		if fault, met := p.faults.take(EndpointAuthorize, r); met && fault.Error != nil {
			refused = fault.Error
		}
	}
	return req, refused, nil
}

func (p *Provider) refusal(req authRequest, refused *Error) (AuthResponse, error) {
	if req.redirectURI == "" || refused.OnPage {
		return AuthResponse{}, refused
	}
	return p.errorResponse(req, refused), nil
}
