package doctor

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"webapp/internal/adapters/entra/authority"
)

// checkSignIn begins a sign-in as a browser would, and reads where it leads.
func (x *examination) checkSignIn(ctx context.Context) Check {
	var err error
	if x.login, err = x.get(ctx, x.public("/login"), nil); err != nil {
		return unreachable(x.cfg.PublicURL, err)
	}
	if x.login.status == http.StatusServiceUnavailable {
		return fail("/login answers "+statusText(x.login.status)+".",
			"The running application cannot reach the identity provider or its session store at this moment.",
			"/readyz of the running application says which; its log says why.")
	}
	location, err := url.Parse(x.login.header.Get("Location"))
	if err != nil || location.Host == "" || x.login.status != http.StatusSeeOther && x.login.status != http.StatusFound {
		return fail("/login does not lead to the identity provider; it answers "+statusText(x.login.status)+".",
			"A sign-in begins with a redirect to the provider.",
			"Does the proxy answer in webapp's place, or change its redirects?")
	}
	return x.judgeLocation(location)
}

// judgeLocation compares where a sign-in leads with the configuration here.
func (x *examination) judgeLocation(location *url.URL) Check {
	query := location.Query()
	endpoint := location.Scheme + "://" + location.Host + location.Path
	const remedy = "Run this where the application runs, with its environment; restart the application where its configuration has changed; let no proxy rewrite redirects."
	known, err := url.Parse(x.metadata.AuthorizationEndpoint)
	switch got := query.Get("redirect_uri"); {
	case x.outcome[nameMetadata] == OK && err == nil && endpoint != known.Scheme+"://"+known.Host+known.Path:
		return fail("/login leads to "+shown(endpoint)+", which is not the provider configured here.",
			"The running application has another configuration, or something rewrites its redirects.", remedy)
	case x.cfg.RedirectURI != "" && got != x.cfg.RedirectURI:
		return fail("The running application lets people come back to "+shown(got)+".",
			"REDIRECT_URI is "+x.cfg.RedirectURI+".", remedy)
	case x.cfg.Entra.ClientID != "" && authority.FoldGUID(query.Get("client_id")) != authority.FoldGUID(x.cfg.Entra.ClientID):
		return fail("The running application has the client ID "+shown(query.Get("client_id"))+".",
			"CLIENT_ID is "+x.cfg.Entra.ClientID+".", remedy)
	}
	return ok("/login leads to the provider, with the redirect URI and client ID that are configured here.")
}

// checkCookies reads the cookie of a sign-in as it comes out of the proxy.
func (x *examination) checkCookies(context.Context) Check {
	lines := x.login.header.Values("Set-Cookie")
	secure := x.cfg.PublicURL.Scheme == "https"
	var found bool
	var wrong []string
	for _, line := range lines {
		c, err := http.ParseSetCookie(line)
		if err != nil || !strings.Contains(c.Name, "webapp_") {
			continue // the proxy's own, perhaps
		}
		found = true
		wrong = append(wrong, cookieFaults(c, line, secure)...)
	}
	switch {
	case !found:
		return fail("/login sets no cookie.",
			"Without the cookie that a sign-in begins with, the way back is refused.",
			"Does the proxy drop Set-Cookie, or answer /login out of a cache?")
	case len(wrong) > 0:
		return fail("The cookie of a sign-in does not arrive as webapp sets it.", strings.Join(wrong, "\n"),
			"Let the proxy leave Set-Cookie alone (proxy_cookie_path, proxy_cookie_domain, ProxyPassReverseCookiePath and the like).\n"+
				"On https, REDIRECT_URI must begin with https too: it decides how cookies are set.")
	case secure:
		return ok("Cookies arrive with __Host-, Secure, HttpOnly and SameSite.")
	}
	return ok("Cookies arrive with HttpOnly and SameSite; Secure and __Host- come with https.")
}

// maxCookieLine is what browsers keep of one cookie (RFC 6265, section 6.1).
const maxCookieLine = 4096

// cookieFaults says what a cookie lacks, a line each.
func cookieFaults(c *http.Cookie, line string, secure bool) []string {
	var wrong []string
	for _, f := range []struct {
		is   bool
		text string
	}{
		{!c.HttpOnly, "It lacks HttpOnly, so that scripts could read it."},
		{c.SameSite == 0, "It lacks SameSite, so that other sites can send it."},
		{secure && !c.Secure, "It lacks Secure, so that it would travel without TLS."},
		{secure && !strings.HasPrefix(c.Name, "__Host-"), "Its name does not begin with __Host-, so that other hosts of the domain could set it."},
		{c.Path != "/", "Its path is not /, so that the way back may find none."},
		{c.Domain != "", "It names a domain, so that other hosts get it too."},
		{len(line) > maxCookieLine, "It is longer than 4096 bytes, which browsers drop."},
	} {
		if f.is {
			wrong = append(wrong, f.text)
		}
	}
	return wrong
}
