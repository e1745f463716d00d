package domain

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// MaxReturnPath is the longest return path in bytes. It travels in a cookie,
// several of which must fit into one request header.
const MaxReturnPath = 1024

// returnRule decides where a browser may be sent after signing in.
type returnRule struct{ never map[string]bool }

func newReturnRule(never []string) returnRule {
	r := returnRule{never: make(map[string]bool, len(never))}
	for _, p := range never {
		r.never[p] = true
	}
	return r
}

// check returns raw, percent-encoded where a header needs it, when a browser
// resolves it to a path of this origin; else "/". The reading is that of the
// WHATWG URL Standard, which differs from RFC 3986 in ways that open
// redirectors live by: a backslash counts as a slash, tabs and line breaks
// vanish, and "//host" names another origin.
func (r returnRule) check(raw string) string {
	if raw == "" || len(raw) > MaxReturnPath || !utf8.ValidString(raw) || raw[0] != '/' {
		return "/"
	}
	if strings.ContainsFunc(raw, isControl) {
		return "/"
	}
	path, _, _ := strings.Cut(raw, "#")
	path, _, _ = strings.Cut(path, "?")
	// Both readings count: "//host/.." names a host before its dot segments go,
	// "/.//host" once they are gone.
	resolved := withoutDots(path)
	if strings.Contains(path, `\`) || strings.HasPrefix(path, "//") || strings.HasPrefix(resolved, "//") {
		return "/"
	}
	safe := encode(raw)
	u, err := url.Parse(safe)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return "/"
	}
	plain, err := url.PathUnescape(resolved)
	if err != nil || len(safe) > MaxReturnPath || r.never[strings.TrimSuffix(plain, "/")] {
		return "/"
	}
	return safe
}

// isControl finds what a browser strips or what breaks a header: C0 and C1
// controls and DEL, and the Unicode line and paragraph separators.
func isControl(c rune) bool {
	return c < 0x20 || c >= 0x7f && c <= 0x9f || c == 0x2028 || c == 0x2029
}

// withoutDots removes dot segments as a browser does, percent-encoded ones
// included, so that "/.//host" shows itself as "//host". A dot segment at the
// end leaves its slash.
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

// encode percent-encodes what may not stand in a Location header or a URL.
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
