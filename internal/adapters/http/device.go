package http

import (
	"net/http"
	"strings"
	"unicode"

	"github.com/mileusna/useragent"
)

const (
	// maxUserAgent limits the bytes of a User-Agent header that are parsed.
	maxUserAgent = 512
	// maxDevice limits the name of a device in bytes.
	maxDevice = 60
)

// device returns the browser and operating system of a request, such as "Firefox,
// Linux", or "" if they are unknown. The client chooses its User-Agent, so the name
// only helps users to recognize their sessions.
func device(r *http.Request) string {
	agent := r.UserAgent()
	if len(agent) > maxUserAgent {
		agent = agent[:maxUserAgent]
	}
	parsed := useragent.Parse(agent)
	var known []string
	for _, word := range []string{parsed.Name, parsed.OS} {
		if word = printable(word); word != "" {
			known = append(known, word)
		}
	}
	return strings.Join(known, ", ")
}

// printable returns word if it is short printable ASCII, otherwise "".
func printable(word string) string {
	odd := func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsPrint(r) }
	if len(word) > maxDevice/2-1 || strings.ContainsFunc(word, odd) {
		return ""
	}
	return word
}
