package session

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxPending is how many sign-ins may be pending in one browser.
	maxPending = 8
	// maxPendingBytes bounds their part of the Cookie header; servers and
	// proxies commonly refuse headers beyond 8 kB.
	maxPendingBytes = 6 << 10
	// minPending are kept whatever they take: not quite 9 kB with the longest
	// return paths there are.
	minPending = 5
)

// pendingCookie is a pending sign-in as the browser holds it.
type pendingCookie struct {
	name, value string
	began       int64 // milliseconds; 0 for what was not written here
}

// size is what the cookie adds to the Cookie header.
func (c pendingCookie) size() int { return len(c.name) + len("=") + len(c.value) + len("; ") }

// overflow returns the names of the cookies that have to go for kept to stay.
func overflow(kept pendingCookie, others []pendingCookie) []string {
	for i := range others {
		// A time that has not come yet was not written here and must not
		// outlast those that were.
		if others[i].began > kept.began+clockSkew.Milliseconds() {
			others[i].began = 0
		}
	}
	slices.SortStableFunc(others, func(a, b pendingCookie) int { return cmp.Compare(b.began, a.began) })
	count, size := 1, kept.size()
	var gone []string
	for _, c := range others {
		if c.name == kept.name {
			continue
		}
		if count == maxPending || count >= minPending && size+c.size() > maxPendingBytes {
			gone = append(gone, c.name)
			continue
		}
		count++
		size += c.size()
	}
	return gone
}

// pendingCookies returns the pending sign-ins that the browser holds.
func (ex *exchange) pendingCookies(prefix string) []pendingCookie {
	var list []pendingCookie
	add := func(name, value string) {
		if strings.HasPrefix(name, prefix) && value != "" {
			list = append(list, pendingCookie{name: name, value: value, began: parseBegan(value)})
		}
	}
	for _, c := range ex.request.Cookies() {
		if _, ok := ex.written[c.Name]; !ok {
			add(c.Name, c.Value)
		}
	}
	for name, value := range ex.written {
		add(name, value)
	}
	return list
}

// parseBegan reads the open part of a value; what has none counts as oldest.
func parseBegan(value string) int64 {
	text, _, _ := strings.Cut(value, ".")
	ms, err := strconv.ParseInt(text, 36, 64)
	if err != nil {
		return 0
	}
	return ms
}
