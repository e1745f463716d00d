package fakeidp

import (
	"net/http"
	"strings"
	"time"
)

// cookieName is an unusual name, because all ports of a host share their cookies
// and the application under test is often on the same host.
const cookieName = "fakeidp_session"

// browser has the provider's sessions in one browser.
type browser struct {
	id        string // fingerprint of the cookie's value
	signedIn  []*signedIn
	simulated bool // made by Authorize, without a cookie
}

// signedIn is one account's session at the provider.
type signedIn struct {
	account  *Account
	place    place
	sid      string
	authTime time.Time
	contexts []string        // authentication contexts that the session satisfies
	clients  map[string]bool // IDs of the clients that take part in the session
}

// browserOf returns the browser that sent r, or nil.
func (p *Provider) browserOf(r *http.Request) *browser {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	b, _ := p.browsers.get(fingerprint(cookie.Value))
	return b
}

// openBrowser gives the browser that sent r a new cookie value and returns it. A
// value that somebody knew before the sign-in is no longer valid.
func (p *Provider) openBrowser(w http.ResponseWriter, r *http.Request) *browser {
	b := p.browserOf(r)
	value := newToken("", entropyLength)
	p.mu.Lock()
	defer p.mu.Unlock()
	fresh := &browser{id: fingerprint(value)}
	if b != nil {
		fresh.signedIn = b.signedIn
		p.browsers.delete(b.id)
	}
	p.browsers.put(fresh.id, fresh)
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(p.baseURL, "https:"),
	})
	return fresh
}

// signIn adds a new sign-in of account to the browser and returns its session. The
// session satisfies the authentication contexts that req asks for, and those that it
// satisfied before.
func (p *Provider) signIn(b *browser, account *Account, where place, req authRequest) *signedIn {
	sid := guid()
	p.mu.Lock()
	defer p.mu.Unlock()
	who := &signedIn{account: account, place: where, sid: sid, authTime: p.now(), contexts: req.idTokenClaims.contexts(), clients: make(map[string]bool)}
	for i, old := range b.signedIn {
		if old.account == account && old.place.TenantID == where.TenantID {
			who.sid, who.clients = old.sid, old.clients
			who.contexts = append(who.contexts, old.contexts...)
			b.signedIn[i] = who
			return who
		}
	}
	b.signedIn = append(b.signedIn, who)
	return who
}

// signedInFor returns the session that fits the request. If several fit, it
// returns nil and true.
func (p *Provider) signedInFor(req authRequest, b *browser) (who *signedIn, several bool) {
	if b == nil {
		return nil, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, candidate := range b.signedIn {
		where, ok := candidate.account.placeIn(req)
		if !ok || where.TenantID != candidate.place.TenantID || req.loginHint != "" && !candidate.account.hinted(req) {
			continue
		}
		if who != nil {
			return nil, true
		}
		who = candidate
	}
	return who, false
}
