package http

import (
	"net/http"

	"webapp/internal/adapters/http/clientaddr"
)

// clientAddress decides whose address a request has.
func (a *app) clientAddress(next http.Handler) http.Handler {
	return clientaddr.Forwarded(a.TrustedProxies, a.Logger)(next)
}

// fromProxy says whether the TCP peer is one of TrustedProxies. What it passes
// on of its own client's is that client's.
func (a *app) fromProxy(r *http.Request) bool {
	return clientaddr.FromProxy(r, a.TrustedProxies)
}
