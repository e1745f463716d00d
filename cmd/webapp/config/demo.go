package config

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// checkDemo keeps the demo away from real providers and from other machines.
func (c *Config) checkDemo(found *Problems) {
	names := []string{
		"AUTHORITY", "OIDC_AUTHORITY", "ALLOWED_TENANTS", "ALLOWED_SUBJECTS",
		"CLIENT_CERTIFICATE_PASSWORD", "CLIENT_CERTIFICATE_PASSWORD_FILE",
	}
	for _, v := range c.credentials() {
		names = append(names, v.name)
	}
	for _, name := range names {
		if value, _ := c.lookup(name); value != "" {
			found.add(name, "is set, and -demo refuses to start beside it",
				"Start without -demo to use it, or unset it (look into .env too) to see the demo.")
		}
	}
	host, _, err := net.SplitHostPort(c.ListenAddr)
	if err == nil && !IsLoopback(host) {
		found.add("LISTEN_ADDR", "is not on this machine alone, and -demo listens nowhere else",
			"Use localhost:3000 or another port of localhost.")
	}
	if c.Redirect != nil && !IsLoopback(c.Redirect.Hostname()) {
		found.add("REDIRECT_URI", "is not on this machine, and -demo is for this machine alone",
			"Unset it, or use http://localhost:3000/getAToken.")
	}
}

// IsLoopback says whether host is a name or an address of this machine alone. An
// empty host means every address, so it is not.
func IsLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// loopbackOrigin returns the origin of a plain http URL on this machine.
func loopbackOrigin(text string) (string, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || !IsLoopback(u.Hostname()) {
		return "", false
	}
	return u.Scheme + "://" + u.Host, true
}
