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

// checkHeaders looks for what webapp sends with every answer.
func (x *examination) checkHeaders(ctx context.Context) Check {
	p, err := x.get(ctx, x.public("/healthz"), nil)
	if err != nil {
		return unreachable(x.cfg.PublicURL, err)
	}
	if !strings.Contains(p.header.Get("Cache-Control"), "no-store") || p.header.Get("Age") != "" {
		return fail("What stands in front of webapp may keep its answers.",
			"Cache-Control does not arrive as no-store, or an answer comes out of a cache; one person could be shown another's page.",
			"Let the proxy obey Cache-Control as webapp sends it, and cache /static/ at most.")
	}
	wanted := []string{"Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "X-Request-Id"}
	if x.cfg.PublicURL.Scheme == "https" {
		wanted = append(wanted, "Strict-Transport-Security")
	}
	var missing []string
	for _, name := range wanted {
		if p.header.Get(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return warn("Headers are lost on the way: "+strings.Join(missing, ", ")+".",
			"They tell browsers how to protect people, and X-Request-Id finds a request in the log.",
			"Let the proxy pass these headers on; Strict-Transport-Security comes where REDIRECT_URI begins with https.")
	}
	return ok("The headers that protect people arrive.")
}

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

// What a sign-in can bring along. Both are below the 8 KiB at which most proxies
// draw the line for one line of a request.
const (
	// longestQuery is a callback with a long code: Entra's pass 4096 bytes.
	longestQuery = 5000
	// longestCookies are the cookies of a browser with as many sign-ins begun as
	// webapp lets there be (6 KiB), and its session.
	longestCookies = 6500
)

// checkSizes sends the largest requests that a sign-in can make.
func (x *examination) checkSizes(ctx context.Context) Check {
	for _, one := range []struct {
		what, query string
		header      http.Header
		remedy      string
	}{
		{"a callback of 5,000 characters", "?size=" + strings.Repeat("q", longestQuery), nil,
			"Raise the proxy's limit for the request line to 8 KiB (nginx: large_client_header_buffers 4 8k; Apache: LimitRequestLine 8190), or set RESPONSE_MODE=form_post."},
		{"a cookie header of 6.5 kB", "", http.Header{"Cookie": {"size=" + strings.Repeat("c", longestCookies)}},
			"Raise the proxy's limit for a header field to 8 KiB (nginx: large_client_header_buffers 4 8k; Apache: LimitRequestFieldSize 8190)."},
	} {
		p, err := x.get(ctx, x.public("/healthz")+one.query, one.header)
		if err != nil {
			return unreachable(x.cfg.PublicURL, err)
		}
		if p.status != http.StatusOK {
			return fail("What stands in front of webapp refuses "+one.what+" ("+statusText(p.status)+").",
				"Sign-ins can bring as much: Entra's codes are long, and each sign-in that has begun has its cookie.", one.remedy)
		}
	}
	return ok("The longest callbacks and cookies of sign-ins come through.")
}
