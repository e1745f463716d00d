package server

import "net"

// The memory of a connection in bytes, measured and rounded up.
const (
	// connectionSize is the memory of a connection with a small request or none:
	// two buffers of the server, the stacks of its goroutines and the request.
	connectionSize = 26 << 10
	// headerLineSize is the memory of a header line besides its bytes: a map
	// entry, a slice and a string.
	headerLineSize = 128
	// smallRequest is the size of a usual request.
	smallRequest = 8 << 10
)

// bufferSize returns the memory of n bytes in a buffer that grows as it is filled.
func bufferSize(n int) int { return n + n/2 }

// addMemory records that a connection uses more memory, or less if bytes is
// negative. If all connections together use too much, it closes waiting ones.
func (c *connections) addMemory(conn net.Conn, bytes int) {
	for _, evicted := range c.addMemoryAndEvict(conn, bytes) {
		_ = evicted.Close()
	}
}

func (c *connections) addMemoryAndEvict(conn net.Conn, bytes int) (evicted []net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.open[conn]
	if !ok {
		return nil
	}
	found.memory += bytes
	c.memory += bytes
	if found.inWaiting != nil && found.inLarge == nil && found.memory > smallRequest {
		found.inLarge = c.large.PushBack(found)
	}
	return c.evictForMemory()
}

// evictForMemory evicts waiting connections until the others fit the memory or all
// are busy. Large ones go first, so a client with small requests does not lose
// its connection to one with large requests.
func (c *connections) evictForMemory() (evicted []net.Conn) {
	for c.bounds.memory > 0 && c.memory > c.bounds.memory {
		c.warn("memory limit of connections reached: the longest waiting connections are closed")
		conn := c.evict(&c.large)
		if conn == nil {
			conn = c.evict(&c.waiting)
		}
		if conn == nil {
			break
		}
		evicted = append(evicted, conn)
	}
	return evicted
}

// requestDone releases the memory of a request and its response.
func (c *connections) requestDone(one *connection) {
	c.memory -= one.memory
	one.memory = 0
	c.markWaiting(one)
}
