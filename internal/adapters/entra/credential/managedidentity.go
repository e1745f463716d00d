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

// ManagedIdentity is a user-assigned managed identity of the Azure host on which the
// application runs. A federated credential of the app registration trusts it.
type ManagedIdentity struct {
	// ClientID is the client ID of the identity, a GUID. It is not the application's.
	ClientID string
	// Endpoint and Header are the values of IDENTITY_ENDPOINT and IDENTITY_HEADER, which
	// App Service and Container Apps set. If Header is empty, the endpoint is an instance
	// metadata service of virtual machines. An empty Endpoint stands for its usual
	// address.
	Endpoint, Header string
}

const (
	instanceMetadata      = "http://169.254.169.254/metadata/identity/oauth2/token"
	identityRetryPause    = time.Second
	identityColdRetry     = time.Second     // after a failure without a usable token
	identityRenewFailed   = time.Minute     // after a failure with a usable token
	identityMargin        = 5 * time.Minute // the last minutes of a token are not used
	maxIdentityTokenBytes = 32 << 10
)

// managedIdentity keeps one token of the identity until half of its life is over. Azure's
// library would add ten modules and 1.2 MB to the program for one GET request.
type managedIdentity struct {
	request  *http.Request
	client   *providerhttp.Client
	clock    func() time.Time
	log      *slog.Logger
	turn     chan struct{} // a lock whose wait can end with a context
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

// identityTransport returns a transport without a proxy: the endpoint is on this host, and
// its response is a credential.
func identityTransport(c Config) *http.Transport {
	transport := providerhttp.NewTransport(cmp.Or(c.Timeout, providerhttp.DefaultTimeout))
	transport.Proxy = nil
	return transport
}

// endpointURL returns the URL of the endpoint, or an empty URL if it is malformed.
// Config.Problems checks it.
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

// get returns a token that is valid for some minutes at least. It requests a new one if
// necessary; other callers wait for the same request.
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
		return "", m.failed // many sign-ins at once do not cause many requests
	}
	err := m.fetch(ctx)
	switch {
	case err == nil:
		m.failed = nil
	case m.token != "" && now.Before(m.expires.Add(-identityMargin)):
		m.renew = now.Add(identityRenewFailed)
		m.log.WarnContext(ctx, "the managed identity's token could not be renewed; the previous one stays in use", slog.Any("err", err))
	default:
		m.token, m.failed, m.failedAt = "", err, now
		return "", err
	}
	return m.token, nil
}

// fetch requests a token. It repeats the request once after a temporary failure.
func (m *managedIdentity) fetch(ctx context.Context) error {
	response, err := m.client.Do(ctx, m.request)
	mayPass := err != nil || response.Status >= http.StatusInternalServerError || response.Status == http.StatusNotFound ||
		response.Status == http.StatusGone || response.Status == http.StatusTooManyRequests
	if mayPass && m.client.Pause(ctx, identityRetryPause) == nil {
		response, err = m.client.Do(ctx, m.request)
	}
	switch {
	case err != nil:
		return fmt.Errorf("this host's managed identity endpoint cannot be asked (does the application run on Azure?): %w", err)
	case response.Status == http.StatusBadRequest:
		return providerhttp.Unavailable("this host has no such managed identity: assign it to the host, and check its client ID")
	case response.Status != http.StatusOK:
		return providerhttp.Unavailable("this host's managed identity endpoint responded with status " + strconv.Itoa(response.Status))
	}
	return m.read(response.Body)
}

func (m *managedIdentity) read(body []byte) error {
	doc, err := providerhttp.ParseObject(body)
	if err != nil {
		return providerhttp.Unavailable("this host's managed identity endpoint answered with no JSON object")
	}
	token, ok := doc.Text("access_token")
	// Seconds since 1970, as a string or as a number.
	seconds, err := strconv.ParseInt(strings.Trim(string(doc.Raw("expires_on")), `"`), 10, 64)
	if !ok || token == "" || len(token) > maxIdentityTokenBytes || err != nil {
		return providerhttp.Unavailable("this host's managed identity endpoint answered with no token")
	}
	now := m.clock()
	m.token, m.expires = token, time.Unix(seconds, 0)
	m.renew = now.Add(m.expires.Sub(now) / 2)
	return nil
}
