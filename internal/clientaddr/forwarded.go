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

// Forwarded decides whose address a request has: the TCP peer's, or, where that
// is one of proxies, the last hop of X-Forwarded-For that is not; Of and Text
// then tell it. What a stranger writes into the header is not believed. The
// logger is warned of a proxy whose header cannot be read, once for all handlers
// together.
func Forwarded(proxies []netip.Prefix, logger *slog.Logger) func(http.Handler) http.Handler {
	if len(proxies) == 0 {
		return func(next http.Handler) http.Handler { return next }
	}
	prefixes := make([]string, len(proxies))
	for i, p := range proxies {
		prefixes[i] = p.String()
	}
	decideBy, notice := middleware.ClientIPFromXFF(prefixes...), noticeUnreadable(logger)
	return func(next http.Handler) http.Handler {
		decide := decideBy(notice(next))
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if FromProxy(r, proxies) {
				r = plainForwarded(r)
			}
			decide.ServeHTTP(w, r)
		})
	}
}

// noticeUnreadable warns, once, that a proxy names clients in a way that cannot
// be read: all of them then count as the proxy.
func noticeUnreadable(logger *slog.Logger) func(http.Handler) http.Handler {
	warn := sync.OnceFunc(func() {
		logger.Warn("a proxy in TRUSTED_PROXIES sends an X-Forwarded-For that names no address: all of its clients count as one",
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

// plainForwarded returns r with the hops of its X-Forwarded-For as addresses.
// Azure's gateways, among others, write the port as well. What is no address stays
// as it is: nothing to the left of it is believed.
func plainForwarded(r *http.Request) *http.Request {
	lines := r.Header[forwardedFor]
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

// plainHop is a hop without its port, brackets and zone. An IPv6 address without
// brackets has no port: its last colon says nothing.
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

// unreadable says whether there is a hop that is no address.
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
