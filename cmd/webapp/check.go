package main

import (
	"encoding/base64"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"webapp/internal/adapters/entra"
	webhttp "webapp/internal/adapters/http"
)

// check fills in what the variables mean and reports everything that is wrong.
func (s *settings) check(found *problems) {
	s.checkListenAddr(found)
	s.checkRedirectURI(found)
	if s.demo {
		s.checkDemo(found)
	} else {
		s.checkPlaceholders(found)
		s.checkProvider(found)
		s.checkCredential(found)
		s.checkAdapter(found)
		s.checkOwnAdapter(found)
		s.checkAPI(found)
	}
	s.checkSession(found)
	s.checkOperation(found)
}

// checkDemo keeps the demo away from anything real: a provider or a credential
// in the configuration means that this is not a place to play.
func (s *settings) checkDemo(found *problems) {
	real := []variable{
		{"AUTHORITY", s.Authority}, {"OIDC_AUTHORITY", s.OIDCAuthority}, {"CLIENT_CERTIFICATE_PASSWORD", s.ClientCertificatePassword},
	}
	for _, v := range append(real, s.credentials()...) {
		if v.value != "" {
			found.add(v.name, "is set, and -demo refuses to start beside it",
				"Start without -demo to use it, or unset it (look into .env too) to see the demo.")
		}
	}
	host, _, err := net.SplitHostPort(s.ListenAddr)
	if err == nil && !isLoopback(host) {
		found.add("LISTEN_ADDR", "is not on this machine alone, and -demo listens nowhere else",
			"Use localhost:3000 or another port of localhost.")
	}
	if s.redirect != nil && !isLoopback(s.redirect.Hostname()) {
		found.add("REDIRECT_URI", "is not on this machine, and -demo is for this machine alone",
			"Unset it, or use http://localhost:3000/getAToken.")
	}
}

func (s *settings) checkAPI(found *problems) {
	s.defaultAPI()
	s.scopes = strings.Fields(s.Scope)
	if s.Endpoint == "" || len(s.scopes) == 0 {
		s.hintHalfAnAPI()
		s.Endpoint, s.scopes = "", nil
		return
	}
	u, err := url.Parse(s.Endpoint)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname()))) {
		found.add("ENDPOINT", "is not an https URL", "Access tokens are sent there: use https, or http on localhost.")
	}
}

// hintHalfAnAPI: one of the two alone hides the page as well as none does.
func (s *settings) hintHalfAnAPI() {
	scope, _ := s.given("SCOPE")
	endpoint, _ := s.given("ENDPOINT")
	switch {
	case endpoint != "" && scope == "":
		s.hint("ENDPOINT", "is set without SCOPE, so there is no page that calls it", "Set SCOPE, or unset ENDPOINT.")
	case scope != "" && endpoint == "":
		s.hint("SCOPE", "is set without ENDPOINT, so there is no page that calls an API", "Set ENDPOINT, or unset SCOPE.")
	}
}

// defaultAPI is the tutorial's: the signed-in user's own profile at Microsoft
// Graph, in the authority's cloud. A variable that is set wins, and one that is
// set to nothing turns the API off.
func (s *settings) defaultAPI() {
	authority, err := entra.ParseAuthority(s.Authority)
	if err != nil || authority.GraphHost() == "" {
		return
	}
	if _, given := s.given("SCOPE"); !given {
		s.Scope = "User.Read"
	}
	if _, given := s.given("ENDPOINT"); !given {
		s.Endpoint = "https://" + authority.GraphHost() + "/v1.0/me"
	}
}

func (s *settings) checkListenAddr(found *problems) {
	if _, _, err := net.SplitHostPort(s.ListenAddr); err != nil {
		found.add("LISTEN_ADDR", "is not HOST:PORT", "Write it like localhost:3000, or :8080 for every address of this machine.")
	}
}

// checkRedirectURI also makes the default, which in a demo follows LISTEN_ADDR.
func (s *settings) checkRedirectURI(found *problems) {
	if s.RedirectURI == "" {
		s.RedirectURI = "http://localhost:3000/getAToken"
		switch _, port, err := net.SplitHostPort(s.ListenAddr); {
		case err != nil:
		case s.demo:
			s.RedirectURI = "http://localhost:" + port + "/getAToken"
		case port != "3000":
			s.hint("REDIRECT_URI", "is not set and leads to port 3000, where LISTEN_ADDR does not listen", "Set REDIRECT_URI to the address that people open, with its path /getAToken, as it is registered.")
		}
	}
	u, err := url.Parse(s.RedirectURI)
	remedy := "Write exactly what is registered, such as https://app.example.com/getAToken; http is for localhost only."
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		found.add("REDIRECT_URI", "is not an absolute URL", remedy)
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		found.add("REDIRECT_URI", "must use https", remedy)
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.ForceQuery:
		found.add("REDIRECT_URI", "must be a plain address without query, fragment or user name", remedy)
	case len(s.RedirectURI) > 256:
		found.add("REDIRECT_URI", "is longer than 256 characters, which Entra does not take", remedy)
	case u.RawPath != "" || strings.ContainsAny(u.Path, "{}*") || u.Path == "" || u.Path == "/" || takenPath(u.Path):
		found.add("REDIRECT_URI", "has a path that this application uses for something else", "Use a path of its own, such as /getAToken.")
	default:
		s.redirect = u
	}
}

// takenPath says whether a route has the path already.
func takenPath(path string) bool {
	if webhttp.Reserved(path) {
		return true
	}
	for mount := range waysIn() {
		if path == mount || strings.HasPrefix(path, mount+"/") {
			return true
		}
	}
	return false
}

// longestSession is far beyond what anybody means, and well within what a time
// can be reckoned with.
const longestSession = 10 * 365 * 24 * time.Hour

func (s *settings) checkSession(found *problems) {
	s.checkStore(found)
	if s.SessionIdleTimeout <= 0 && !found.has("SESSION_IDLE_TIMEOUT") {
		found.add("SESSION_IDLE_TIMEOUT", "is not positive", "Write it like 30m or 1h.")
	}
	if s.SessionLifetime <= 0 && !found.has("SESSION_LIFETIME") {
		found.add("SESSION_LIFETIME", "is not positive", "Write it like 8h or 12h.")
	}
	if s.SessionLifetime > longestSession {
		found.add("SESSION_LIFETIME", "is more than ten years", "Write it like 8h or 12h.")
	}
	if s.SessionIdleTimeout > longestSession {
		found.add("SESSION_IDLE_TIMEOUT", "is more than ten years", "Write it like 30m or 1h.")
	}
	if s.SessionKey == "" {
		return
	}
	for one := range strings.SplitSeq(s.SessionKey, ",") {
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(one))
		if err != nil || len(key) != 32 {
			found.add("SESSION_KEY", "is not base64 of 32 bytes, or several separated by commas", "Make one with: openssl rand -base64 32")
			return
		}
		s.sessionKeys = append(s.sessionKeys, key)
	}
}

// isLoopback says whether host is this machine by its very form. An empty host
// is every address and so is not.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
