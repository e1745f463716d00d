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

// connections bounds the open connections of a server, for each address and in
// all. For a new connection beyond a bound the one goes for which the server has
// waited the longest: new and silent, sending its header or body slowly, reading
// its answer slowly, or kept after an answer. So whoever piles up such
// connections loses the oldest of them, and a request from the same address
// still gets through. A connection whose whole request waits for its answer to
// begin is never closed; where all are such, the new one is.
//
// All those that the server waits for are in one order. Were those that read
// slowly behind all others, whoever piles them up would make everybody else lose
// theirs first, also those on which a request is about to come.
type connections struct {
	bounds  bounds
	proxies []netip.Prefix // their connections are bounded in all only
	logger  *slog.Logger
	// refusals answers what the server refuses by itself; nil: the server does.
	refusals http.Handler

	mu     sync.Mutex
	open   map[net.Conn]*connection
	peers  map[netip.Addr]*peer // by clientaddr.Key; each has a connection
	idle   list.List            // of *connection, the longest idle in front
	large  list.List            // those of idle that hold more than a small request
	held   int                  // what all of them take, in bytes
	warned time.Time
}

// connection is one that is open.
type connection struct {
	conn net.Conn
	peer *peer // nil for a proxy
	// holds is what it has of a request and its answer, by cost.
	holds int
	// Where it stands among the idle ones; nil while a whole request waits for its answer.
	inAll, inPeer, inLarge *list.Element
}

// peer is an address that has connections.
type peer struct {
	key  netip.Addr
	open int
	idle list.List // of *connection
}

func newConnections(b bounds, proxies []netip.Prefix, logger *slog.Logger) *connections {
	return &connections{bounds: b, proxies: proxies, logger: logger,
		open: map[net.Conn]*connection{}, peers: map[netip.Addr]*peer{}}
}

// guard makes a server keep to the bounds.
func (c *connections) guard(server *http.Server) {
	server.ConnState = c.changed
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, conn)
	}
	if h, ok := server.Handler.(RefusalHandler); ok {
		c.refusals = h.Refusals()
	}
	server.Handler = c.arrived(server.Handler)
}

// changed is an http.Server's ConnState. The server tells of new connections
// before it reads from them.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if w, ok := conn.(*watched); ok {
			w.received, w.refusals = func(cost int) { c.holds(conn, cost) }, c.refusals
		}
		for _, gone := range c.admit(conn) {
			_ = gone.Close() // its goroutine sees that and ends
		}
	case http.StateIdle:
		if w, ok := conn.(*watched); ok {
			w.handled.Store(false)
		}
		c.with(conn, c.settles)
	case http.StateClosed, http.StateHijacked:
		c.with(conn, c.forget)
	}
}

// admit takes conn in and returns the connections that have to go for it, among
// which may be conn itself.
func (c *connections) admit(conn net.Conn) (gone []net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	one := &connection{conn: conn, peer: c.peer(conn)}
	var longest net.Conn
	switch {
	case one.peer != nil && one.peer.open >= c.bounds.perAddress:
		longest = c.giveUp(&one.peer.idle)
		c.warn("one address has too many connections: its idle ones are closed", "client", one.peer.key.String())
	case len(c.open) >= c.bounds.connections:
		longest = c.giveUp(&c.idle)
		c.warn("there are too many connections: idle ones are closed")
	default:
		c.add(one)
		return c.makeRoom()
	}
	if longest == nil {
		return []net.Conn{conn}
	}
	c.add(one)
	return append(c.makeRoom(), longest)
}

// peer finds or makes the peer of a new connection.
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

// remoteAddr is the address at the other end of conn.
func remoteAddr(conn net.Conn) netip.Addr {
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr()
	}
	return netip.Addr{}
}

// warnEvery keeps an attack from filling the log as well.
const warnEvery = time.Minute

func (c *connections) warn(what string, more ...any) {
	now := time.Now()
	if now.Sub(c.warned) < warnEvery {
		return
	}
	c.warned = now
	c.logger.Warn(what, append(more, "open", len(c.open))...)
}
