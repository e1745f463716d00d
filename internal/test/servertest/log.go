//go:build linux

package servertest

import (
	"bytes"
	"sync"
)

// watchedLog keeps what a server prints and tells when a phrase was in it.
type watchedLog struct {
	phrase []byte
	seen   chan struct{}
	// ended is closed when the process is gone.
	ended <-chan struct{}

	mu   sync.Mutex
	text bytes.Buffer
	hit  bool
}

// maxLog bounds what is kept of one run's log.
const maxLog = 1 << 20

func newWatchedLog(phrase string) *watchedLog {
	return &watchedLog{phrase: []byte(phrase), seen: make(chan struct{})}
}

// Write implements io.Writer.
func (l *watchedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text.Len() < maxLog {
		l.text.Write(p)
	}
	if !l.hit && bytes.Contains(l.text.Bytes(), l.phrase) {
		l.hit = true
		close(l.seen)
	}
	return len(p), nil
}

// String returns what the server has printed so far.
func (l *watchedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
