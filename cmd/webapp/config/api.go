package config

import (
	"net/url"
	"strings"

	"webapp/internal/adapters/entra/authority"
)

// checkAPI checks SCOPE and ENDPOINT. Without one of them there is no page that
// calls an API.
func (c *Config) checkAPI(found *Problems) {
	c.defaultAPI()
	c.Scopes = strings.Fields(c.Scope)
	if c.Endpoint == "" || len(c.Scopes) == 0 {
		c.hintHalfAnAPI()
		c.Endpoint, c.Scopes = "", nil
		return
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && !(u.Scheme == "http" && IsLoopback(u.Hostname()))) {
		found.add("ENDPOINT", "is not an https URL", "Access tokens are sent there: use https, or http on localhost.")
	}
}

// hintHalfAnAPI: one of the two alone hides the page as well as none does.
func (c *Config) hintHalfAnAPI() {
	scope, _ := c.lookup("SCOPE")
	endpoint, _ := c.lookup("ENDPOINT")
	switch {
	case endpoint != "" && scope == "":
		c.hint("ENDPOINT", "is set without SCOPE, so there is no page that calls it", "Set SCOPE, or unset ENDPOINT.")
	case scope != "" && endpoint == "":
		c.hint("SCOPE", "is set without ENDPOINT, so there is no page that calls an API", "Set ENDPOINT, or unset SCOPE.")
	}
}

// defaultAPI is the tutorial's: the signed-in user's own profile at Microsoft
// Graph, in the authority's cloud. A variable that is set wins, and one that is
// set to nothing turns the API off.
func (c *Config) defaultAPI() {
	configured, err := authority.Parse(c.Authority)
	if err != nil || configured.GraphHost() == "" {
		return
	}
	if _, given := c.lookup("SCOPE"); !given {
		c.Scope = "User.Read"
	}
	if _, given := c.lookup("ENDPOINT"); !given {
		c.Endpoint = "https://" + configured.GraphHost() + "/v1.0/me"
	}
}
