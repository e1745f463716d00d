package fakeidp

import (
	"container/list"
	"time"
)

// bounded is a map with at most limit entries. A new entry replaces the oldest, so
// that requests cannot fill the memory. It is not safe for concurrent use.
type bounded[V any] struct {
	limit   int
	entries map[string]*list.Element
	order   *list.List
}

type boundedEntry[V any] struct {
	key   string
	value V
}

func newBounded[V any](limit int) *bounded[V] {
	return &bounded[V]{limit: limit, entries: make(map[string]*list.Element), order: list.New()}
}

func (b *bounded[V]) put(key string, value V) {
	b.delete(key)
	if b.order.Len() >= b.limit {
		oldest := b.order.Front().Value.(boundedEntry[V])
		b.delete(oldest.key)
	}
	b.entries[key] = b.order.PushBack(boundedEntry[V]{key: key, value: value})
}

func (b *bounded[V]) get(key string) (value V, ok bool) {
	element, ok := b.entries[key]
	if !ok {
		return value, false
	}
	return element.Value.(boundedEntry[V]).value, true
}

func (b *bounded[V]) delete(key string) {
	if element, ok := b.entries[key]; ok {
		b.order.Remove(element)
		delete(b.entries, key)
	}
}

// each calls f for each entry, the oldest first, until f returns false.
func (b *bounded[V]) each(f func(V) bool) {
	for e := b.order.Front(); e != nil; e = e.Next() {
		if !f(e.Value.(boundedEntry[V]).value) {
			return
		}
	}
}

// Bounds of the provider. Beyond them, the oldest entry is removed or the request
// is refused.
const (
	maxCodes    = 2000
	maxTokens   = 20000
	maxBrowsers = 2000
	maxConsents = 10000
	maxFaults   = 1000

	maxBody     = 64 << 10 // bytes of a request body
	maxQuery    = 16 << 10 // bytes of a query
	maxHeader   = 64 << 10 // bytes of all header fields
	maxFields   = 64       // parameters of a request
	logCapacity = 128      // remembered requests of an endpoint

	readTimeout  = 10 * time.Second
	writeTimeout = 60 * time.Second
	idleTimeout  = 2 * time.Minute
)
