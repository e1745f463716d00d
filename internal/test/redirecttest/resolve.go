package redirecttest

import (
	"errors"
	"strings"
)

// Opaque is the origin of a URL without a host, such as javascript:alert(1).
const Opaque = "null"

// Address is a parsed URL.
type Address struct {
	// Origin is scheme://host[:port], or Opaque. The host is in lower case and
	// otherwise unchanged, so a host that equals the application's only after
	// decoding or Unicode mapping is another origin.
	Origin string
	// Path has no dot segments and is percent-encoded as a browser sends it.
	Path string
	// Query and Fragment do not include "?" and "#".
	Query, Fragment string
}

// errNoAddress means that a browser cannot parse the URL.
var errNoAddress = errors.New("redirecttest: not an address")

// special returns the default port of a special scheme (URL Standard, section
// 3.1). In URLs of these schemes a backslash is a slash. It returns false for other
// schemes.
func special(scheme string) (port string, ok bool) {
	switch scheme {
	case "http", "ws":
		return "80", true
	case "https", "wss":
		return "443", true
	case "ftp":
		return "21", true
	case "file":
		return "", true
	}
	return "", false
}

// Resolve parses location like the basic URL parser (URL Standard, section 4.4),
// relative to base, a simple http or https URL.
func Resolve(base, location string) (Address, error) {
	from, err := parse(base, nil)
	if err != nil {
		return Address{}, err
	}
	return parse(location, &from)
}

func parse(input string, base *Address) (Address, error) {
	input = strings.TrimFunc(input, func(c rune) bool { return c <= ' ' })
	input = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(input)
	scheme, rest, ok := cutScheme(input)
	if !ok {
		if base == nil {
			return Address{}, errNoAddress
		}
		return relative(input, *base)
	}
	if _, isSpecial := special(scheme); !isSpecial {
		return Address{Origin: Opaque, Path: rest}, nil
	}
	if base != nil && strings.HasPrefix(base.Origin, scheme+":") && !strings.HasPrefix(rest, "//") {
		return relative(rest, *base) // "special relative or authority state"
	}
	return authority(scheme, strings.TrimLeft(rest, `/\`))
}

// cutScheme implements the scheme state.
func cutScheme(input string) (scheme, rest string, ok bool) {
	before, after, found := strings.Cut(input, ":")
	if !found || before == "" || !isLetter(before[0]) {
		return "", "", false
	}
	for i := range len(before) {
		c := before[i]
		if !isLetter(c) && (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' {
			return "", "", false
		}
	}
	return strings.ToLower(before), after, true
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isSlash(s string, at int) bool { return at < len(s) && (s[at] == '/' || s[at] == '\\') }

// relative implements the relative state and the relative slash state for a base
// with a special scheme.
func relative(input string, base Address) (Address, error) {
	if isSlash(input, 0) && isSlash(input, 1) {
		scheme, _, _ := strings.Cut(base.Origin, ":")
		return authority(scheme, strings.TrimLeft(input, `/\`))
	}
	a := Address{Origin: base.Origin}
	path, query, fragment := split(input)
	a.Query, a.Fragment = query, fragment
	switch {
	case isSlash(path, 0):
		a.Path = normalize(path)
	case path == "":
		a.Path = base.Path
		if !strings.HasPrefix(input, "?") {
			a.Query = base.Query
		}
	default:
		a.Path = normalize(base.Path[:strings.LastIndex(base.Path, "/")+1] + path)
	}
	return a, nil
}

// authority implements the authority state and the states after it.
func authority(scheme, input string) (Address, error) {
	end := strings.IndexAny(input, `/\?#`)
	if end < 0 {
		end = len(input)
	}
	host := input[:end]
	host = strings.ToLower(host[strings.LastIndex(host, "@")+1:])
	if name := host[strings.LastIndex(host, "]")+1:]; strings.Count(name, ":") > 1 {
		return Address{}, errNoAddress
	}
	port, _ := special(scheme)
	host = strings.TrimSuffix(strings.TrimSuffix(host, ":"+port), ":")
	if host == "" && scheme != "file" || strings.ContainsAny(host, " <>^|%\x00") {
		return Address{}, errNoAddress
	}
	path, query, fragment := split(input[end:])
	if path == "" {
		path = "/"
	}
	return Address{Origin: scheme + "://" + host, Path: normalize(path), Query: query, Fragment: fragment}, nil
}

// split separates path, query and fragment.
func split(input string) (path, query, fragment string) {
	path, fragment, _ = strings.Cut(input, "#")
	path, query, _ = strings.Cut(path, "?")
	return path, query, fragment
}

// normalize implements the path state of a special URL: it replaces backslashes by
// slashes and removes dot segments, percent-encoded ones too.
func normalize(path string) string {
	segments := strings.Split(strings.ReplaceAll(path, `\`, "/"), "/")[1:]
	var kept []string
	for i, segment := range segments {
		last := i == len(segments)-1
		switch dots := strings.ReplaceAll(strings.ToLower(segment), "%2e", "."); dots {
		case ".", "..":
			if dots == ".." && len(kept) > 0 {
				kept = kept[:len(kept)-1]
			}
			if last {
				kept = append(kept, "")
			}
		default:
			kept = append(kept, encode(segment))
		}
	}
	return "/" + strings.Join(kept, "/")
}

// encode encodes the characters of the path percent-encode set (URL Standard,
// section 1.3).
func encode(segment string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(segment) {
		c := segment[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"#<>?^`{}", c) >= 0 {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
