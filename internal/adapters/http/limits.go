package http

import (
	"math"
	"runtime/debug"
)

// What a stranger can make the application hold is bounded here and in the
// files of these names: connections (connections.go), requests of one client
// behind a proxy (inflight.go), sign-ins begun (signinrate.go), the parts of a
// request (parameters.go) and calls of others (calls.go).
//
// No rate is set on callbacks, front-channel and back-channel sign-outs.
// Refusing a forged one costs at most a lookup in the session store, or a
// signature whose key is at hand (asking for keys again is throttled), which is
// no more than any page with a made-up session cookie. Whereas the genuine ones
// come in bursts from one address, a provider's server or an office, are not
// sent again, and what would be refused is a sign-in or a sign-out.

const (
	// maxConnections is how many connections may be open at once where memory
	// and files suffice.
	maxConnections = 4096
	// addressShare is the part of all connections that one address may have:
	// an eighth, 512. Browsers open six at the most, so that a whole office
	// behind one address gets on, while its idle ones make room for each other.
	addressShare = 8
	// usualMemory stands in for GOMEMLIMIT where it is not set. It is what the
	// files in deploy set, beside the 256 MB that they grant the process.
	usualMemory = 200 << 20
)

// bounds are numbers of connections, and the bytes that they may take together;
// 0 for no bound. Behind a proxy, where connections say nothing of clients,
// perAddress bounds a client's requests instead.
type bounds struct{ connections, perAddress, memory int }

// processBounds are the bounds that this process can bear. Each connection is a
// file descriptor; half of them are left for the session store, the provider,
// the API and files.
func processBounds() bounds {
	memory := memoryFor(debug.SetMemoryLimit(-1))
	most := min(maxConnections, memory/(connectionCost+smallRequest))
	if files, ok := maxOpenFiles(); ok && files/2 < uint64(most) {
		most = int(files / 2)
	}
	return bounds{connections: most, perAddress: max(1, most/addressShare), memory: memory}
}

// memoryFor is what connections may take of the process's memory limit: three
// quarters. The rest is for sessions, pages and what is not collected yet.
func memoryFor(limit int64) int {
	if limit == math.MaxInt64 {
		limit = usualMemory
	}
	return int(min(limit/4*3, math.MaxInt))
}
