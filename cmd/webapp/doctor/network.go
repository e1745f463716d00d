package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: checkLimit}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    checkLimit,
		ResponseHeaderTimeout:  checkLimit,
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      true,
	}
}

// lookup looks up the addresses of target's host. If a proxy leads to target, it
// looks up the proxy instead.
func (x *examination) lookup(ctx context.Context, target string) Check {
	u, err := url.Parse(target)
	if err != nil {
		return skipMisconfigured()
	}
	proxy := x.proxyFor(target)
	host, suffix := u.Hostname(), "."
	if proxy != nil {
		host, suffix = proxy.Hostname(), ", the proxy for "+u.Hostname()+"."
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return ok("No DNS lookup is needed for " + host + suffix)
	}
	addresses, err := x.cfg.LookupHost(ctx, host)
	if err == nil {
		return ok("DNS has " + plural(len(addresses), "1 address", "%d addresses") + " for " + host + suffix)
	}
	dns, found := errors.AsType[*net.DNSError](err)
	if !found {
		dns = &net.DNSError{}
	}
	c := unknownHost(host, dns)
	if proxy != nil {
		c.Detail += "\nHTTPS_PROXY or HTTP_PROXY names it as the proxy for " + u.Hostname() + "."
	}
	return c
}

// proxyFor returns the proxy through which target is reached, or nil.
func (x *examination) proxyFor(target string) *url.URL {
	if x.transport.Proxy == nil {
		return nil
	}
	req, err := http.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		return nil
	}
	proxy, err := x.transport.Proxy(req)
	if err != nil {
		return nil
	}
	return proxy
}

// response is the response to one GET request.
type response struct {
	status       int
	header       http.Header
	body         []byte
	certificates []*x509.Certificate // empty without TLS
	began, ended time.Time
}

// maxBody limits how much of a response is read, in bytes.
const maxBody = 64 << 10

// get sends one GET request with the given header. It follows no redirect.
func (x *examination) get(ctx context.Context, target string, header http.Header) (*response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	client := http.Client{
		Transport:     x.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	r := &response{began: x.cfg.Now()}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	r.ended, r.status, r.header = x.cfg.Now(), resp.StatusCode, resp.Header
	if resp.TLS != nil {
		r.certificates = resp.TLS.PeerCertificates
	}
	r.body, err = io.ReadAll(io.LimitReader(resp.Body, maxBody))
	return r, err
}

// certificateWarning is the time before the end of a server's certificate at which
// a warning begins.
const certificateWarning = 14 * 24 * time.Hour

// connected returns the result for a connection on which u has responded. If the
// connection is good, the summary ends with more.
func (x *examination) connected(u *url.URL, r *response, more string) Check {
	var end time.Time
	for _, c := range r.certificates {
		if end.IsZero() || c.NotAfter.Before(end) {
			end = c.NotAfter
		}
	}
	switch {
	case end.IsZero():
		return ok(hostOf(u) + " responds, without TLS on this machine" + more + ".")
	case end.Sub(x.cfg.Now()) < certificateWarning:
		return warn("The certificate of "+hostOf(u)+" expires "+x.until(end)+".",
			"After that, no connection to it works.",
			"The operator of "+u.Hostname()+" must renew the certificate. If it is renewed automatically, check that this still works.")
	}
	return ok(hostOf(u) + " responds, and this system trusts its certificate" + more + ".")
}

// until says in how many days t is, and on which date.
func (x *examination) until(t time.Time) string {
	days := int(t.Sub(x.cfg.Now()).Hours() / 24)
	when := "in " + plural(days, "1 day", "%d days")
	if days == 0 {
		when = "within a day"
	}
	return when + ", on " + t.UTC().Format(time.DateOnly)
}

// hostOf returns the host and port of u, with the usual port if u names none.
func hostOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// statusText returns a text like "404 Not Found".
func statusText(status int) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}

// checkAPI sends the API a request without a token. Every status below 500 shows
// that the API is there; 401 is usual.
func (x *examination) checkAPI(ctx context.Context) Check {
	u, err := url.Parse(x.cfg.Endpoint)
	switch {
	case err != nil || x.misconfigured("ENDPOINT"):
		return skipMisconfigured()
	case x.cfg.Endpoint == "":
		return skip("No API is called, because ENDPOINT or SCOPE is empty.")
	}
	if c := x.lookup(ctx, x.cfg.Endpoint); c.Status == Failed {
		return c
	}
	r, err := x.get(ctx, x.cfg.Endpoint, nil)
	switch {
	case err != nil:
		return unreachable(u, err)
	case r.status >= 500:
		return warn("The API responds with "+statusText(r.status)+".", "The API has a problem of its own at the moment.",
			"Try again later. If the status stays the same, check ENDPOINT.")
	}
	return x.connected(u, r, "; without a token its status is "+statusText(r.status))
}
