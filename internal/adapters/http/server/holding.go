package server

import "net"

// What a connection takes of the memory, in bytes: measured, and rounded up.
const (
	// connectionCost is what one takes that has sent little or nothing: two
	// buffers of the server, the stacks of its goroutines, a small request.
	connectionCost = 26 << 10
	// lineCost is what a line of a header takes beside its bytes: a place in a
	// map, a slice and a string.
	lineCost = 128
	// smallRequest is the cost of what nearly everybody sends.
	smallRequest = 8 << 10
)

// costOf is what n bytes take that are read into buffers that grow.
func costOf(n int) int { return n + n/2 }

// holds notes that a connection holds so much more, or less. Where all hold too
// much, those go that the server waits for the longest: first of those with much
// of a request or of an answer, so that nobody loses theirs to somebody who sends
// a lot, then of all.
func (c *connections) holds(conn net.Conn, cost int) {
	for _, gone := range c.hold(conn, cost) {
		_ = gone.Close()
	}
}

func (c *connections) hold(conn net.Conn, cost int) (gone []net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	one, ok := c.open[conn]
	if !ok {
		return nil
	}
	one.holds += cost
	c.held += cost
	if one.inAll != nil && one.inLarge == nil && one.holds > smallRequest {
		one.inLarge = c.large.PushBack(one)
	}
	return c.makeRoom()
}

// makeRoom gives connections up until those that stay fit the memory, or are all
// busy.
func (c *connections) makeRoom() (gone []net.Conn) {
	for c.bounds.memory > 0 && c.held > c.bounds.memory {
		c.warn("connections take too much memory: those that keep the server waiting are closed")
		conn := c.giveUp(&c.large)
		if conn == nil {
			conn = c.giveUp(&c.idle)
		}
		if conn == nil {
			break
		}
		gone = append(gone, conn)
	}
	return gone
}

// settles ends a request: the server has let go of the request and its answer.
func (c *connections) settles(one *connection) {
	c.held -= one.holds
	one.holds = 0
	c.becomesIdle(one)
}
