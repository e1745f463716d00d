package fakeidp

import (
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Fault makes an endpoint fail. The fields combine: a fault may wait, let the
// request take effect, and then answer with an error.
type Fault struct {
	// Times is how many requests fail; 0 is all until Heal.
	Times int
	// Match limits the fault to some requests, by their parameters.
	Match func(form url.Values) bool

	// Met, where set, is called when a request meets the fault, before anything
	// else: a test learns by it that the request has arrived.
	Met func()

	// Delay holds the request back, by real time; Hang until Heal, Close or the
	// client's own end. A fault of only these two lets the request go on
	// afterwards.
	Delay time.Duration
	Hang  bool
	// After lets the request take effect first: a code is spent, a refresh
	// token rotated. Then comes the rest of the fault; with Delay or Hang alone
	// the true answer arrives late, with nothing else it is lost.
	After bool

	// Error is answered in Entra's form: as JSON, or, at the authorization
	// endpoint, as a redirect.
	Error *Error
	// Status and Body answer anything else. RetryAfter and Location are those
	// header fields.
	Status      int
	RetryAfter  string
	Location    string
	Body        string
	ContentType string // default application/json
	// Size sends so many more bytes of blanks after Body.
	Size int64
	// Gzip compresses Body and the blanks, whatever the client accepts: a
	// compressed bomb.
	Gzip bool
	// Drip sends Body, and then blanks without end, one byte at a time and so far
	// apart, until Heal, Close or the client's own end.
	Drip time.Duration
	// Cut ends the connection in place of an answer; CutAfter ends it after so
	// many bytes of a longer one that was announced.
	Cut      bool
	CutAfter int
}

// faultBook holds the faults that are switched on.
type faultBook struct {
	mu     sync.Mutex
	down   bool
	faults map[Endpoint][]*Fault
	healed chan struct{} // closed by Heal
}

func newFaultBook() *faultBook {
	return &faultBook{faults: make(map[Endpoint][]*Fault), healed: make(chan struct{})}
}

// Fail switches a fault on. Faults of one endpoint are met in the order in
// which they were switched on, each until its Times are over.
func (p *Provider) Fail(endpoint Endpoint, fault Fault) {
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	p.faults.faults[endpoint] = append(p.faults.faults[endpoint], &fault)
}

// Heal takes all faults away, ends Down, and lets go of requests that a fault
// holds.
func (p *Provider) Heal() {
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	p.faults.down = false
	clear(p.faults.faults)
	close(p.faults.healed)
	p.faults.healed = make(chan struct{})
}

// Down makes the provider unreachable: every connection is cut without an
// answer. Up, or Heal, ends that.
func (p *Provider) Down() { p.faults.setDown(true) }

// Up ends Down.
func (p *Provider) Up() { p.faults.setDown(false) }

func (b *faultBook) setDown(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
}

func (b *faultBook) isDown() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.down
}

// take returns the fault that this request meets.
func (b *faultBook) take(endpoint Endpoint, r *http.Request) (metFault, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, fault := range b.faults[endpoint] {
		if fault.Match != nil && !fault.Match(r.Form) {
			continue
		}
		met := metFault{Fault: *fault, healed: b.healed}
		if fault.Times == 1 {
			b.faults[endpoint] = append(b.faults[endpoint][:i:i], b.faults[endpoint][i+1:]...)
		} else if fault.Times > 1 {
			fault.Times--
		}
		return met, true
	}
	return metFault{}, false
}

// metFault is a fault that a request has met. It is healed by the first Heal
// after that moment.
type metFault struct {
	Fault
	healed <-chan struct{}
}

// wait holds a request back. It returns false when the client has gone.
func (f metFault) wait(r *http.Request) bool {
	var over <-chan time.Time
	if !f.Hang {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
	case <-f.healed:
	case <-r.Context().Done():
		return false
	}
	return true
}
