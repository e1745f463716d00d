package fakeidp

import (
	"net/http"
	"strings"
	"time"
)

// cookieName is unlike other programs' names: cookies of one host are shared
// by all its ports, and an application under test often lives on the next one.
const cookieName = "fakeidp_session"

// browser is the provider's memory of one browser: who is signed in there.
type browser struct {
	id       string // fingerprint of the cookie's value
	signedIn []*signedIn
	driven   bool // by Authorize: there is no cookie
}

// signedIn is one account's session at the provider.
type signedIn struct {
	account  *Account
	place    place
	sid      string
	authTime time.Time
	clients  map[string]bool // IDs of the clients that were signed in to
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

// openBrowser returns the browser that sent r under a new cookie value, so
// that a value somebody knew before the sign-in is worth nothing after it.
func (p *Provider) openBrowser(w http.ResponseWriter, r *http.Request) *browser {
	b := p.browserOf(r)
	value := p.token("", entropyLength)
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

// signIn records that account has just signed in, in one browser.
func (p *Provider) signIn(b *browser, account *Account, where place) *signedIn {
	sid := p.guid()
	p.mu.Lock()
	defer p.mu.Unlock()
	who := &signedIn{account: account, place: where, sid: sid, authTime: p.now(), clients: make(map[string]bool)}
	for i, old := range b.signedIn {
		if old.account == account && old.place.TenantID == where.TenantID {
			who.sid, who.clients = old.sid, old.clients
			b.signedIn[i] = who
			return who
		}
	}
	b.signedIn = append(b.signedIn, who)
	return who
}

// signedInFor returns the only signed-in account that fits the request;
// several says that there is more than one.
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
