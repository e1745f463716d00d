package http

import (
	"errors"
	"net/http"
	"net/netip"
	"sync"

	"webapp/internal/adapters/http/server"
	"webapp/internal/clientaddr"
)

// errCrowded: the client has too many requests under way.
var errCrowded = errors.New("too many requests of one client at once")

// inFlight counts the requests that are being answered, by client. It holds
// nothing of clients that have none.
type inFlight struct {
	most int // of one client

	mu     sync.Mutex
	counts map[netip.Addr]int // by clientaddr.Key
}

func (f *inFlight) enter(client netip.Addr) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.counts[client] >= f.most {
		return false
	}
	f.counts[client]++
	return true
}

func (f *inFlight) leave(client netip.Addr) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.counts[client]--; f.counts[client] == 0 {
		delete(f.counts, client)
	}
}

// limitInFlight bounds the requests of one client that are answered at once.
// Only a proxy's clients need it: elsewhere a client has its connections, each
// with one request, and those are bounded.
func (a *app) limitInFlight(next http.Handler) http.Handler {
	if len(a.TrustedProxies) == 0 {
		return next
	}
	f := &inFlight{most: server.MaxPerAddress(), counts: map[netip.Addr]int{}}
	return a.handle(func(w http.ResponseWriter, r *http.Request) error {
		client := clientaddr.Key(clientaddr.Of(r))
		if !f.enter(client) {
			return errCrowded
		}
		defer f.leave(client)
		next.ServeHTTP(w, r)
		return nil
	})
}
