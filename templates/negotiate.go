package templates

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/text/language"
)

const (
	// maxAcceptLanguage is how much of Accept-Language is read, in bytes.
	// Browsers send well under half of it.
	maxAcceptLanguage = 256
	// maxRemembered is how many different headers are remembered. Most readers
	// share a few; a stranger who fills the memory costs the others a parse.
	maxRemembered = 128
)

// negotiator chooses a language by Accept-Language (RFC 9110, section 12.5.4).
// It is safe for concurrent use.
type negotiator struct {
	matcher    language.Matcher
	remembered sync.Map // header → index
	count      atomic.Int32
}

// newNegotiator chooses among languages. The first is for everybody else.
func newNegotiator(languages []*catalogue) *negotiator {
	var tags []language.Tag
	for _, c := range languages {
		tags = append(tags, c.tag)
	}
	return &negotiator{matcher: language.NewMatcher(tags)}
}

// choose returns the index of the language for r.
func (n *negotiator) choose(r *http.Request) int {
	header := acceptLanguage(r.Header["Accept-Language"])
	if header == "" {
		return 0
	}
	if i, ok := n.remembered.Load(header); ok {
		return i.(int)
	}
	i := n.match(header)
	if n.count.Load() < maxRemembered {
		n.count.Add(1)
		// The copy keeps nothing else of the request in memory.
		n.remembered.Store(strings.Clone(header), i)
	}
	return i
}

// acceptLanguage joins the header's lines (RFC 9110, section 5.3) and cuts a
// long list after its last whole element.
func acceptLanguage(lines []string) string {
	header := ""
	if len(lines) > 0 {
		header = lines[0]
	}
	for _, line := range lines[min(1, len(lines)):] {
		if len(header) > maxAcceptLanguage {
			break
		}
		header += "," + line
	}
	if len(header) <= maxAcceptLanguage {
		return header
	}
	header = header[:maxAcceptLanguage+1]
	return header[:max(0, strings.LastIndexByte(header, ','))]
}

// match takes the reader's languages in their order and returns the first that
// we have. A weak likeness does not count: readers of Traditional Chinese are
// better served by the next language they named, or by English.
func (n *negotiator) match(header string) int {
	wanted, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return 0
	}
	for _, tag := range wanted {
		if _, i, confidence := n.matcher.Match(tag); confidence >= language.High {
			return i
		}
	}
	return 0
}
