// Package redirecttest helps to test for open redirectors. It has a list of
// payloads, and a resolver that reads a Location header as browsers do.
//
// The resolver follows the URL Standard (https://url.spec.whatwg.org) and not RFC
// 3986. It shares no code with the application. A test in internal/e2e/journeys
// compares it with Chromium. If it is not sure, it returns another origin.
package redirecttest

import (
	_ "embed" // for the corpus
	"fmt"
	"strconv"
	"strings"
)

// Local is the class of valid payloads: local paths that a sign-in can return to.
const Local = "local"

// Payload is a redirect target to test with.
type Payload struct {
	// Class is the kind of attack, or Local.
	Class string
	// Text is the redirect target. It need not be valid UTF-8.
	Text string
}

// corpus.txt is written by this package's test. Each line is a class and a quoted
// text.
//
//go:embed corpus.txt
var corpus string

// Payloads returns the payloads, always in the same order. It returns an error if
// somebody has edited corpus.txt by hand.
func Payloads() ([]Payload, error) {
	var list []Payload
	for line := range strings.Lines(corpus) {
		class, quoted, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		text, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, fmt.Errorf("redirecttest: corpus.txt, line %d: %w", len(list)+1, err)
		}
		list = append(list, Payload{class, text})
	}
	return list, nil
}
