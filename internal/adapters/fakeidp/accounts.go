package fakeidp

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// place is an account's membership in the tenant that it signs in to.
type place struct {
	Membership
	guest bool
	home  string // GUID of the home tenant
}

// choose returns the account that the person picked and its place in the tenant,
// or the error that the sign-in ends with.
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
	lacking := p.lackingConsent(req.client, account, where.TenantID, req.scopes)
	if slices.ContainsFunc(lacking, func(scope string) bool { return slices.Contains(req.client.NeedsAdminConsent, scope) }) {
		return nil, place{}, newError(90094, "The grant requires administrator permission.")
	}
	return account, where, nil
}

// account returns the account with this username, or nil.
func (p *Provider) account(username string) *Account {
	for i := range p.config.Accounts {
		if strings.EqualFold(p.config.Accounts[i].Username, username) {
			return &p.config.Accounts[i]
		}
	}
	return nil
}

// placeIn returns the account's place in the authority's tenant, or in its home
// tenant if the authority is for several tenants. It returns false if the account
// cannot sign in there.
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

// eligible returns the accounts that can sign in, the account of login_hint first.
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

// hinted reports whether the request's login_hint is this account's username or
// the value of its claim login_hint.
func (a *Account) hinted(req authRequest) bool {
	return req.loginHint != "" && (strings.EqualFold(req.loginHint, a.Username) || req.loginHint == a.opaqueHint())
}

// clientInfo returns the parameter client_info, by which Microsoft's libraries name
// an account in their caches.
func (a *Account) clientInfo() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"uid":%q,"utid":%q}`, a.Home.ObjectID, a.Home.TenantID))
}

// opaqueHint returns the claim login_hint. Only this provider can find the account
// for it.
func (a *Account) opaqueHint() string {
	return "O." + fingerprint("hint\x00"+a.Home.TenantID+"\x00"+a.Home.ObjectID)
}
