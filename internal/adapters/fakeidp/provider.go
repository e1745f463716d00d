package fakeidp

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Provider is the OpenID Provider. Its methods are safe for concurrent use.
type Provider struct {
	config Config
	routes http.Handler
	keys   *keyStore
	faults *faultBook
	log    *requestLog
	listen listening

	mu       sync.Mutex // guards everything below
	baseURL  string
	clients  map[string]*Client // by lower-case ID
	codes    *bounded[*code]
	pushed   *bounded[*pushedRequest]
	access   *bounded[*accessGrant]
	refresh  *bounded[*refreshGrant]
	browsers *bounded[*browser]
	devices  *bounded[*deviceSignIn]
	consents map[string]bool
	names    map[*Account]string // edited display names
	mutate   func(*TokenDraft)
	metadata func(tenant string, document map[string]any)
	keySet   func(tenant string, document map[string]any)
	userInfo func(username string, document map[string]any)
	demanded string // claims that Graph demands, set by DemandClaims
	required Demand // what Graph requires of a sign-in, set by DemandSignIn
}

// New returns a Provider. It returns an error if the configuration contradicts
// itself. The Provider can serve requests once it has a base URL, from
// Config.BaseURL or from Start.
func New(config Config) (*Provider, error) {
	config = config.withDefaults()
	if err := config.check(); err != nil {
		return nil, err
	}
	p := &Provider{
		config:   config,
		faults:   &faultBook{healed: make(chan struct{})},
		log:      &requestLog{counts: make(map[Endpoint]int), recent: make(map[Endpoint][]Request)},
		baseURL:  strings.TrimSuffix(config.BaseURL, "/"),
		clients:  make(map[string]*Client),
		codes:    newBounded[*code](maxCodes),
		pushed:   newBounded[*pushedRequest](maxCodes),
		access:   newBounded[*accessGrant](maxTokens),
		refresh:  newBounded[*refreshGrant](maxTokens),
		browsers: newBounded[*browser](maxBrowsers),
		devices:  newBounded[*deviceSignIn](maxCodes),
		consents: make(map[string]bool),
		names:    make(map[*Account]string),
	}
	p.keys = newKeyStore(config.NewKey)
	for _, client := range config.Clients {
		p.AddClient(client)
	}
	p.routes = p.buildRoutes()
	return p, nil
}

// check returns all contradictions in one error, or nil.
func (c Config) check() error {
	var found []error
	if c.BaseURL != "" {
		u, err := url.Parse(c.BaseURL)
		if err != nil || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			found = append(found, fmt.Errorf("fakeidp: BaseURL %q is not an origin such as http://127.0.0.1:8400", c.BaseURL))
		}
	}
	tenants := make(map[string]bool)
	for _, t := range c.Tenants {
		tenants[t.ID] = true
	}
	names := make(map[string]bool)
	for _, a := range c.Accounts {
		if a.Username == "" || names[strings.ToLower(a.Username)] {
			found = append(found, fmt.Errorf("fakeidp: account name %q is empty or used twice", a.Username))
		}
		names[strings.ToLower(a.Username)] = true
		for _, m := range append([]Membership{a.Home}, a.Guest...) {
			if !tenants[m.TenantID] {
				found = append(found, fmt.Errorf("fakeidp: account %q names tenant %q, which Tenants does not list", a.Username, m.TenantID))
			}
		}
	}
	return errors.Join(found...)
}

// AddClient adds an app registration, or replaces the one with the same ID.
func (p *Provider) AddClient(client Client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clients[strings.ToLower(client.ID)] = &client
}

// client returns the app registration with this ID, or nil. Like Entra, it
// ignores letter case.
func (p *Provider) client(id string) *Client {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.clients[strings.ToLower(id)]
}

// BaseURL returns the provider's origin. It is empty before Start unless
// Config.BaseURL is set.
func (p *Provider) BaseURL() string { return p.base() }

func (p *Provider) base() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.baseURL
}

func (p *Provider) now() time.Time { return p.config.Clock() }

// Authority returns the authority URL of a tenant, which is given as a GUID, a
// verified domain, "common", "organizations" or "consumers". The metadata are at
// Authority(tenant) + "/v2.0/.well-known/openid-configuration".
func (p *Provider) Authority(tenant string) string { return p.base() + "/" + tenant }

// Issuer returns the issuer of a tenant's ID tokens. The tenant is given as a
// GUID or a verified domain. The metadata are at
// Issuer(tenant) + "/.well-known/openid-configuration".
func (p *Provider) Issuer(tenant string) string {
	if a, err := p.authority(tenant); err == nil && a.tenant != nil {
		tenant = a.tenant.ID
	}
	return p.issuer(tenant)
}

func (p *Provider) issuer(tenantID string) string { return p.base() + "/" + tenantID + "/v2.0" }
