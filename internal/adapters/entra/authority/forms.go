package authority

import (
	"errors"
	"net"
	"net/url"
	"strings"
)

// IsGUID reports whether text is a GUID in lower case, as Entra writes it.
func IsGUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		switch c := text[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case (c < '0' || c > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}

// FoldGUID returns a GUID in lower case and any other text unchanged. IDs that are
// GUIDs compare without regard to case. Issuers and subjects do not.
func FoldGUID(text string) string {
	if folded := strings.ToLower(text); IsGUID(folded) {
		return folded
	}
	return text
}

// ParseWebURL reads an absolute https URL. It accepts plain http only if the host is
// this machine. An error is a sentence about the value and does not quote it.
func ParseWebURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return nil, errors.New("is not an absolute URL")
	}
	if u.User != nil {
		return nil, errors.New("must not have a user name or password")
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

// IsLoopback reports whether host is localhost or a loopback address. It does not
// resolve names. An empty host, which can stand for every address, is not loopback.
func IsLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// IsLoopbackOrigin reports whether text is the scheme and host of a URL on this
// machine and nothing more.
func IsLoopbackOrigin(text string) bool {
	u, err := ParseWebURL(text)
	return err == nil && IsLoopback(u.Hostname()) && strings.Trim(u.Path, "/") == "" && u.RawQuery == ""
}
