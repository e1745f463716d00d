package fakeidp

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// redirects reports whether uri is a redirect URI of the client.
func (c *Client) redirects(uri string) bool {
	return matchURI(c.RedirectURIs, uri) || c.AnyLocalhost && withoutLocalhostPort(uri) != ""
}

// returnsTo reports whether the client allows uri after sign-out.
func (c *Client) returnsTo(uri string) bool {
	if matchURI(c.PostLogoutRedirectURIs, uri) || c.redirects(uri) {
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
	if strings.Contains(uri, "#") {
		return false
	}
	portless := withoutLocalhostPort(uri)
	return slices.ContainsFunc(registered, func(want string) bool {
		return want == uri || portless != "" && withoutLocalhostPort(want) == portless
	})
}

// localhostForm matches an http://localhost URI. It does not match other hosts that begin
// with the same text, such as http://localhost.evil.example and
// http://localhost@evil.example.
var localhostForm = regexp.MustCompile(`^http://localhost(:[0-9]+)?([/?].*)?$`)

// withoutLocalhostPort returns an http://localhost URI without its port. For any
// other URI it returns "". It refuses a backslash, which browsers read as a slash.
func withoutLocalhostPort(uri string) string {
	parts := localhostForm.FindStringSubmatch(uri)
	u, err := url.Parse(uri)
	if parts == nil || err != nil || strings.ContainsAny(uri, `\#`) {
		return ""
	}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); u.Port() != "" && (err != nil || port == 0) {
		return ""
	}
	return "http://localhost" + parts[2]
}

// origin returns scheme, host and port of an http or https URI, otherwise "".
func origin(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
