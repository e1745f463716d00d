package standalone

import (
	"crypto/x509"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/fakeidp/clientauth"
	"webapp/internal/secretfile"
)

// maxConfig is the largest configuration file, in bytes.
const maxConfig = 1 << 20

// readConfig reads the configuration file. Each list of the file replaces the
// default one. The error names the file and all problems in it.
func readConfig(path string) (fakeidp.Config, error) {
	var f configFile
	if path == "" {
		f.addDefaults()
		return f.config, nil
	}
	data, err := secretfile.Read(path, maxConfig)
	var text string
	if err == nil {
		text, err = secretfile.Text(data)
	}
	if err != nil {
		return f.config, fmt.Errorf("the file of -config, %s, %w", path, err)
	}
	f.dir = filepath.Dir(path)
	f.document([]byte(text), f.read)
	if len(f.problems) > 0 {
		return f.config, errors.New("the file of -config, " + path + ", cannot be used:\n    " + strings.Join(f.problems, "\n    "))
	}
	return f.config, nil
}

// configFile reads the configuration file into config.
type configFile struct {
	strictReader
	dir    string // of the file
	config fakeidp.Config
}

func (f *configFile) read(place string, value any) {
	c := &f.config
	f.object(place, value, map[string]reading{
		"tenants":  list(&f.strictReader, &c.Tenants, f.tenant),
		"accounts": list(&f.strictReader, &c.Accounts, f.account),
		"clients":  list(&f.strictReader, &c.Clients, f.client),
	})
	for name, empty := range map[string]bool{"tenants": c.Tenants != nil && len(c.Tenants) == 0, "clients": c.Clients != nil && len(c.Clients) == 0} {
		if empty {
			f.add(name, "is empty: list at least one, or leave it out for the default")
		}
	}
	own := c.Accounts != nil
	f.addDefaults()
	f.checkTenants()
	f.checkAccounts(own)
	f.checkClients()
}

// addDefaults adds the lists that the file does not have.
func (f *configFile) addDefaults() {
	c := &f.config
	if c.Tenants == nil {
		c.Tenants = fakeidp.DefaultTenants()
	}
	if c.Accounts == nil {
		c.Accounts = fakeidp.DefaultAccounts()
	}
	if c.Clients == nil {
		client := fakeidp.DefaultClient()
		client.RedirectURIs, client.AnyLocalhost = nil, true
		c.Clients = []fakeidp.Client{client}
	}
	c.NextKeys = true
}

func (f *configFile) tenant(t *fakeidp.Tenant) reading {
	return func(place string, value any) {
		f.object(place, value, map[string]reading{
			"id":     f.guid(&t.ID),
			"domain": f.textThat(domainForm.MatchString, "a domain such as contoso.example")(&t.Domain),
			"name":   f.text(&t.Name),
			"ownKey": f.boolean(&t.OwnKey),
		}, "id")
	}
}

func (f *configFile) account(a *fakeidp.Account) reading {
	return func(place string, value any) {
		f.object(place, value, map[string]reading{
			"username":    f.text(&a.Username),
			"name":        f.text(&a.Name),
			"givenName":   f.text(&a.GivenName),
			"surname":     f.text(&a.Surname),
			"jobTitle":    f.text(&a.JobTitle),
			"description": f.text(&a.Description),
			"home":        f.membership(&a.Home),
			"guest":       list(&f.strictReader, &a.Guest, f.membership),
			"refuse":      f.refuse(a),
		}, "username", "home")
	}
}

func (f *configFile) membership(m *fakeidp.Membership) reading {
	return func(place string, value any) {
		f.object(place, value, map[string]reading{
			"tenantId": f.guid(&m.TenantID),
			"objectId": f.guid(&m.ObjectID),
			"roles":    list(&f.strictReader, &m.Roles, f.text),
			"groups":   list(&f.strictReader, &m.Groups, f.text),
		}, "tenantId", "objectId")
	}
}

func (f *configFile) refuse(a *fakeidp.Account) reading {
	return func(place string, value any) {
		a.Refuse = &fakeidp.Error{}
		f.object(place, value, map[string]reading{
			"number": f.errorNumber(&a.Refuse.Number),
			"text":   f.text(&a.Refuse.Text),
		}, "number")
	}
}

