package entra

import (
	"errors"
	"net"
	"net/url"
	"strings"
)

// parseWebURL reads an absolute https URL. Plain http is taken only where the
// host is this machine, because there is no network to protect.
func parseWebURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return nil, errors.New("is not an absolute URL")
	}
	if u.User != nil {
		return nil, errors.New("must not hold a user name or password")
	}
	if u.Fragment != "" || strings.Contains(text, "#") {
		return nil, errors.New("must not have a fragment")
	}
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http" && isLoopback(u.Hostname()):
	case u.Scheme == "http":
		return nil, errors.New("must use https; plain http is for localhost only")
	default:
		return nil, errors.New("must start with https://")
	}
	return u, nil
}

// isLoopback says whether host stands for this machine by its very form, so
// that no name server has a say in it.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// isLoopbackOrigin says whether text is the scheme and host of a URL on this
// machine and nothing more.
func isLoopbackOrigin(text string) bool {
	u, err := parseWebURL(text)
	return err == nil && isLoopback(u.Hostname()) && strings.Trim(u.Path, "/") == "" && u.RawQuery == ""
}
