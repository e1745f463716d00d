package clientaddr

import (
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"github.com/go-chi/chi/v5/middleware"
)

const forwardedFor = "X-Forwarded-For"

// Forwarded returns middleware that determines the client address for Of and Text.
// If the TCP peer is one of proxies, that is the last address in X-Forwarded-For
// that is not one of proxies. Otherwise it is the TCP peer's, and the header is
// ignored. Forwarded logs one warning if a header is ignored, and one if a proxy's
// header cannot be parsed.
func Forwarded(proxies []netip.Prefix, logger *slog.Logger) func(http.Handler) http.Handler {
	noticeUntrusted := noticeUntrusted(proxies, logger)
	if len(proxies) == 0 {
		return noticeUntrusted
	}
	prefixes := make([]string, len(proxies))
	for i, p := range proxies {
		prefixes[i] = p.String()
	}
	decideBy, notice := middleware.ClientIPFromXFF(prefixes...), noticeUnreadable(logger)
	return func(next http.Handler) http.Handler {
		decide := noticeUntrusted(decideBy(notice(next)))
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if FromProxy(r, proxies) {
				r = plainForwarded(r)
			}
			decide.ServeHTTP(w, r)
		})
	}
}

// noticeUntrusted returns middleware that warns once if a peer outside proxies
// sends X-Forwarded-For. The peer may be a proxy that TRUSTED_PROXIES lacks.
func noticeUntrusted(proxies []netip.Prefix, logger *slog.Logger) func(http.Handler) http.Handler {
	warn := sync.OnceFunc(func() {
		logger.Warn("a peer that is not in TRUSTED_PROXIES sends X-Forwarded-For, which is ignored: if it is a proxy, all of its clients count as one",
			"remedy", "If requests come through a proxy, write its address range into TRUSTED_PROXIES. Otherwise somebody made the header up, and nothing has to be done.")
	})
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if len(r.Header[forwardedFor]) > 0 && !FromProxy(r, proxies) {
				warn()
			}
			next.ServeHTTP(w, r)
		})
	}
}

// noticeUnreadable returns middleware that warns once if a proxy's header cannot
// be parsed. All clients of that proxy then have the proxy's address.
func noticeUnreadable(logger *slog.Logger) func(http.Handler) http.Handler {
	warn := sync.OnceFunc(func() {
		logger.Warn("a proxy in TRUSTED_PROXIES sends an X-Forwarded-For without a valid address: all of its clients count as one",
			"remedy", "Let the proxy append the address that it sees to X-Forwarded-For.")
	})
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !middleware.GetClientIPAddr(r.Context()).IsValid() && unreadable(r.Header[forwardedFor]) {
				warn()
			}
			next.ServeHTTP(w, r)
		})
	}
}

// plainForwarded returns r with plain addresses in X-Forwarded-For, because some
// proxies, such as Azure's gateways, also write the port. Invalid hops stay
// unchanged; the middleware of chi stops at them.
func plainForwarded(r *http.Request) *http.Request {
	lines := r.Header[forwardedFor]
	if len(lines) == 1 { // usually one plain address, which needs no copy
		if address, err := netip.ParseAddr(lines[0]); err == nil && !address.Is4In6() && address.Zone() == "" {
			return r
		}
	}
	plain, changed := make([]string, len(lines)), false
	for i, line := range lines {
		var b strings.Builder
		for hop := range strings.SplitSeq(line, ",") {
			if b.Len() > 0 {
				b.WriteString(", ")
			}
			b.WriteString(plainHop(strings.TrimSpace(hop)))
		}
		plain[i] = b.String()
		changed = changed || plain[i] != line
	}
	if !changed {
		return r
	}
	r = r.WithContext(r.Context())
	r.Header = maps.Clone(r.Header)
	r.Header[forwardedFor] = plain
	return r
}

// plainHop returns a hop without port, brackets and zone. An IPv6 address without
// brackets cannot have a port. An invalid hop is returned unchanged.
func plainHop(hop string) string {
	address, err := netip.ParseAddr(hop)
	if err != nil {
		if withPort, portErr := netip.ParseAddrPort(hop); portErr == nil {
			address, err = withPort.Addr(), nil
		} else if inner, ok := strings.CutPrefix(hop, "["); ok && strings.HasSuffix(inner, "]") {
			address, err = netip.ParseAddr(strings.TrimSuffix(inner, "]"))
			if err == nil && !address.Is6() {
				return hop
			}
		}
	}
	if err != nil {
		return hop
	}
	return address.Unmap().WithZone("").String()
}

// unreadable reports whether one of the hops is not an address.
func unreadable(lines []string) bool {
	for _, line := range lines {
		for hop := range strings.SplitSeq(line, ",") {
			if hop = strings.TrimSpace(hop); hop == "" {
				continue
			}
			if _, err := netip.ParseAddr(hop); err != nil {
				return true
			}
		}
	}
	return false
}
