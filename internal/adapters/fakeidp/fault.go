package fakeidp

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Fault makes requests to an endpoint fail. Its fields combine: it can let a
// request take effect, wait, and then respond with an error.
type Fault struct {
	// Times is the number of requests that fail. 0 means all until Heal.
	Times int
	// Match selects the requests that fail by their parameters. nil selects all.
	Match func(form url.Values) bool

	// Met is called when the fault applies to a request, before anything else. A
	// test can wait for it.
	Met func()

	// Delay delays the request for this long, in real time. Hang delays it until
	// Heal, Close or the end of the client's connection. A fault with only Delay or
	// Hang then serves the request as usual.
	Delay time.Duration
	Hang  bool
	// After serves the request before the rest of the fault: the code is spent,
	// the refresh token is rotated. With only Delay or Hang, the client gets the
	// usual response late. With nothing else, the connection is cut and the
	// response is lost.
	After bool

	// Error is the response in Entra's form: a redirect from the authorization
	// endpoint, JSON from all others.
	Error *Error
	// Status and Body are any other response. RetryAfter and Location are header
	// fields of it.
	Status      int
	RetryAfter  string
	Location    string
	Body        string
	ContentType string // default application/json
	// Size is the number of spaces that are sent after Body.
	Size int64
	// Gzip compresses Body and the spaces, even if the client does not accept
	// that (a compressed bomb).
	Gzip bool
	// Drip sends Body and then spaces without end, one byte in each interval of
	// this length, until Heal, Close or the end of the client's connection.
	Drip time.Duration
	// Cut ends the connection without a response. CutAfter announces a longer
	// response and ends the connection after this many bytes.
	Cut      bool
	CutAfter int
}

// faultBook has the active faults.
type faultBook struct {
	mu     sync.Mutex
	down   bool
	faults []*activeFault
	healed chan struct{} // closed by Heal
}

// activeFault is a fault together with its endpoint.
type activeFault struct {
	endpoint Endpoint
	Fault
}

// at reports whether the fault applies to the endpoint.
func (f *activeFault) at(endpoint Endpoint) bool {
	graph := endpoint == EndpointMe || endpoint == EndpointMemberGroups
	return f.endpoint == endpoint || f.endpoint == EndpointGraph && graph
}

// Fail adds a fault to an endpoint. The faults of an endpoint apply in the order in
// which they were added, each to as many requests as its Times says.
func (p *Provider) Fail(endpoint Endpoint, fault Fault) {
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	kept := append(p.faults.faults, &activeFault{endpoint, fault})
	p.faults.faults = kept[max(0, len(kept)-maxFaults):]
}

// Heal removes all faults, ends Down, and continues the requests that a fault
// delays.
func (p *Provider) Heal() {
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	p.faults.down = false
	p.faults.faults = nil
	close(p.faults.healed)
	p.faults.healed = make(chan struct{})
}

// Down makes the provider cut every connection without a response, until Up or
// Heal.
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

// take returns the fault that applies to the request, and reduces its remaining
// Times. It returns false if no fault applies.
func (b *faultBook) take(endpoint Endpoint, r *http.Request) (metFault, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, fault := range b.faults {
		if !fault.at(endpoint) || fault.Match != nil && !fault.Match(r.Form) {
			continue
		}
		met := metFault{Fault: fault.Fault, healed: b.healed}
		if fault.Times == 1 {
			b.faults = slices.Delete(b.faults, i, i+1)
		} else if fault.Times > 1 {
			fault.Times--
		}
		return met, true
	}
	return metFault{}, false
}

// metFault is the fault that applies to one request. healed closes at the next
// Heal.
type metFault struct {
	Fault
	healed <-chan struct{}
}

// wait delays the request. It returns false if the client has disconnected.
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
