package http

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"webapp/internal/domain"
)

// observation is what is known of a request when it has been answered. The
// error edge fills in err, and a handler who is signed in.
type observation struct {
	requestID string
	err       error
	session   *domain.Session
}

type observationKey struct{}

func observed(ctx context.Context) *observation {
	if o, ok := ctx.Value(observationKey{}).(*observation); ok {
		return o
	}
	return &observation{}
}

// observe gives each request an ID, writes its one log line and turns a panic
// into an error page.
func (a *app) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := a.Now()
		o := &observation{requestID: newRequestID()}
		r = r.WithContext(context.WithValue(r.Context(), observationKey{}, o))
		w.Header()["X-Request-Id"] = []string{o.requestID}
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() {
			a.recovered(recover(), ww, r)
			a.logRequest(r, ww, o, a.Now().Sub(start))
		}()
		next.ServeHTTP(ww, r)
	})
}

// recovered answers a panic as an internal error, with its stack in the log.
func (a *app) recovered(value any, w middleware.WrapResponseWriter, r *http.Request) {
	if value == nil {
		return
	}
	if value == http.ErrAbortHandler {
		panic(value)
	}
	err := fmt.Errorf("%w: panic in a handler", errInternal)
	a.Logger.Error("panic", "request_id", observed(r.Context()).requestID,
		"type", fmt.Sprintf("%T", value), "stack", string(debug.Stack()))
	if w.Status() == 0 {
		a.fail(w, r, err)
	}
}

// logRequest writes one line a request. It names the path but never the query,
// which carries codes and states.
func (a *app) logRequest(r *http.Request, w middleware.WrapResponseWriter, o *observation, took time.Duration) {
	status := w.Status()
	if status == 0 {
		status = http.StatusOK
	}
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	if !a.Logger.Enabled(r.Context(), level) {
		return
	}
	attrs := make([]slog.Attr, 0, 9)
	attrs = append(attrs,
		slog.String("request_id", o.requestID),
		slog.String("method", bounded(r.Method, 16)),
		slog.String("path", bounded(r.URL.Path, 256)),
		slog.String("route", chi.RouteContext(r.Context()).RoutePattern()),
		slog.Int("status", status),
		slog.Int("bytes", w.BytesWritten()),
		slog.Duration("took", took),
		slog.String("client", clientIP(r)))
	if o.err != nil {
		attrs = append(attrs, slog.String("err", bounded(o.err.Error(), 1024)))
	}
	a.Logger.LogAttrs(r.Context(), level, "request", attrs...)
}

// clientIP is the address that clientAddress decided on.
func clientIP(r *http.Request) string {
	if ip := middleware.GetClientIP(r.Context()); ip != "" {
		return ip
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return host
}

// newRequestID makes an ID that is unique enough to find a request in a log.
func newRequestID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails
	return hex.EncodeToString(b[:])
}

// bounded cuts a stranger's text to n bytes.
func bounded(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}
