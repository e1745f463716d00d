package server

import (
	"math"
	"runtime/debug"
)

// Measured with GOMEMLIMIT=200MiB in a container of 256 MiB, as in deploy: the
// process uses 28 MiB of resident memory without connections. With 4,096 stalled
// connections from nine addresses it uses
//   - 59 MiB if they send nothing,
//   - 131 MiB with 2 kB of a header and 1 kB of a body,
//   - 218 MiB with 30 kB of a header or body,
//   - 231 MiB with a header of 34 kB,
//   - 198 MiB with 5,500 header lines.
//
// memoryBudget limits the last three. Clients that connect again after each
// eviction change none of this. The kernel's socket buffers are not included.

const (
	// maxConnections limits open connections if memory and file descriptors
	// suffice.
	maxConnections = 4096
	// addressShare divides the total limit into the limit per address: an eighth,
	// 512. A browser opens at most six connections, so a whole office can share
	// one address.
	addressShare = 8
	// defaultMemoryLimit replaces GOMEMLIMIT if that is not set. The files in
	// deploy set the same value.
	defaultMemoryLimit = 200 << 20
)

// MaxPerAddress returns the limit of connections per address in this process, at
// least one. Behind a proxy a connection does not identify a client, so the
// handler limits the requests of each client to this number.
func MaxPerAddress() int { return processBounds().perAddress }

// bounds limits the connections in total and per address, and their memory
// together in bytes. Memory 0 means no limit.
type bounds struct{ connections, perAddress, memory int }

// processBounds returns the limits that fit this process. Connections may use half
// of the file descriptors. The other half is for the session store, the provider,
// the API and files.
func processBounds() bounds {
	memory := memoryBudget(debug.SetMemoryLimit(-1))
	most := min(maxConnections, memory/(connectionSize+smallRequest))
	if files, ok := maxOpenFiles(); ok && files/2 < uint64(most) {
		most = int(files / 2)
	}
	return bounds{connections: most, perAddress: max(1, most/addressShare), memory: memory}
}

// memoryBudget returns the memory that connections may use: three quarters of the
// process's limit. The rest is for sessions, pages and garbage.
func memoryBudget(limit int64) int {
	if limit == math.MaxInt64 {
		limit = defaultMemoryLimit
	}
	return int(min(limit/4*3, math.MaxInt))
}
