package fakeidp

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Authorize plays the person: it opens an authorization URL, picks an account,
// consents to what is asked, and returns the response to deliver to the
// client. No page is involved. The session that it leaves at the provider
// belongs to no browser; sign-out finds it by its hints.
//
// A refusal that would be redirected comes back as an Answer that carries it;
// one that would be shown on a page comes back as an *Error.
func (p *Provider) Authorize(authorizationURL, username string) (Answer, error) {
	req, answer, err := p.open(authorizationURL)
	if err != nil || answer != nil {
		return deref(answer), err
	}
	account, where, refused := p.choose(req, username)
	if refused != nil {
		return p.refusal(req, refused)
	}
	p.consent(req, account)
	b := &browser{id: p.guid(), driven: true}
	p.mu.Lock()
	p.browsers.put(b.id, b)
	p.mu.Unlock()
	return p.answer(req, p.signIn(b, account, where)), nil
}

// Decline plays a person who opens an authorization URL and cancels.
func (p *Provider) Decline(authorizationURL string) (Answer, error) {
	req, answer, err := p.open(authorizationURL)
	if err != nil || answer != nil {
		return deref(answer), err
	}
	return p.refusal(req, declined())
}

// open reads an authorization URL. The Answer is not nil where the request
// has been refused already.
func (p *Provider) open(authorizationURL string) (authRequest, *Answer, error) {
	u, err := url.Parse(authorizationURL)
	if err != nil {
		return authRequest{}, nil, fmt.Errorf("fakeidp: %w", err)
	}
	path, ok := strings.CutPrefix(authorizationURL, p.base()+"/")
	segment, rest, _ := strings.Cut(path, "/")
	if !ok || !strings.HasPrefix(rest, "oauth2/v2.0/authorize") {
		return authRequest{}, nil, fmt.Errorf("fakeidp: the URL is not of this provider's authorization endpoint")
	}
	r := &http.Request{Method: http.MethodGet, URL: u, Header: make(http.Header)}
	if err := r.ParseForm(); err != nil {
		return authRequest{}, nil, fmt.Errorf("fakeidp: %w", err)
	}
	p.log.add(EndpointAuthorize, r, p.now())
	req, refused := p.readAuthRequest(segment, r.Form)
	if refused == nil {
		if fault, met := p.faults.take(EndpointAuthorize, r); met && fault.Error != nil {
			refused = fault.Error
		}
	}
	if refused != nil {
		a, err := p.refusal(req, refused)
		return req, &a, err
	}
	return req, nil, nil
}

func (p *Provider) refusal(req authRequest, refused *Error) (Answer, error) {
	if req.redirectURI == "" || refused.OnPage {
		return Answer{}, refused
	}
	return p.errorAnswer(req, refused), nil
}

func deref(a *Answer) Answer {
	if a == nil {
		return Answer{}
	}
	return *a
}
