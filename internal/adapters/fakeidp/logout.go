package fakeidp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// serveLogout serves the end-session endpoint (OpenID Connect RP-Initiated Logout
// 1.0, section 2). It ends the person's sessions at the provider, notifies the
// clients by front-channel logout and sends the browser back.
func (p *Provider) serveLogout(w http.ResponseWriter, r *http.Request) {
	if _, refused := p.authority(r.PathValue("tenant")); refused != nil {
		p.showError(w, r, refused, http.StatusBadRequest)
		return
	}
	sid, audience := p.readHint(r.Form.Get("id_token_hint"))
	ended := p.endSessions(p.browserOf(r), logoutHint{sid: sid, login: r.Form.Get("logout_hint")})
	frames := p.frontChannel(ended)
	back := p.afterLogout(r.Form, audience)
	switch {
	case back == "" || len(frames) > 0:
		p.showSignedOut(w, frames, back)
	default:
		w.Header().Set("Location", back)
		w.WriteHeader(http.StatusSeeOther)
	}
}

// logoutHint selects the sessions to end. Empty, it selects all.
type logoutHint struct{ sid, login string }

func (h logoutHint) selects(s *signedIn) bool {
	switch {
	case h.login != "":
		return h.login == s.account.opaqueHint()
	case h.sid != "":
		return h.sid == s.sid
	}
	return true
}

// endSessions ends the sessions in b that the hint selects, and returns them.
// Without a browser it ends sessions that Authorize has started, if the hint is
// not empty.
func (p *Provider) endSessions(b *browser, hint logoutHint) []*signedIn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b != nil {
		return b.end(hint.selects)
	}
	if hint == (logoutHint{}) {
		return nil
	}
	var ended []*signedIn
	p.browsers.each(func(b *browser) bool {
		if b.simulated {
			ended = append(ended, b.end(hint.selects)...)
		}
		return true
	})
	return ended
}

// end removes the selected sessions and returns them. The caller holds mu.
func (b *browser) end(selected func(*signedIn) bool) []*signedIn {
	var ended, left []*signedIn
	for _, s := range b.signedIn {
		if selected(s) {
			ended = append(ended, s)
		} else {
			left = append(left, s)
		}
	}
	b.signedIn = left
	return ended
}

// frontChannel returns the front-channel logout URLs of the ended sessions
// (OpenID Connect Front-Channel Logout 1.0, section 3).
func (p *Provider) frontChannel(ended []*signedIn) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var urls []string
	for _, s := range ended {
		for id := range s.clients {
			client := p.clients[strings.ToLower(id)]
			if client == nil || client.FrontChannelLogoutURI == "" {
				continue
			}
			u, err := url.Parse(client.FrontChannelLogoutURI)
			if err != nil {
				continue
			}
			query := u.Query()
			query.Set("sid", s.sid)
			if client.FrontChannelIssuer {
				query.Set("iss", p.baseURL+"/"+s.place.TenantID+"/v2.0")
			}
			u.RawQuery = query.Encode()
			urls = append(urls, u.String())
		}
	}
	return urls
}

// afterLogout returns post_logout_redirect_uri if a client has registered it,
// otherwise "".
func (p *Provider) afterLogout(form url.Values, audience string) string {
	uri := form.Get("post_logout_redirect_uri")
	if uri == "" {
		return ""
	}
	allowed := false
	p.mu.Lock()
	named := form.Get("client_id")
	for _, client := range p.clients {
		if (named == "" || strings.EqualFold(named, client.ID)) && (audience == "" || audience == client.ID) && client.returnsTo(uri) {
			allowed = true
		}
	}
	p.mu.Unlock()
	u, err := url.Parse(uri)
	if !allowed || err != nil {
		return ""
	}
	if state := form.Get("state"); state != "" {
		query := u.Query()
		query.Set("state", state)
		u.RawQuery = query.Encode()
	}
	return u.String()
}

// SignOut ends all sessions of an account, as if the person had signed out in
// another application. It returns the front-channel logout URLs that a browser
// would load, and does not load them.
func (p *Provider) SignOut(username string) []string {
	p.mu.Lock()
	var ended []*signedIn
	account := p.account(username)
	p.browsers.each(func(b *browser) bool {
		ended = append(ended, b.end(func(s *signedIn) bool { return s.account == account })...)
		return true
	})
	p.mu.Unlock()
	return p.frontChannel(ended)
}

// readHint returns sid and aud of an id_token_hint. It accepts expired tokens and
// retired keys. For an invalid token it returns nothing.
func (p *Provider) readHint(hint string) (sid, audience string) {
	if hint == "" {
		return "", ""
	}
	token, err := jwt.ParseSigned(hint, []jose.SignatureAlgorithm{jose.RS256, jose.PS256})
	if err != nil {
		return "", ""
	}
	var claims struct {
		Audience jwt.Audience `json:"aud"`
		SID      string       `json:"sid"`
	}
	known := slices.ContainsFunc(p.keys.known(), func(key *signingKey) bool {
		return token.Claims(&key.private.PublicKey, &claims) == nil
	})
	if !known || len(claims.Audience) != 1 {
		return "", ""
	}
	return claims.SID, claims.Audience[0]
}
