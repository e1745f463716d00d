package http

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"

	"webapp/internal/clientaddr"
)

// maxRequestID bounds a request ID that a proxy chose, in bytes.
const maxRequestID = 64

// RequestID returns the ID of the request that ctx belongs to, as its log line
// has it, or "" where ctx belongs to none.
func RequestID(ctx context.Context) string { return observed(ctx).requestID }

// requestID is the one that a trusted proxy gave the request, where that is a
// short plain token; else a new one. Anybody else's would let strangers write
// into the log and pass one request off as another.
func (a *app) requestID(r *http.Request, fromProxy bool) string {
	if given := r.Header["X-Request-Id"]; fromProxy && len(given) == 1 && plainToken(given[0]) {
		return given[0]
	}
	return newRequestID()
}

func plainToken(s string) bool {
	return s != "" && len(s) <= maxRequestID && !strings.ContainsFunc(s, func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		return !letter && !('0' <= r && r <= '9') && !strings.ContainsRune("-_.", r)
	})
}

// fromProxy says whether the TCP peer is one of TrustedProxies. What it passes
// on of its own client's is that client's.
func (a *app) fromProxy(r *http.Request) bool {
	return clientaddr.FromProxy(r, a.TrustedProxies)
}

// newRequestID makes an ID that is unique enough to find a request in a log.
func newRequestID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails
	return hex.EncodeToString(b[:])
}
