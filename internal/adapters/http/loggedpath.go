package http

import (
	"net/http"
	"strings"
)

// loggedPath is what the log has of a request's path: the pattern of the route,
// also where another method has it. What a stranger makes up may hold an e-mail
// address or a token, and so may what stands below a pattern's wildcard.
func loggedPath(r *http.Request, route string) string {
	if route != "" {
		return route
	}
	if pattern, _ := routesAt(r); pattern != "" {
		return pattern
	}
	return maskedPath(r.URL.Path)
}

// longestWord is about the length of our own paths, and shorter than any token.
const longestWord = 20

// maskedPath leaves the first segment of a path where it is a plain short word,
// and slashes.
func maskedPath(path string) string {
	first, rest, below := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !plainWord(first) {
		first = "…"
	}
	switch {
	case !below:
		return "/" + first
	case rest == "":
		return "/" + first + "/"
	default:
		return "/" + first + "/…"
	}
}

func plainWord(s string) bool {
	return len(s) <= longestWord && !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z') && !('0' <= r && r <= '9') && r != '-' && r != '_'
	})
}
