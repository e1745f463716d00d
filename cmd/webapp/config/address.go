package config

import (
	"cmp"
	"net"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"webapp/internal/adapters/entra/authority"
	webhttp "webapp/internal/adapters/http"
)

// tutorialPath is the path of the redirect URI in Microsoft's tutorial.
const tutorialPath = "/getAToken"

func (c *Config) checkListenAddr(found *Problems) {
	if _, port, err := net.SplitHostPort(c.ListenAddr); err != nil || !isPort(port) {
		found.add("LISTEN_ADDR", "is not HOST:PORT", "Write it like localhost:3000, or :8080 for every address of this machine.")
	}
}

// isPort reports whether text is a port number or the name of a service.
func isPort(text string) bool {
	_, err := net.LookupPort("tcp", text)
	return err == nil && text != ""
}

// checkBasePath checks BASE_PATH and removes one slash at its end.
func (c *Config) checkBasePath(found *Problems) {
	c.BasePath = strings.TrimSuffix(c.BasePath, "/")
	// The unreserved characters of a URL (RFC 3986, section 2.3), which browsers and
	// proxies do not change, and the slash.
	const characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~/"
	plain := strings.HasPrefix(c.BasePath, "/") && c.BasePath != "/" && path.Clean(c.BasePath) == c.BasePath && strings.Trim(c.BasePath, characters) == ""
	if c.BasePath != "" && !plain {
		found.add("BASE_PATH", "is not a plain path", "Write it like /_signin, with letters, digits, -, _, . and ~ between the slashes.")
		c.BasePath = "" // the checks of addresses that contain it would blame REDIRECT_URI
	}
}

// checkRedirectURI checks REDIRECT_URI and sets Redirect. The default for a demo has
// the port of LISTEN_ADDR.
func (c *Config) checkRedirectURI(found *Problems) {
	if c.RedirectURI == "" {
		c.RedirectURI = "http://localhost:3000" + tutorialPath
		switch _, port, err := net.SplitHostPort(c.ListenAddr); {
		case err != nil:
		case c.Demo:
			c.RedirectURI = "http://localhost:" + port + tutorialPath
		case port != "3000":
			c.hint("REDIRECT_URI", "is not set, so it leads to port 3000, but LISTEN_ADDR has another port",
				"Set REDIRECT_URI to the registered redirect URI: the address that users open, followed by a path such as "+tutorialPath+".")
		}
	}
	u, err := url.Parse(c.RedirectURI)
	const remedy = "Write the redirect URI exactly as it is registered, such as https://app.example.com/getAToken. Only localhost may use http."
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		found.add("REDIRECT_URI", "is not an absolute URL", remedy)
	case u.Scheme == "http" && !authority.IsLoopback(u.Hostname()):
		found.add("REDIRECT_URI", "must use https", remedy)
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.ForceQuery:
		found.add("REDIRECT_URI", "has a query, a fragment or a user name", remedy)
	case len(c.RedirectURI) > 256:
		found.add("REDIRECT_URI", "is longer than 256 characters, which Entra does not accept", remedy)
	case u.RawPath != "" || strings.ContainsAny(u.Path, "{}*") || u.Path == "" || u.Path == "/" || c.takenPath(u.Path):
		found.add("REDIRECT_URI", "has a path that this application uses for something else", "Use another path, such as "+c.BasePath+tutorialPath+", and register it.")
	default:
		c.Redirect = u
		c.hintRedirect(u.Path)
	}
}

// hintRedirect reports the most frequent typing mistakes in a path, because the provider
// refuses a redirect URI that is not exactly as registered. It also reports a path that
// a proxy for forward authentication sends to the other application.
func (c *Config) hintRedirect(path string) {
	if c.ForwardAuth && !strings.HasPrefix(path, c.HomePath()) {
		c.hint("REDIRECT_URI", "is not below BASE_PATH, but FORWARD_AUTH is set: unless the proxy sends this path to webapp, no sign-in can end",
			"Register a redirect URI below BASE_PATH, such as "+c.HomePath()+"callback, or send its path to webapp as well, without asking /verify.")
	}
	const remedy = "Compare it with the redirect URI that is registered at the provider. Both must be exactly the same."
	if strings.HasSuffix(path, "/") {
		c.hint("REDIRECT_URI", "ends in a slash", remedy)
	}
	if strings.EqualFold(path, tutorialPath) && path != tutorialPath {
		c.hint("REDIRECT_URI", "differs from the tutorial's "+tutorialPath+" only in upper and lower case", remedy)
	}
}

// takenPath reports whether the application serves something else at the path callback.
func (c *Config) takenPath(callback string) bool {
	if webhttp.Reserved(c.BasePath, callback) {
		return true
	}
	return slices.ContainsFunc(c.options.Mounts, func(mount string) bool {
		mount = c.BasePath + mount
		return callback == mount || strings.HasPrefix(callback, mount+"/")
	})
}

// AddressToOpen returns the address that opens the application in a browser. Its
// origin is the public one, unless that leads to a port or an address of this
// machine where the program does not listen.
func (c *Config) AddressToOpen(listening net.Addr) string {
	origin := c.originToOpen(listening)
	if c.BasePath == "" {
		return origin
	}
	return origin + c.HomePath()
}

func (c *Config) originToOpen(listening net.Addr) string {
	at, ok := listening.(*net.TCPAddr)
	if !ok || c.HTTPS() {
		return c.Origin()
	}
	port := strconv.Itoa(at.Port)
	everywhere := at.IP.IsUnspecified()
	published, _ := c.lookup("REDIRECT_URI") // outside a container the port can differ
	switch {
	case everywhere && published != "":
		return c.Origin()
	case cmp.Or(c.Redirect.Port(), "80") == port && (everywhere || at.IP.IsLoopback()):
		return c.Origin()
	case everywhere:
		return "http://localhost:" + port
	default:
		return "http://" + net.JoinHostPort(at.IP.String(), port)
	}
}

// HTTPS reports whether the public address of the application begins with https.
func (c *Config) HTTPS() bool { return c.Redirect != nil && c.Redirect.Scheme == "https" }

// Origin returns the public origin of the application. It comes from REDIRECT_URI,
// never from a request.
func (c *Config) Origin() string {
	if c.Redirect == nil {
		return ""
	}
	return c.Redirect.Scheme + "://" + c.Redirect.Host
}

// HomePath returns the path of the home page.
func (c *Config) HomePath() string { return c.BasePath + "/" }
