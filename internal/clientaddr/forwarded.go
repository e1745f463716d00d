package clientaddr

import (
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
)

const forwardedFor = "X-Forwarded-For"

// Finder finds the client address of requests.
type Finder struct {
	proxies []netip.Prefix
	// Both log a warning, once.
	warnUntrusted, warnUnreadable func()
}

// NewFinder returns a Finder that believes the X-Forwarded-For of proxies. The logger
// gets one warning if a header of another peer is ignored, and one if a proxy's header
// cannot be parsed.
func NewFinder(proxies []netip.Prefix, logger *slog.Logger) *Finder {
	return &Finder{
		proxies: proxies,
		// The peer may be a proxy that TRUSTED_PROXIES lacks.
		warnUntrusted: sync.OnceFunc(func() {
			logger.Warn("a peer that is not in TRUSTED_PROXIES sends X-Forwarded-For, which is ignored: if it is a proxy, all of its clients count as one",
				"remedy", "If requests come through a proxy, write its address range into TRUSTED_PROXIES. Otherwise somebody made the header up, and nothing has to be done.")
		}),
		warnUnreadable: sync.OnceFunc(func() {
			logger.Warn("a proxy in TRUSTED_PROXIES sends an X-Forwarded-For without a valid address: all of its clients count as one",
				"remedy", "Let the proxy append the address that it sees to X-Forwarded-For.")
		}),
	}
}

// Find returns the client address of r, and whether the TCP peer is one of the proxies.
// If it is, the client address is the last one in X-Forwarded-For that is not one of
// the proxies. Without such an address, and for any other peer, it is the address of
// the peer. It is invalid if the connection is not TCP.
func (f *Finder) Find(r *http.Request) (client netip.Addr, fromProxy bool) {
	client = peer(r)
	fromProxy = Within(f.proxies, client)
	lines := r.Header[forwardedFor]
	if !fromProxy {
		if len(lines) > 0 {
			f.warnUntrusted()
		}
		return client, false
	}
	forwarded, readable := f.lastUntrusted(lines)
	if !readable {
		f.warnUnreadable()
	}
	if forwarded.IsValid() {
		client = forwarded
	}
	return client, true
}

// lastUntrusted returns the last address that is not one of the proxies. It stops at
// text that is not an address and then returns false, because a client may have
// written everything before it. The middleware of chi was considered: it takes an
// address with a port, as Azure's gateways write it, for such text.
func (f *Finder) lastUntrusted(lines []string) (_ netip.Addr, readable bool) {
	for _, line := range slices.Backward(lines) {
		for line != "" {
			comma := strings.LastIndexByte(line, ',')
			hop := strings.TrimSpace(line[comma+1:])
			line = line[:max(comma, 0)]
			if hop == "" {
				continue
			}
			address, err := parseHop(hop)
			if err != nil {
				return netip.Addr{}, false
			}
			if !Within(f.proxies, address) {
				return address, true
			}
		}
	}
	return netip.Addr{}, true
}

// parseHop returns the address of a hop without its port, brackets and zone. An IPv6
// address without brackets cannot have a port.
func parseHop(hop string) (netip.Addr, error) {
	address, err := netip.ParseAddr(hop)
	if err != nil {
		if strings.HasSuffix(hop, "]") {
			hop += ":0"
		}
		var withPort netip.AddrPort
		withPort, err = netip.ParseAddrPort(hop)
		address = withPort.Addr()
	}
	return address.Unmap().WithZone(""), err
}
