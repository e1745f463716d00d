package config

import (
	"net"
	"net/url"
	"slices"
	"strings"

	webhttp "webapp/internal/adapters/http"
)

func (c *Config) checkListenAddr(found *Problems) {
	if _, _, err := net.SplitHostPort(c.ListenAddr); err != nil {
		found.add("LISTEN_ADDR", "is not HOST:PORT", "Write it like localhost:3000, or :8080 for every address of this machine.")
	}
}

// checkRedirectURI fills in Redirect. The default of a demo has the port of
// LISTEN_ADDR.
func (c *Config) checkRedirectURI(found *Problems) {
	if c.RedirectURI == "" {
		c.RedirectURI = "http://localhost:3000/getAToken"
		switch _, port, err := net.SplitHostPort(c.ListenAddr); {
		case err != nil:
		case c.Demo:
			c.RedirectURI = "http://localhost:" + port + "/getAToken"
		case port != "3000":
			c.hint("REDIRECT_URI", "is not set and leads to port 3000, where LISTEN_ADDR does not listen",
				"Set REDIRECT_URI to the address that people open, with its path /getAToken, as it is registered.")
		}
	}
	u, err := url.Parse(c.RedirectURI)
	remedy := "Write exactly what is registered, such as https://app.example.com/getAToken; http is for localhost only."
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		found.add("REDIRECT_URI", "is not an absolute URL", remedy)
	case u.Scheme == "http" && !IsLoopback(u.Hostname()):
		found.add("REDIRECT_URI", "must use https", remedy)
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.ForceQuery:
		found.add("REDIRECT_URI", "must be a plain address without query, fragment or user name", remedy)
	case len(c.RedirectURI) > 256:
		found.add("REDIRECT_URI", "is longer than 256 characters, which Entra does not take", remedy)
	case u.RawPath != "" || strings.ContainsAny(u.Path, "{}*") || u.Path == "" || u.Path == "/" || c.takenPath(u.Path):
		found.add("REDIRECT_URI", "has a path that this application uses for something else", "Use a path of its own, such as /getAToken.")
	default:
		c.Redirect = u
	}
}

// takenPath says whether the application serves something else at path.
func (c *Config) takenPath(path string) bool {
	if webhttp.Reserved(path) {
		return true
	}
	return slices.ContainsFunc(c.program.Mounts, func(mount string) bool {
		return path == mount || strings.HasPrefix(path, mount+"/")
	})
}
