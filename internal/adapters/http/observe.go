package http

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"webapp/internal/clientaddr"
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

// observe gives each request an ID, writes its one log line, tells the hooks
// and turns a panic into an error page.
func (a *app) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, trusted := a.Now(), a.fromProxy(r)
		o := &observation{requestID: a.requestID(r, trusted)}
		r = r.WithContext(context.WithValue(r.Context(), observationKey{}, o))
		w.Header()["X-Request-Id"] = []string{o.requestID}
		var endTrace func(route string, status int)
		if a.Trace != nil {
			var ctx context.Context
			ctx, endTrace = a.Trace(r, trusted)
			r = r.WithContext(ctx)
		}
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() {
			a.recovered(recover(), ww, r)
			took, route := a.Now().Sub(start), chi.RouteContext(r.Context()).RoutePattern()
			a.logRequest(r, ww, o, route, took)
			if a.Answered != nil {
				a.Answered(r.Method, route, statusOf(ww), took)
			}
			if endTrace != nil {
				endTrace(route, statusOf(ww))
			}
		}()
		next.ServeHTTP(ww, r)
	})
}

func statusOf(w middleware.WrapResponseWriter) int {
	if status := w.Status(); status != 0 {
		return status
	}
	return http.StatusOK
}

// recovered responds to a panic as an internal error, with its stack in the log.
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

// logRequest writes one line a request. It never has the query, which carries
// codes and states.
func (a *app) logRequest(r *http.Request, w middleware.WrapResponseWriter, o *observation, route string, took time.Duration) {
	status := statusOf(w)
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
		slog.String("path", loggedPath(r, route)),
		slog.String("route", route),
		slog.Int("status", status),
		slog.Int("bytes", w.BytesWritten()),
		slog.Duration("took", took),
		slog.String("client", clientaddr.Text(r)))
	if o.err != nil {
		attrs = append(attrs, slog.String("err", bounded(o.err.Error(), 1024)))
	}
	a.Logger.LogAttrs(r.Context(), level, "request", attrs...)
}

// bounded cuts a stranger's text to n bytes.
func bounded(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}
