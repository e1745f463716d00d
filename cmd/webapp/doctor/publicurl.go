package doctor

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// checkPublicURL asks the running application whether it lives, through all
// that stands in front of it.
func (x *examination) checkPublicURL(ctx context.Context) Check {
	u := x.cfg.PublicURL
	if u == nil {
		return skip("The running application is looked at with: webapp doctor -url https://app.example.com")
	}
	if redirect, err := url.Parse(x.cfg.RedirectURI); err == nil && redirect.Host != "" && !sameOrigin(u, redirect) {
		return fail("People come back to "+originOf(redirect)+", which is another origin than "+originOf(u)+".",
			"The cookie that a sign-in begins with stays with "+originOf(u)+", so the way back finds none.",
			"Let REDIRECT_URI begin with the address that people open, or give that address to -url.")
	}
	if c := x.lookup(ctx, u.String()); c.Status == Failed {
		return c
	}
	p, err := x.get(ctx, x.public("/healthz"), nil)
	if err != nil {
		return unreachable(u, err)
	}
	return x.alive(u, p)
}

// alive judges the answer to /healthz.
func (x *examination) alive(u *url.URL, p *probe) Check {
	switch {
	case p.status >= 300 && p.status < 400:
		return fail("/healthz is redirected ("+statusText(p.status)+").",
			"What stands in front sends requests elsewhere before webapp sees them; a sign-in can turn in circles there.",
			"Give -url the address at which the application itself answers; let no proxy redirect its paths.")
	case p.status == http.StatusBadGateway || p.status == http.StatusServiceUnavailable || p.status == http.StatusGatewayTimeout:
		return fail("/healthz answers "+statusText(p.status)+".",
			"The proxy is there, and webapp behind it is not.",
			"Is webapp running, and does the proxy point to its LISTEN_ADDR?")
	case p.status != http.StatusOK || strings.TrimSpace(string(p.body)) != "ok":
		return fail("What answers at "+originOf(u)+" is not webapp: /healthz answers "+statusText(p.status)+".",
			"webapp answers 200 and the text ok there.",
			"Check -url, and that the proxy passes every path on as it is.")
	}
	return x.connected(u, p, ", and leads to webapp")
}

// public is the address of a path of the running application.
func (x *examination) public(path string) string { return originOf(x.cfg.PublicURL) + path }

func originOf(u *url.URL) string { return u.Scheme + "://" + u.Host }

// sameOrigin compares as browsers do: scheme, host and port, where the usual
// port may be left out (RFC 6454, section 5).
func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(hostOf(a), hostOf(b))
}
