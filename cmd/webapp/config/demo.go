package config

import (
	"net"
	"net/url"

	"webapp/internal/adapters/entra/authority"
)

// checkDemo refuses to start a demo beside a real provider or for other machines.
func (c *Config) checkDemo(found *Problems) {
	names := []string{
		"AUTHORITY", "OIDC_AUTHORITY", "B2C_TENANT_NAME", "ALLOWED_TENANTS", "ALLOWED_SUBJECTS",
		"SIGNUPSIGNIN_USER_FLOW", "EDITPROFILE_USER_FLOW", "RESETPASSWORD_USER_FLOW",
		"CLIENT_CERTIFICATE_PASSWORD", "CLIENT_CERTIFICATE_PASSWORD_FILE",
	}
	for _, v := range c.credentials() {
		names = append(names, v.name)
	}
	for _, name := range names {
		if value, _ := c.lookup(name); value != "" {
			found.add(name, "is set, and -demo refuses to start beside it",
				"To use it, start without -demo. To see the demo, unset it, in .env too.")
		}
	}
	host, _, err := net.SplitHostPort(c.ListenAddr)
	if err == nil && !authority.IsLoopback(host) {
		found.add("LISTEN_ADDR", "leads to other machines, but -demo listens on this machine only",
			"Use localhost:3000 or another port of localhost.")
	}
	if c.Redirect != nil && !authority.IsLoopback(c.Redirect.Hostname()) {
		found.add("REDIRECT_URI", "leads to another machine, but -demo is for this machine only",
			"Unset it, or use http://localhost:3000/getAToken.")
	}
}

// loopbackOrigin returns the origin of a plain http URL on this machine. It returns
// false for any other text.
func loopbackOrigin(text string) (string, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || !authority.IsLoopback(u.Hostname()) {
		return "", false
	}
	return u.Scheme + "://" + u.Host, true
}
