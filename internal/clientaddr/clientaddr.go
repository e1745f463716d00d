// Package clientaddr knows whom a request comes from: by which address, and for
// whom an address counts.
//
// The address is that of the TCP peer, or the one that a trusted proxy names.
// Bounds for each client go by its Key, the log has its Text.
package clientaddr

import (
	"net/http"
	"net/netip"

	"github.com/go-chi/chi/v5/middleware"
)

// Key returns the customer that an address counts for: an IPv4 address counts
// for itself, an IPv6 address for its /56. Many a customer is given a /56, and
// chooses among all its networks and addresses (RFC 6177, RFC 8981). An address
// that is not valid is its own key.
func Key(address netip.Addr) netip.Addr {
	address = address.Unmap().WithZone("")
	if address.Is4() || !address.IsValid() {
		return address
	}
	return netip.PrefixFrom(address, 56).Masked().Addr()
}

// Of is the address that Forwarded decided on, else the TCP peer's. It is not
// valid where there is none, as on a connection that is not TCP.
func Of(r *http.Request) netip.Addr {
	if address := middleware.GetClientIPAddr(r.Context()); address.IsValid() {
		return address
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr()
}

// Text is Of as text, "" where there is none.
func Text(r *http.Request) string {
	if address := Of(r); address.IsValid() {
		return address.Unmap().String()
	}
	return ""
}

// FromProxy says whether the TCP peer is one of proxies.
func FromProxy(r *http.Request, proxies []netip.Prefix) bool {
	if len(proxies) == 0 {
		return false
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && Within(proxies, peer.Addr())
}

// Within says whether one of prefixes holds the address, however that is
// written: IPv4 may be mapped into IPv6 (RFC 4291, section 2.5.5.2), and a zone
// does not count.
func Within(prefixes []netip.Prefix, address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	for _, p := range prefixes {
		if p.Contains(address) {
			return true
		}
	}
	return false
}
