package http

import (
	"math"
	"runtime/debug"
)

// What a stranger can make the application hold is bounded here and in the
// files of these names: connections (connections.go) and what they hold
// (holding.go), requests of one client behind a proxy (inflight.go), sign-ins
// begun (signinrate.go), the parts of a request (parameters.go) and calls of
// others (calls.go).
//
// No rate is set on callbacks, front-channel and back-channel sign-outs. The
// genuine ones come in bursts from one address, a provider's server or an
// office, are not sent again, and what would be refused is a sign-in or a
// sign-out. Refusing one that is made up costs at most a lookup in the session
// store, or a signature whose key is at hand (asking for keys again is
// throttled), which is no more than any page with a made-up session cookie. A
// callback to a sign-in that did begin also leaves a mark in the store, that its
// state is used: about 200 bytes for 20 minutes, once for each sign-in begun,
// whose rate is bounded. So one address leaves 12 MB of marks at most; what many
// addresses leave together is not bounded.
//
// Measured with GOMEMLIMIT=200MiB, as the files in deploy set it, beside a limit
// of 256 MiB: 4,096 connections from nine addresses, all stalled, take 59 MiB of
// resident memory where they send nothing, 131 with 2 kB of a header and 1 kB of
// a body, 218 with 30 kB of either, 231 within a header of 34 kB, 198 with 5,500
// header lines, also where those that are closed are opened again; 28 before. All
// but the first two are held down by memoryFor. What the system keeps in the
// buffers of sockets is not counted.

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
