package templates

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/text/language"
)

const (
	// maxAcceptLanguage limits the bytes of Accept-Language that are parsed.
	// Browsers send less than half of it.
	maxAcceptLanguage = 256
	// maxCached limits the number of cached headers. Most users share a few. If a
	// client fills the cache, other headers are parsed each time.
	maxCached = 128
)

// negotiator selects a language by Accept-Language (RFC 9110, section 12.5.4). It
// is safe for concurrent use.
type negotiator struct {
	matcher language.Matcher
	cached  sync.Map // header → index
	count   atomic.Int32
}

// newNegotiator returns a negotiator for languages. The first is the default.
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
	if i, ok := n.cached.Load(header); ok {
		return i.(int)
	}
	i := n.match(header)
	if n.count.Load() < maxCached {
		n.count.Add(1)
		// Without the copy, the cache would keep the whole request in memory.
		n.cached.Store(strings.Clone(header), i)
	}
	return i
}

// acceptLanguage joins the header's lines (RFC 9110, section 5.3). It truncates a
// long list after a whole element.
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

// match returns the first of the user's languages that is supported. It ignores a
// weak match: for users of Traditional Chinese, their next language or English is
// better than Simplified Chinese.
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
