package http

import (
	"net/http"
	"strings"
	"unicode"

	"github.com/mileusna/useragent"
)

const (
	// maxUserAgent bounds what is read of a User-Agent header, in bytes.
	maxUserAgent = 512
	// maxDevice bounds the words that are kept of it, in bytes.
	maxDevice = 60
)

// device names the browser and system that a request comes from, such as
// "Firefox, Linux". It is what they said themselves: for a person to recognize,
// and for nothing to rest on. Empty where they said nothing known.
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

// printable keeps a short name as it is and drops anything else.
func printable(word string) string {
	odd := func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsPrint(r) }
	if len(word) > maxDevice/2-1 || strings.ContainsFunc(word, odd) {
		return ""
	}
	return word
}
