package server

import (
	"math"
	"runtime/debug"
)

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

// MaxPerAddress is how many connections one address may have in this process, at
// least one. Behind a proxy, where connections say nothing of clients, the
// handler bounds a client's requests by it instead.
func MaxPerAddress() int { return processBounds().perAddress }

// bounds are numbers of connections, and the bytes that they may take together;
// 0 for no bound.
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
