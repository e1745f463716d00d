package http

import (
	"net"
	"net/http"
	"net/netip"

	"github.com/go-chi/chi/v5/middleware"
)

// addressKey is whom an address counts for: an IPv4 address for itself, an IPv6
// address for its /64, because that is what one customer is given and every
// address of it is theirs to choose (RFC 6177, RFC 8981).
func addressKey(address netip.Addr) netip.Addr {
	address = address.Unmap().WithZone("")
	if address.Is4() || !address.IsValid() {
		return address
	}
	return netip.PrefixFrom(address, 64).Masked().Addr()
}

// clientAddr is the address that clientAddress decided on, else the TCP peer's.
// It is not valid where there is none, as on a connection that is not TCP.
func clientAddr(r *http.Request) netip.Addr {
	if address := middleware.GetClientIPAddr(r.Context()); address.IsValid() {
		return address
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr()
}

// clientIP is clientAddr as text, "" where there is none.
func clientIP(r *http.Request) string {
	if address := clientAddr(r); address.IsValid() {
		return address.Unmap().String()
	}
	return ""
}

// remoteAddr is the address at the other end of conn.
func remoteAddr(conn net.Conn) netip.Addr {
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr()
	}
	return netip.Addr{}
}

// within says whether one of prefixes holds the address.
func within(prefixes []netip.Prefix, address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	for _, p := range prefixes {
		if p.Contains(address) {
			return true
		}
	}
	return false
}
