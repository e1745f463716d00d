package domain

import (
	"cmp"
	"net/url"
	"strings"
	"unicode/utf8"
)

// MaxReturnPath is the longest return path in bytes. A cookie contains it, and
// several of these cookies must fit into one request header.
const MaxReturnPath = 1024

// ReturnPath returns raw if it is a local path to which a browser may be sent after
// a sign-in, and the home page's path otherwise.
func (s *Service) ReturnPath(raw string) string { return s.returns.check(raw) }

// returnRule decides which paths a browser may be sent to after a sign-in.
type returnRule struct {
	home  string
	never map[string]bool
}

func newReturnRule(home string, never []string) returnRule {
	r := returnRule{home: cmp.Or(home, "/"), never: make(map[string]bool, len(never))}
	for _, p := range never {
		r.never[strings.TrimSuffix(p, "/")] = true
	}
	return r
}

// check returns raw if a browser resolves it to a path of this origin, and home
// otherwise. It percent-encodes characters that cannot stand in a header. Browsers
// follow the WHATWG URL Standard, which differs from RFC 3986 in ways that open
// redirectors exploit: a backslash is a slash, tabs and line breaks are removed,
// and "//host" is another origin.
func (r returnRule) check(raw string) string {
	if raw == "" || len(raw) > MaxReturnPath || !utf8.ValidString(raw) || raw[0] != '/' {
		return r.home
	}
	if strings.ContainsFunc(raw, isControl) {
		return r.home
	}
	path, _, _ := strings.Cut(raw, "#")
	path, _, _ = strings.Cut(path, "?")
	// Check before and after removing dot segments: "//host/.." names a host
	// before, and "/.//host" after.
	resolved := withoutDots(path)
	if strings.Contains(path, `\`) || strings.HasPrefix(path, "//") || strings.HasPrefix(resolved, "//") {
		return r.home
	}
	safe := encode(raw)
	u, err := url.Parse(safe)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return r.home
	}
	plain, err := url.PathUnescape(resolved)
	if err != nil || len(safe) > MaxReturnPath || r.never[strings.TrimSuffix(plain, "/")] {
		return r.home
	}
	return safe
}

// isControl reports whether a browser removes c from a URL, or c breaks a header:
// C0 and C1 controls, DEL, and the Unicode line and paragraph separators.
func isControl(c rune) bool {
	return c < 0x20 || c >= 0x7f && c <= 0x9f || c == 0x2028 || c == 0x2029
}

// withoutDots removes dot segments as a browser does, percent-encoded ones
// included: "/.//host" becomes "//host", and "/a/.." becomes "/".
func withoutDots(path string) string {
	var kept []string
	segments := strings.Split(path, "/")[1:]
	for i, segment := range segments {
		last := i == len(segments)-1
		switch strings.ReplaceAll(strings.ToLower(segment), "%2e", ".") {
		case ".":
		case "..":
			kept = kept[:max(0, len(kept)-1)]
		default:
			kept = append(kept, segment)
			continue
		}
		if last {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/")
}

// encode percent-encodes bytes that cannot stand in a Location header or a URL.
func encode(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\\\"<>^`{|}", c) >= 0 {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
