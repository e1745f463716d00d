package authority

import (
	"errors"
	"net"
	"net/url"
	"strings"
)

// ParseWebURL reads an absolute https URL. Plain http is taken only where the
// host is this machine, because there is no network to protect.
func ParseWebURL(text string) (*url.URL, error) {
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
	case u.Scheme == "http" && IsLoopback(u.Hostname()):
	case u.Scheme == "http":
		return nil, errors.New("must use https; plain http is for localhost only")
	default:
		return nil, errors.New("must start with https://")
	}
	return u, nil
}

// IsLoopback says whether host is localhost or a loopback address. It asks no name
// server.
func IsLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// IsLoopbackOrigin says whether text is the scheme and host of a URL on this
// machine and nothing more.
func IsLoopbackOrigin(text string) bool {
	u, err := ParseWebURL(text)
	return err == nil && IsLoopback(u.Hostname()) && strings.Trim(u.Path, "/") == "" && u.RawQuery == ""
}
