package doctor

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"webapp/internal/adapters/entra/authority"
)

// checkSignIn requests /login, as a browser does, and checks where it redirects.
func (x *examination) checkSignIn(ctx context.Context) Check {
	var err error
	if x.login, err = x.get(ctx, x.public("/login"), nil); err != nil {
		return unreachable(x.cfg.PublicURL, err)
	}
	if x.login.status == http.StatusServiceUnavailable {
		return fail(x.path("/login")+" responds with "+statusText(x.login.status)+".",
			"The running application cannot reach the identity provider or its session store at the moment.",
			"Open "+x.path("/readyz")+" of the running application to see which of the two it is. Its log says why.")
	}
	location, err := url.Parse(x.login.header.Get("Location"))
	if err != nil || location.Host == "" || x.login.status != http.StatusSeeOther && x.login.status != http.StatusFound {
		return fail(x.path("/login")+" does not redirect to the identity provider; its status is "+statusText(x.login.status)+".",
			"A sign-in begins with a redirect to the provider.",
			"Check whether the proxy responds in place of webapp, or changes its redirects.")
	}
	return x.compareLocation(location)
}

// compareLocation compares the authorization request of the running application
// with this configuration.
func (x *examination) compareLocation(location *url.URL) Check {
	query := location.Query()
	endpoint := location.Scheme + "://" + location.Host + location.Path
	const remedy = "Run this where the application runs, with its environment. If its configuration has changed, restart it. Configure the proxy not to rewrite redirects."
	configured, err := url.Parse(x.metadata.AuthorizationEndpoint)
	pushed := query.Has("request_uri") // RFC 9126: the URL has no other parameters
	switch redirectURI := query.Get("redirect_uri"); {
	case x.statuses[nameMetadata] == OK && err == nil && endpoint != configured.Scheme+"://"+configured.Host+configured.Path:
		return fail(x.path("/login")+" redirects to "+quoted(endpoint)+", which is not the provider that is configured here.",
			"The running application has another configuration, or a proxy rewrites its redirects.", remedy)
	case x.cfg.RedirectURI != "" && !pushed && redirectURI != x.cfg.RedirectURI:
		return fail("The running application sends the redirect URI "+quoted(redirectURI)+".",
			"REDIRECT_URI is "+x.cfg.RedirectURI+".", remedy)
	case x.cfg.Entra.ClientID != "" && authority.FoldGUID(query.Get("client_id")) != authority.FoldGUID(x.cfg.Entra.ClientID):
		return fail("The running application sends the client ID "+quoted(query.Get("client_id"))+".",
			"CLIENT_ID is "+x.cfg.Entra.ClientID+".", remedy)
	}
	if pushed {
		return ok(x.path("/login") + " redirects to the provider, with a pushed request and the client ID that is configured here.")
	}
	return ok(x.path("/login") + " redirects to the provider, with the redirect URI and client ID that are configured here.")
}

// checkCookies checks the cookie of a sign-in as it arrives through the proxy.
func (x *examination) checkCookies(context.Context) Check {
	secure := x.cfg.PublicURL.Scheme == "https"
	var found bool
	var faults []string
	for _, line := range x.login.header.Values("Set-Cookie") {
		c, err := http.ParseSetCookie(line)
		if err != nil || !strings.Contains(c.Name, "webapp_") {
			continue // a cookie of the proxy, perhaps
		}
		found = true
		faults = append(faults, cookieFaults(c, line, secure)...)
	}
	switch {
	case !found:
		return fail(x.path("/login")+" sets no cookie.",
			"The callback of a sign-in is refused without this cookie.",
			"Check whether the proxy removes Set-Cookie, or serves "+x.path("/login")+" from a cache.")
	case len(faults) > 0:
		return fail("The cookie of a sign-in does not arrive as webapp sets it.", strings.Join(faults, "\n"),
			"Configure the proxy not to change Set-Cookie (proxy_cookie_path, proxy_cookie_domain, ProxyPassReverseCookiePath and the like).\n"+
				"If the application is opened by https, REDIRECT_URI must begin with https too: it decides how cookies are set.")
	case secure:
		return ok("Cookies arrive with __Host-, Secure, HttpOnly and SameSite.")
	}
	return ok("Cookies arrive with HttpOnly and SameSite; Secure and __Host- need https.")
}

// maxCookieLine is the size of a cookie that browsers must accept, in bytes
// (RFC 6265, section 6.1).
const maxCookieLine = 4096

// cookieFaults returns one sentence for each fault of a cookie.
func cookieFaults(c *http.Cookie, line string, secure bool) []string {
	var faults []string
	for _, f := range []struct {
		is   bool
		text string
	}{
		{!c.HttpOnly, "It lacks HttpOnly, so scripts can read it."},
		{c.SameSite == 0, "It lacks SameSite, so other sites can send it."},
		{secure && !c.Secure, "It lacks Secure, so browsers send it without TLS too."},
		{secure && !strings.HasPrefix(c.Name, "__Host-"), "Its name does not begin with __Host-, so other hosts of the domain can set it."},
		{c.Path != "/", "Its path is not /, so the callback may not get it."},
		{c.Domain != "", "It names a domain, so other hosts get it too."},
		{len(line) > maxCookieLine, "It is longer than 4096 bytes, so browsers drop it."},
	} {
		if f.is {
			faults = append(faults, f.text)
		}
	}
	return faults
}
