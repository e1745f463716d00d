package credential

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"webapp/internal/providerhttp"
)

// ManagedIdentity is a user-assigned managed identity of the Azure host on
// which the application runs. It becomes the application's credential by a
// federated credential of the app registration.
type ManagedIdentity struct {
	// ClientID is the identity's own client ID, a GUID; not the application's.
	ClientID string
	// Endpoint and Header are what App Service and Container Apps announce in
	// IDENTITY_ENDPOINT and IDENTITY_HEADER. Without a Header the endpoint is
	// asked as the instance metadata service of virtual machines, whose address
	// is taken where Endpoint is empty too.
	Endpoint, Header string
}

const (
	instanceMetadata      = "http://169.254.169.254/metadata/identity/oauth2/token"
	identityRetryPause    = time.Second
	identityColdRetry     = time.Second // no token yet: pause after a failure
	identityRenewFailed   = time.Minute
	identityMargin        = 5 * time.Minute // a token is not used in its last minutes
	maxIdentityTokenBytes = 32 << 10
)

// managedIdentity keeps one token of the identity until half of its life is
// over. Azure's own library would add ten modules and 1.2 MB to the program for
// what is one GET on each of two kinds of host.
type managedIdentity struct {
	request  *http.Request
	client   *providerhttp.Client
	clock    func() time.Time
	log      *slog.Logger
	turn     chan struct{} // holds one: whoever may look and fetch
	token    string
	renew    time.Time
	expires  time.Time
	failed   error
	failedAt time.Time
}

func newManagedIdentity(c Config) *managedIdentity {
	m := &managedIdentity{
		client: providerhttp.New(providerhttp.Config{Transport: identityTransport(c), Timeout: c.Timeout, Pause: c.Pause}),
		clock:  c.Clock, log: c.Logger, turn: make(chan struct{}, 1),
	}
	query := url.Values{"resource": {c.ExchangeAudience}, "client_id": {c.ManagedIdentity.ClientID}, "api-version": {"2018-02-01"}}
	header := http.Header{"Metadata": {"true"}}
	if c.ManagedIdentity.Header != "" {
		query.Set("api-version", "2019-08-01")
		header = http.Header{"X-Identity-Header": {c.ManagedIdentity.Header}}
	}
	m.request = &http.Request{Method: http.MethodGet, URL: c.ManagedIdentity.endpointURL(), Header: header}
	m.request.URL.RawQuery = query.Encode()
	return m
}

// identityTransport uses no proxy: the endpoint is this host's own, and its
// answer is a credential.
func identityTransport(c Config) *http.Transport {
	transport := providerhttp.NewTransport(cmp.Or(c.Timeout, providerhttp.DefaultTimeout))
	transport.Proxy = nil
	return transport
}

// endpointURL returns where to ask; Config.Problems has looked at it.
func (i ManagedIdentity) endpointURL() *url.URL {
	endpoint := i.Endpoint
	if endpoint == "" {
		endpoint = instanceMetadata
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return &url.URL{}
	}
	return u
}

// get returns a token that holds for some minutes at least.
func (m *managedIdentity) get(ctx context.Context) (string, error) {
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return "", providerhttp.NetworkError(ctx.Err())
	}
	now := m.clock()
	if m.token != "" && now.Before(m.renew) {
		return m.token, nil
	}
	if m.failed != nil && now.Sub(m.failedAt) < identityColdRetry {
		return "", m.failed // a crowd of sign-ins does not become a crowd of requests
	}
	err := m.fetch(ctx)
	switch {
	case err == nil:
		m.failed = nil
	case m.token != "" && now.Before(m.expires.Add(-identityMargin)):
		m.renew = now.Add(identityRenewFailed)
		m.log.WarnContext(ctx, "the managed identity's token could not be renewed; the one before stays in use", slog.Any("err", err))
	default:
		m.token, m.failed, m.failedAt = "", err, now
		return "", err
	}
	return m.token, nil
}

// fetch asks the endpoint, once more where the failure may pass.
func (m *managedIdentity) fetch(ctx context.Context) error {
	got, err := m.client.Do(ctx, m.request)
	passing := err != nil || got.Status >= http.StatusInternalServerError || got.Status == http.StatusNotFound ||
		got.Status == http.StatusGone || got.Status == http.StatusTooManyRequests
	if passing && m.client.Pause(ctx, identityRetryPause) == nil {
		got, err = m.client.Do(ctx, m.request)
	}
	switch {
	case err != nil:
		return fmt.Errorf("this host's managed identity endpoint cannot be asked (does the application run on Azure?): %w", err)
	case got.Status == http.StatusBadRequest:
		return providerhttp.Unavailable("this host has no such managed identity: assign it to the host, and check its client ID")
	case got.Status != http.StatusOK:
		return providerhttp.Unavailable("this host's managed identity endpoint answered with status " + strconv.Itoa(got.Status))
	}
	return m.read(got.Body)
}

func (m *managedIdentity) read(body []byte) error {
	doc, err := providerhttp.ParseObject(body)
	if err != nil {
		return providerhttp.Unavailable("this host's managed identity endpoint answered no JSON object")
	}
	token, ok := doc.Text("access_token")
	// Seconds since 1970, as a string or as a number.
	seconds, err := strconv.ParseInt(strings.Trim(string(doc.Raw("expires_on")), `"`), 10, 64)
	if !ok || token == "" || len(token) > maxIdentityTokenBytes || err != nil {
		return providerhttp.Unavailable("this host's managed identity endpoint answered no token")
	}
	now := m.clock()
	m.token, m.expires = token, time.Unix(seconds, 0)
	m.renew = now.Add(m.expires.Sub(now) / 2)
	return nil
}
