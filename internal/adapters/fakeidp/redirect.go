package fakeidp

import (
	"net/url"
	"slices"
	"strings"
)

// redirects reports whether uri is a redirect URI of the client.
func (c *Client) redirects(uri string) bool {
	return matchURI(c.RedirectURIs, uri)
}

// returnsTo reports whether the client allows uri after sign-out.
func (c *Client) returnsTo(uri string) bool {
	if matchURI(c.PostLogoutRedirectURIs, uri) || matchURI(c.RedirectURIs, uri) {
		return true
	}
	return slices.ContainsFunc(c.RedirectURIs, func(registered string) bool {
		return matchURI([]string{origin(registered) + "/"}, uri)
	})
}

// matchURI reports whether uri is one of registered. It compares exactly (RFC
// 9700, section 2.1), except that it ignores the port of http://localhost, as
// Entra does.
func matchURI(registered []string, uri string) bool {
	u, err := url.Parse(uri)
	if err != nil || strings.Contains(uri, "#") {
		return false
	}
	portless := withoutLocalhostPort(u, uri)
	return slices.ContainsFunc(registered, func(want string) bool {
		if want == uri {
			return true
		}
		w, err := url.Parse(want)
		return err == nil && portless != "" && withoutLocalhostPort(w, want) == portless
	})
}

// withoutLocalhostPort returns an http://localhost URI without its port. For any
// other URI it returns "".
func withoutLocalhostPort(u *url.URL, text string) string {
	const prefix = "http://localhost"
	if u.User != nil || u.Hostname() != "localhost" || !strings.HasPrefix(text, prefix) {
		return ""
	}
	rest := strings.TrimPrefix(text, prefix)
	if port := u.Port(); port != "" {
		rest = strings.TrimPrefix(rest, ":"+port)
	}
	return prefix + rest
}

// origin returns scheme, host and port of an http or https URI, otherwise "".
func origin(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
