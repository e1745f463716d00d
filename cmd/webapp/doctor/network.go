package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxProbeBytes bounds what is read of an answer.
const maxProbeBytes = 64 << 10

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

// probe is an answer to one GET.
type probe struct {
	status       int
	header       http.Header
	body         []byte
	certificates []*x509.Certificate // empty without TLS
	began, ended time.Time
}

// get asks once, follows no redirect, sends no cookie but those in header, and
// reads a bounded part of the body.
func (x *examination) get(ctx context.Context, target string, header http.Header) (*probe, error) {
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
	p := &probe{began: x.cfg.Now()}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	p.ended, p.status, p.header = x.cfg.Now(), resp.StatusCode, resp.Header
	if resp.TLS != nil {
		p.certificates = resp.TLS.PeerCertificates
	}
	p.body, err = io.ReadAll(io.LimitReader(resp.Body, maxProbeBytes))
	return p, err
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

// certificateWarning is how long before its end a certificate should have been
// replaced.
const certificateWarning = 14 * 24 * time.Hour

// endingCertificate returns when the first certificate of those that a server
// showed ends, and whether that is soon.
func (x *examination) endingCertificate(p *probe) (end time.Time, soon bool) {
	for _, c := range p.certificates {
		if end.IsZero() || c.NotAfter.Before(end) {
			end = c.NotAfter
		}
	}
	return end, !end.IsZero() && end.Sub(x.cfg.Now()) < certificateWarning
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

// hostOf is the host and port of an address, for a person.
func hostOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// statusText reads like "404 Not Found".
func statusText(status int) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}

// checkAPI asks the API without a token: any answer proves that it is there,
// and 401 is the best one.
func (x *examination) checkAPI(ctx context.Context) Check {
	u, err := url.Parse(x.cfg.Endpoint)
	switch {
	case err != nil || x.broken("ENDPOINT"):
		return skipBroken()
	case x.cfg.Endpoint == "":
		return skip("No API is called: ENDPOINT or SCOPE is empty.")
	}
	if c := x.lookup(ctx, x.cfg.Endpoint); c.Status == Failed {
		return c
	}
	p, err := x.get(ctx, x.cfg.Endpoint, nil)
	switch {
	case err != nil:
		return unreachable(u, err)
	case p.status >= 500:
		return warn("The API answers "+statusText(p.status)+".", "It has a trouble of its own at this moment.",
			"Try again later; check ENDPOINT if it stays so.")
	}
	return x.connected(u, p, "; without a token its answer is "+statusText(p.status))
}
