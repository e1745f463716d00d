package server

import (
	"container/list"
	"net"
)

// with does something to a connection that has not been given up.
func (c *connections) with(conn net.Conn, do func(*connection)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if one, ok := c.open[conn]; ok {
		do(one)
	}
}

func (c *connections) add(one *connection) {
	c.open[one.conn] = one
	c.held += connectionCost
	if one.peer != nil {
		one.peer.open++
		c.peers[one.peer.key] = one.peer
	}
	c.becomesIdle(one)
}

// giveUp forgets the connection that has been idle the longest and returns it;
// nil where none is idle.
func (c *connections) giveUp(idle *list.List) net.Conn {
	longest := idle.Front()
	if longest == nil {
		return nil
	}
	one := longest.Value.(*connection)
	c.forget(one)
	return one.conn
}

func (c *connections) becomesIdle(one *connection) {
	c.becomesBusy(one) // it now is the last to have become idle
	one.inAll = c.idle.PushBack(one)
	if one.peer != nil {
		one.inPeer = one.peer.idle.PushBack(one)
	}
	if one.holds > smallRequest {
		one.inLarge = c.large.PushBack(one)
	}
}

func (c *connections) becomesBusy(one *connection) {
	if one.inAll != nil {
		c.idle.Remove(one.inAll)
	}
	if one.inPeer != nil {
		one.peer.idle.Remove(one.inPeer)
	}
	if one.inLarge != nil {
		c.large.Remove(one.inLarge)
	}
	one.inAll, one.inPeer, one.inLarge = nil, nil, nil
}

func (c *connections) forget(one *connection) {
	c.becomesBusy(one)
	delete(c.open, one.conn)
	c.held -= connectionCost + one.holds
	if one.peer == nil {
		return
	}
	if one.peer.open--; one.peer.open == 0 {
		delete(c.peers, one.peer.key)
	}
}
