package fakeidp

import (
	"cmp"
	"slices"
	"strings"
)

// place is an account's position in the tenant it signs in to.
type place struct {
	Membership
	guest bool
	home  string // GUID of the home tenant
}

// choose finds the account that a person picked and its place in the tenant,
// or the reason why it cannot sign in.
func (p *Provider) choose(req authRequest, username string) (*Account, place, *Error) {
	account := p.account(username)
	if account == nil {
		return nil, place{}, newError(50034, "The user account %s does not exist in the directory '%s'.", "{EmailHidden}", req.at.segment).onPage()
	}
	where, ok := account.placeIn(req)
	if !ok {
		return nil, place{}, newError(50020, "User account '{EmailHidden}' from identity provider '%s' does not exist in tenant '%s' and cannot access the application '%s' in that tenant. The account needs to be added as an external user in the tenant first.",
			p.issuer(account.Home.TenantID), req.at.segment, req.client.ID).onPage()
	}
	if account.Refuse != nil {
		return nil, place{}, account.Refuse
	}
	return account, where, nil
}

// account finds an account by username, or nil.
func (p *Provider) account(username string) *Account {
	for i := range p.config.Accounts {
		if strings.EqualFold(p.config.Accounts[i].Username, username) {
			return &p.config.Accounts[i]
		}
	}
	return nil
}

// placeIn returns where the account signs in: the authority's tenant, or its
// own tenant where the authority is none in particular.
func (a *Account) placeIn(req authRequest) (place, bool) {
	if req.at.accepts(a.Home.TenantID) {
		return place{Membership: a.Home, home: a.Home.TenantID}, true
	}
	i := slices.IndexFunc(a.Guest, func(m Membership) bool { return req.at.tenant != nil && m.TenantID == req.at.tenant.ID })
	if i < 0 {
		return place{}, false
	}
	return place{Membership: a.Guest[i], guest: true, home: a.Home.TenantID}, true
}

// eligible lists the accounts to offer for a request, a hinted one first.
func (p *Provider) eligible(req authRequest) []*Account {
	var found []*Account
	for i := range p.config.Accounts {
		account := &p.config.Accounts[i]
		if _, ok := account.placeIn(req); ok {
			found = append(found, account)
		}
	}
	slices.SortStableFunc(found, func(a, b *Account) int {
		return cmp.Compare(hintRank(a, req), hintRank(b, req))
	})
	return found
}

func hintRank(a *Account, req authRequest) int {
	if a.hinted(req) {
		return 0
	}
	return 1
}

// hinted says whether the request's login_hint means this account: its
// username, or the opaque value of the claim login_hint.
func (a *Account) hinted(req authRequest) bool {
	return req.loginHint != "" && (strings.EqualFold(req.loginHint, a.Username) || req.loginHint == a.opaqueHint())
}

// opaqueHint is the claim login_hint: it names the account to this provider
// and tells nobody else who that is.
func (a *Account) opaqueHint() string {
	return "O." + fingerprint("hint\x00"+a.Home.TenantID+"\x00"+a.Home.ObjectID)
}
