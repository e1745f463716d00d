package server

import (
	"container/list"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"webapp/internal/clientaddr"
)

// connections limits the open connections of a server, per address and in total,
// and their memory.
//
// A connection is busy from the moment its request has arrived completely until
// its response starts. Busy connections are never closed. At all other times the
// server waits for the client: for a header or body, for the client to read a
// response, or for the next request. At a limit the connection that has been
// waiting the longest is closed. If all are busy, the new connection is closed.
//
// One list orders all waiting connections. A separate list for slow readers
// would let an attacker evict idle clients first.
type connections struct {
	bounds  bounds
	proxies []netip.Prefix // addresses without a limit of their own
	logger  *slog.Logger
	// refusals writes the responses to requests that net/http refuses. If it is
	// nil, net/http writes them.
	refusals http.Handler

	mu      sync.Mutex
	open    map[net.Conn]*connection
	peers   map[netip.Addr]*peer // by clientaddr.Key, only peers with connections
	waiting list.List            // of *connection, the longest waiting first
	large   list.List            // the part of waiting that uses more than a small request
	memory  int                  // bytes of all connections
	warned  time.Time
}

// connection is an open connection.
type connection struct {
	conn net.Conn
	peer *peer // nil for a proxy
	// memory estimates the bytes of its request and response.
	memory int
	// The places in the lists of waiting connections, nil while it is busy.
	inWaiting, inPeer, inLarge *list.Element
}

// peer is an address with open connections.
type peer struct {
	key     netip.Addr
	open    int
	waiting list.List // of *connection
}

func newConnections(b bounds, proxies []netip.Prefix, logger *slog.Logger) *connections {
	return &connections{bounds: b, proxies: proxies, logger: logger,
		open: map[net.Conn]*connection{}, peers: map[netip.Addr]*peer{}}
}

// guard applies the limits to a server.
func (c *connections) guard(server *http.Server) {
	server.ConnState = c.stateChanged
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, conn)
	}
	if h, ok := server.Handler.(RefusalHandler); ok {
		c.refusals = h.Refusals()
	}
	server.Handler = c.trackRequest(server.Handler)
}

// stateChanged is the ConnState hook of http.Server. The server calls it with
// StateNew before it reads from the connection.
func (c *connections) stateChanged(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if tracked, ok := conn.(*trackedConn); ok {
			tracked.received, tracked.refusals = func(bytes int) { c.addMemory(conn, bytes) }, c.refusals
		}
		for _, evicted := range c.admit(conn) {
			_ = evicted.Close() // the server's goroutine for it ends
		}
	case http.StateIdle:
		if tracked, ok := conn.(*trackedConn); ok {
			tracked.handled.Store(false)
		}
		c.update(conn, c.requestDone)
	case http.StateClosed, http.StateHijacked:
		c.update(conn, c.forget)
	}
}

// admit adds a new connection and returns the connections to close for it. At a
// limit with nothing to evict, it returns the new connection itself.
func (c *connections) admit(conn net.Conn) (evicted []net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	added := &connection{conn: conn, peer: c.peer(conn)}
	var longest net.Conn
	switch {
	case added.peer != nil && added.peer.open >= c.bounds.perAddress:
		longest = c.evict(&added.peer.waiting)
		c.warn("connection limit of one address reached: its longest waiting connections are closed", "client", added.peer.key.String())
	case len(c.open) >= c.bounds.connections:
		longest = c.evict(&c.waiting)
		c.warn("connection limit reached: the longest waiting connections are closed")
	default:
		c.add(added)
		return c.evictForMemory()
	}
	if longest == nil {
		return []net.Conn{conn}
	}
	c.add(added)
	return append(c.evictForMemory(), longest)
}

// peer returns the peer of a new connection, or nil for a proxy.
func (c *connections) peer(conn net.Conn) *peer {
	address := remoteAddr(conn)
	if clientaddr.Within(c.proxies, address) {
		return nil
	}
	key := clientaddr.Key(address)
	if p, ok := c.peers[key]; ok {
		return p
	}
	return &peer{key: key}
}

// remoteAddr returns the address at the other end of conn.
func remoteAddr(conn net.Conn) netip.Addr {
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr()
	}
	return netip.Addr{}
}

func (c *connections) add(added *connection) {
	c.open[added.conn] = added
	c.memory += connectionSize
	if added.peer != nil {
		added.peer.open++
		c.peers[added.peer.key] = added.peer
	}
	c.markWaiting(added)
}

// update calls do for conn. It does nothing if conn was evicted before.
func (c *connections) update(conn net.Conn, do func(*connection)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found, ok := c.open[conn]; ok {
		do(found)
	}
}

// evict forgets the connection that has been in the list for the longest time and
// returns it for the caller to close. It returns nil if the list is empty.
func (c *connections) evict(waiting *list.List) net.Conn {
	front := waiting.Front()
	if front == nil {
		return nil
	}
	longest := front.Value.(*connection)
	c.forget(longest)
	return longest.conn
}

// markWaiting puts a connection at the end of the lists of waiting connections.
func (c *connections) markWaiting(one *connection) {
	c.markBusy(one)
	one.inWaiting = c.waiting.PushBack(one)
	if one.peer != nil {
		one.inPeer = one.peer.waiting.PushBack(one)
	}
	if one.memory > smallRequest {
		one.inLarge = c.large.PushBack(one)
	}
}

// markBusy removes a connection from the lists of waiting connections.
func (c *connections) markBusy(one *connection) {
	if one.inWaiting != nil {
		c.waiting.Remove(one.inWaiting)
	}
	if one.inPeer != nil {
		one.peer.waiting.Remove(one.inPeer)
	}
	if one.inLarge != nil {
		c.large.Remove(one.inLarge)
	}
	one.inWaiting, one.inPeer, one.inLarge = nil, nil, nil
}

func (c *connections) forget(one *connection) {
	c.markBusy(one)
	delete(c.open, one.conn)
	c.memory -= connectionSize + one.memory
	if one.peer == nil {
		return
	}
	if one.peer.open--; one.peer.open == 0 {
		delete(c.peers, one.peer.key)
	}
}

// warnInterval is the shortest time between two warnings, so that an attack cannot
// fill the log.
const warnInterval = time.Minute

func (c *connections) warn(message string, attributes ...any) {
	now := time.Now()
	if now.Sub(c.warned) < warnInterval {
		return
	}
	c.warned = now
	c.logger.Warn(message, append(attributes, "open", len(c.open))...)
}
