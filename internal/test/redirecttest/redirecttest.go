// Package redirecttest attacks whatever takes an address from a stranger and
// redirects to it. It has a corpus of payloads that open redirectors fall for,
// and a resolver that reads a Location as browsers do.
//
// The resolver follows the URL Standard (https://url.spec.whatwg.org), not
// RFC 3986, and shares no code with what it judges; the journeys hold it against
// Chromium. It is for tests: in doubt it says "another origin".
package redirecttest

import (
	_ "embed" // for the corpus
	"fmt"
	"strconv"
	"strings"
)

// Local is the class of the payloads that are good: local paths that a person
// may well want to come back to.
const Local = "local"

// Payload is one address to be redirected to.
type Payload struct {
	// Class is the trick, or Local.
	Class string
	// Text is the address: any bytes.
	Text string
}

// corpus.txt is made by the generator in this package's test: a class and a
// quoted text a line.
//
//go:embed corpus.txt
var corpus string

// Payloads returns the corpus in its order. An error means that the file was
// edited by hand.
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

// format writes a corpus as Payloads reads it.
func format(list []Payload) string {
	var b strings.Builder
	for _, p := range list {
		b.WriteString(p.Class + "\t" + strconv.QuoteToASCII(p.Text) + "\n")
	}
	return b.String()
}