func (f *configFile) client(c *fakeidp.Client) reading {
	secret := f.textThat(consistsOf(secretMarks), `printable ASCII without spaces, quotes, # and \`)
	return func(place string, value any) {
		var certificates []*x509.Certificate
		f.object(place, value, map[string]reading{
			"id":                     f.textThat(consistsOf(idMarks), "an ID of letters, digits, dots and hyphens")(&c.ID),
			"name":                   f.text(&c.Name),
			"secrets":                list(&f.strictReader, &c.Secrets, secret),
			"expiredSecrets":         list(&f.strictReader, &c.ExpiredSecrets, secret),
			"certificates":           list(&f.strictReader, &certificates, f.certificate),
			"redirectUris":           list(&f.strictReader, &c.RedirectURIs, f.uri),
			"postLogoutRedirectUris": list(&f.strictReader, &c.PostLogoutRedirectURIs, f.uri),
			"frontChannelLogoutUri":  f.uri(&c.FrontChannelLogoutURI),
			"tenantId":               f.guid(&c.TenantID),
			"needsConsent":           list(&f.strictReader, &c.NeedsConsent, f.text),
			"lax":                    f.boolean(&c.Lax),
		}, "id")
		if len(certificates) > 0 {
			c.Authenticator = clientauth.NewCertificates(slices.DeleteFunc(certificates, func(x *x509.Certificate) bool { return x == nil })...).AllowRS256()
		}
		if c.RedirectURIs != nil && len(c.RedirectURIs) == 0 {
			f.add(place+".redirectUris", "is empty: list at least one, or leave it out to accept every http://localhost URI")
		}
		c.AnyLocalhost = c.RedirectURIs == nil
	}
}

func (f *configFile) checkTenants() {
	seen := map[string]bool{}
	for i, t := range f.config.Tenants {
		for member, name := range map[string]string{"id": t.ID, "domain": strings.ToLower(t.Domain)} {
			if name != "" && seen[name] {
				f.add(fmt.Sprintf("tenants[%d].%s", i, member), "is another tenant's too")
			}
			seen[name] = true
		}
	}
}

// checkAccounts checks the accounts. own is true if they come from the file.
func (f *configFile) checkAccounts(own bool) {
	usernames, objects := map[string]bool{}, map[string]bool{}
	for i, a := range f.config.Accounts {
		place := fmt.Sprintf("accounts[%d]", i)
		if name := strings.ToLower(a.Username); name != "" {
			if usernames[name] {
				f.add(place+".username", "is another account's too")
			}
			usernames[name] = true
		}
		tenants := map[string]bool{}
		for j, m := range append([]fakeidp.Membership{a.Home}, a.Guest...) {
			at := place + ".home"
			if j > 0 {
				at = fmt.Sprintf("%s.guest[%d]", place, j-1)
			}
			if !f.hasTenant(m.TenantID) {
				if !own {
					f.add("accounts", "is missing: the default accounts are in tenants that the file does not list")
					return
				}
				f.add(at+".tenantId", "is not the id of a tenant in tenants")
			}
			if m.TenantID != "" && tenants[m.TenantID] {
				f.add(at+".tenantId", "is a tenant that this account has already")
			}
			tenants[m.TenantID] = true
			object := m.TenantID + "\x00" + m.ObjectID
			if m.ObjectID != "" && objects[object] {
				f.add(at+".objectId", "is used twice in this tenant")
			}
			objects[object] = true
		}
	}
}

func (f *configFile) checkClients() {
	seen := map[string]bool{}
	for i, c := range f.config.Clients {
		place, id := fmt.Sprintf("clients[%d]", i), strings.ToLower(c.ID)
		if id != "" && seen[id] {
			f.add(place+".id", "is another client's too")
		}
		seen[id] = true
		if !f.hasTenant(c.TenantID) {
			f.add(place+".tenantId", "is not the id of a tenant in tenants")
		}
	}
}

// hasTenant reports whether the tenant exists. It also returns true for an empty ID: the
// reader has reported it already if it is required.
func (f *configFile) hasTenant(id string) bool {
	return id == "" || slices.ContainsFunc(f.config.Tenants, func(t fakeidp.Tenant) bool { return t.ID == id })
}
