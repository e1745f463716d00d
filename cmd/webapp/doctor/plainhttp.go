package doctor

import (
	"context"
	"net/url"
)

// checkPlainHTTP asks the same host without TLS, where people land who type its
// name alone.
func (x *examination) checkPlainHTTP(ctx context.Context) Check {
	u := x.cfg.PublicURL
	switch {
	case u.Scheme != "https":
		return skip("The application is reached without TLS anyhow.")
	case u.Port() != "" && u.Port() != "443":
		return skip("Not looked at, because the address names a port of its own.")
	}
	plain := &url.URL{Scheme: "http", Host: u.Hostname()}
	if u.Port() == "" {
		plain.Host = u.Host // an IPv6 address keeps its brackets
	}
	p, err := x.get(ctx, plain.String()+"/", nil)
	switch {
	case isRefused(err) || isTimeout(err):
		return ok("Nothing is served without TLS.")
	case err != nil:
		return skip("Not looked at: the connection without TLS broke.")
	}
	location, err := plain.Parse(p.header.Get("Location"))
	if err == nil && p.status >= 300 && p.status < 400 && sameOrigin(location, u) {
		return ok("Plain http is redirected to https.")
	}
	return warn("http://"+plain.Host+"/ is not redirected to "+originOf(u)+"; it answers "+statusText(p.status)+".",
		"Who types the name alone stays on an address that others can listen to and change.",
		"Let the proxy answer every plain http request with a redirect (301 or 308) to https, or close port 80.")
}
