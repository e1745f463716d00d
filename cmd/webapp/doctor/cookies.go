package doctor

import (
	"context"
	"net/http"
	"strings"
)

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
