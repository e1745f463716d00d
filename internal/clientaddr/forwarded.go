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

// Forwarded decides which address a request counts for, which Of and Text then
// return: that of the TCP peer, or, if the peer is one of proxies, the last hop
// of X-Forwarded-For that is not. The header of any other peer is not believed.
// Forwarded logs a warning about such a header, and one about a proxy whose header
// cannot be read, each once for all handlers together.
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

// noticeUntrusted warns, once, that a peer which is not one of proxies sends
// X-Forwarded-For: it may be a proxy that TRUSTED_PROXIES lacks.
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
