package doctor

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// checkPublicURL requests /healthz of the running application, through all proxies.
func (x *examination) checkPublicURL(ctx context.Context) Check {
	u := x.cfg.PublicURL
	if u == nil {
		return skip("To check the running application: webapp doctor -url https://app.example.com")
	}
	if redirect, err := url.Parse(x.cfg.RedirectURI); err == nil && redirect.Host != "" && !sameOrigin(u, redirect) {
		return fail("REDIRECT_URI leads to "+originOf(redirect)+", which is another origin than "+originOf(u)+".",
			"A sign-in that begins at "+originOf(u)+" cannot end at another origin, because the browser does not send its cookie there.",
			"Let REDIRECT_URI begin with the address that users open, or pass the origin of REDIRECT_URI to -url.")
	}
	if c := x.lookup(ctx, u.String()); c.Status == Failed {
		return c
	}
	r, err := x.get(ctx, x.public("/healthz"), nil)
	if err != nil {
		return unreachable(u, err)
	}
	switch {
	case r.status >= 300 && r.status < 400:
		return fail(x.path("/healthz")+" is redirected ("+statusText(r.status)+").",
			"A proxy redirects requests before webapp gets them. A sign-in can end in a redirect loop.",
			"Pass the application's own address to -url, and configure the proxy not to redirect its paths.")
	case r.status == http.StatusBadGateway || r.status == http.StatusServiceUnavailable || r.status == http.StatusGatewayTimeout:
		return fail(x.path("/healthz")+" responds with "+statusText(r.status)+".",
			"The proxy runs, but it cannot reach webapp.",
			"Check that webapp is running, and that the proxy forwards to its LISTEN_ADDR.")
	case r.status != http.StatusOK || strings.TrimSpace(string(r.body)) != "ok":
		return fail("The server at "+originOf(u)+" is not webapp: "+x.path("/healthz")+" responds with "+statusText(r.status)+".",
			"webapp responds with status 200 and the text ok.",
			"Check -url, and that the proxy forwards every path unchanged.")
	}
	return x.connected(u, r, ", and forwards to webapp")
}

// path returns the path of a route of the running application.
func (x *examination) path(route string) string { return x.cfg.BasePath + route }

// public returns the URL of a route of the running application.
func (x *examination) public(route string) string { return originOf(x.cfg.PublicURL) + x.path(route) }

func originOf(u *url.URL) string { return u.Scheme + "://" + u.Host }

// sameOrigin compares scheme, host and port as browsers do (RFC 6454, section 5).
func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(hostOf(a), hostOf(b))
}

// checkHeaders checks that the headers of webapp's responses arrive.
func (x *examination) checkHeaders(ctx context.Context) Check {
	r, err := x.get(ctx, x.public("/healthz"), nil)
	if err != nil {
		return unreachable(x.cfg.PublicURL, err)
	}
	if !strings.Contains(r.header.Get("Cache-Control"), "no-store") || r.header.Get("Age") != "" {
		return fail("A proxy may cache responses of webapp.",
			"Cache-Control does not arrive as no-store, or the response came from a cache. One user could see another user's page.",
			"Configure the proxy to obey Cache-Control as webapp sends it, and to cache nothing outside "+x.path("/static/")+".")
	}
	wanted := []string{"Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "X-Request-Id"}
	if x.cfg.PublicURL.Scheme == "https" {
		wanted = append(wanted, "Strict-Transport-Security")
	}
	var missing []string
	for _, name := range wanted {
		if r.header.Get(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return warn("A proxy removes headers: "+strings.Join(missing, ", ")+".",
			"Browsers need the security headers to protect users. X-Request-Id finds a request in the log.",
			"Configure the proxy to forward these headers. webapp sends Strict-Transport-Security if REDIRECT_URI begins with https.")
	}
	return ok("The security headers arrive.")
}

// checkPlainHTTP requests the host without TLS, as a browser does if a user types
// only the host name.
func (x *examination) checkPlainHTTP(ctx context.Context) Check {
	u := x.cfg.PublicURL
	switch {
	case u.Scheme != "https":
		return skip("Not checked, because the address begins with http.")
	case u.Port() != "" && u.Port() != "443":
		return skip("Not checked, because the address names a port.")
	}
	plain := &url.URL{Scheme: "http", Host: u.Hostname()}
	if u.Port() == "" {
		plain.Host = u.Host // an IPv6 address keeps its brackets
	}
	r, err := x.get(ctx, plain.String()+"/", nil)
	switch {
	case isRefused(err) || isTimeout(err):
		return ok("Nothing is served without TLS.")
	case err != nil:
		return skip("Not checked, because the connection without TLS broke.")
	}
	location, err := plain.Parse(r.header.Get("Location"))
	if err == nil && r.status >= 300 && r.status < 400 && sameOrigin(location, u) {
		return ok("Plain http is redirected to https.")
	}
	return warn("http://"+plain.Host+"/ is not redirected to "+originOf(u)+"; its status is "+statusText(r.status)+".",
		"A user who types the name alone stays on an address without TLS, where others can read and change pages.",
		"Configure the proxy to redirect every plain http request to https (301 or 308), or close port 80.")
}

// The sizes of the largest requests of a sign-in. Most proxies accept 8 KiB for one
// line of a request, which is more than either.
const (
	// longestQuery is the query of a callback with a long code. Entra's codes can be
	// longer than 4096 bytes.
	longestQuery = 5000
	// longestCookies is the cookie header of a browser with a session and with the
	// largest number of open sign-ins (6 KiB).
	longestCookies = 6500
)

// checkSizes sends the largest requests that a sign-in can make.
func (x *examination) checkSizes(ctx context.Context) Check {
	for _, one := range []struct {
		name, query string
		header      http.Header
		remedy      string
	}{
		{"a callback of 5,000 characters", "?size=" + strings.Repeat("q", longestQuery), nil,
			"Raise the proxy's limit for the request line to 8 KiB (nginx: large_client_header_buffers 4 8k; Apache: LimitRequestLine 8190), or set RESPONSE_MODE=form_post."},
		{"a cookie header of 6.5 kB", "", http.Header{"Cookie": {"size=" + strings.Repeat("c", longestCookies)}},
			"Raise the proxy's limit for a header field to 8 KiB (nginx: large_client_header_buffers 4 8k; Apache: LimitRequestFieldSize 8190)."},
	} {
		r, err := x.get(ctx, x.public("/healthz")+one.query, one.header)
		if err != nil {
			return unreachable(x.cfg.PublicURL, err)
		}
		if r.status != http.StatusOK {
			return fail("A proxy refuses "+one.name+" ("+statusText(r.status)+").",
				"Sign-ins can be that large: Entra's codes are long, and each open sign-in has a cookie.", one.remedy)
		}
	}
	return ok("The longest callbacks and cookies of sign-ins arrive.")
}
