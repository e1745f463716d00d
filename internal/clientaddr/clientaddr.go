// Package clientaddr determines the client address of a request: the address of
// the TCP peer, or the one that a trusted proxy names in X-Forwarded-For.
//
// Rate limits use Key, which is the same for all addresses of one customer. The
// log uses Text.
package clientaddr

import (
	"net/http"
	"net/netip"
)

// Key returns the address that a rate limit applies to: an IPv4 address itself, an
// IPv6 address as its /56. Providers assign a /56 to many customers, who can use
// all of its addresses (RFC 6177, RFC 8981). Key returns an invalid address
// unchanged.
func Key(address netip.Addr) netip.Addr {
	address = address.Unmap().WithZone("")
	if address.Is4() || !address.IsValid() {
		return address
	}
	return netip.PrefixFrom(address, 56).Masked().Addr()
}

// Text returns the address as text, or "" if it is invalid. An IPv4 address in IPv6
// notation is written as IPv4.
func Text(address netip.Addr) string {
	if !address.IsValid() {
		return ""
	}
	return address.Unmap().String()
}

// FromProxy reports whether the TCP peer is one of proxies.
func FromProxy(r *http.Request, proxies []netip.Prefix) bool { return Within(proxies, peer(r)) }

// peer returns the address of the TCP peer. It is invalid if the connection is not TCP.
func peer(r *http.Request) netip.Addr {
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return address.Addr()
}

// Within reports whether one of prefixes contains the address. It reads an IPv4
// address in IPv6 notation as IPv4 (RFC 4291, section 2.5.5.2) and ignores zones.
func Within(prefixes []netip.Prefix, address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	for _, p := range prefixes {
		if p.Contains(address) {
			return true
		}
	}
	return false
}
