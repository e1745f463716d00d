package config

import (
	"net/url"
	"strings"

	"webapp/internal/adapters/entra/authority"
)

// checkAPI checks SCOPE and ENDPOINT and sets Scopes. If one of the two is empty,
// the page /call_api does not exist.
func (c *Config) checkAPI(found *Problems) {
	c.defaultAPI()
	c.Scopes = strings.Fields(c.Scope)
	if c.Endpoint == "" || len(c.Scopes) == 0 {
		c.hintHalfAnAPI()
		c.Endpoint, c.Scopes = "", nil
		return
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && !(u.Scheme == "http" && authority.IsLoopback(u.Hostname()))) {
		found.add("ENDPOINT", "is not an https URL", "Write an https URL, because access tokens are sent there. Only localhost may use http.")
	}
}

// hintHalfAnAPI reports that only one of the two variables is set.
func (c *Config) hintHalfAnAPI() {
	scope, _ := c.lookup("SCOPE")
	endpoint, _ := c.lookup("ENDPOINT")
	switch {
	case endpoint != "" && scope == "":
		c.hint("ENDPOINT", "is set without SCOPE, so no page calls it", "Set SCOPE, or unset ENDPOINT.")
	case scope != "" && endpoint == "":
		c.hint("SCOPE", "is set without ENDPOINT, so no page calls an API", "Set ENDPOINT, or unset SCOPE.")
	}
}

// defaultAPI sets the API of Microsoft's tutorial if SCOPE or ENDPOINT is not set:
// the user's own profile in Microsoft Graph, in the cloud of the authority. A
// variable that is set to an empty value stays empty, which turns the API off.
func (c *Config) defaultAPI() {
	configured, err := authority.Parse(c.Authority)
	if err != nil || configured.GraphHost() == "" {
		return
	}
	if _, set := c.lookup("SCOPE"); !set {
		c.Scope = "User.Read"
	}
	if _, set := c.lookup("ENDPOINT"); !set {
		c.Endpoint = "https://" + configured.GraphHost() + "/v1.0/me"
	}
}
