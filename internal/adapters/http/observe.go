package http

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"webapp/internal/clientaddr"
	"webapp/internal/domain"
)

// observation has what is known about a request. It is the context of the handlers,
// in which observed finds it. handle sets err, and handlers set the session of the
// signed-in user, both for the log line and the error page.
type observation struct {
	context.Context // of the request

	client    netip.Addr // invalid if the connection is not TCP
	requestID string
	routine   bool // LogAtDebug was called
	err       error
	session   *domain.Session
}

type observationKey struct{}

func (o *observation) Value(key any) any {
	if key == (observationKey{}) {
		return o
	}
	return o.Context.Value(key)
}

// observed returns the observation of the request that ctx belongs to, or an empty
// one.
func observed(ctx context.Context) *observation {
	if o, ok := ctx.Value(observationKey{}).(*observation); ok {
		return o
	}
	return &observation{}
}

// RecordError adds err to the log line of the request that ctx belongs to. It is for
// handlers of Config.Mounts, which respond to their errors themselves.
func RecordError(ctx context.Context, err error) { observed(ctx).err = err }

// LogAtDebug makes the log line of the request that ctx belongs to a debug message,
// unless the request failed. It is for handlers of Config.Mounts that a proxy asks about
// every file of a page.
func LogAtDebug(ctx context.Context) { observed(ctx).routine = true }

// observe finds the client of each request, gives the request an ID, writes its log
// line, calls the hooks Trace and OnResponse, and turns a panic into an error page.
func (a *app) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := a.Now()
		client, trusted := a.clients.Find(r)
		o := &observation{Context: r.Context(), client: client, requestID: requestID(r, trusted)}
		r = r.WithContext(o)
		w.Header()["X-Request-Id"] = []string{o.requestID}
		var endTrace func(route string, status int)
		if a.Trace != nil {
			var ctx context.Context
			ctx, endTrace = a.Trace(r, trusted)
			r = r.WithContext(ctx)
		}
		ww := &response{ResponseWriter: w}
		defer func() {
			a.recovered(recover(), ww, r)
			end := a.Now()
			took := end.Sub(start)
			a.logRequest(r, ww, o, end, took)
			if a.OnResponse != nil {
				a.OnResponse(r.Method, strings.TrimPrefix(r.Pattern, a.BasePath), ww.sentStatus(), took)
			}
			if endTrace != nil {
				endTrace(r.Pattern, ww.sentStatus())
			}
		}()
		next.ServeHTTP(ww, r)
	})
}

// recovered responds to a panic with an internal error and logs the stack.
func (a *app) recovered(value any, w *response, r *http.Request) {
	if value == nil {
		return
	}
	if value == http.ErrAbortHandler {
		panic(value)
	}
	err := fmt.Errorf("%w: panic in a handler", errInternal)
	a.Logger.Error("panic", "request_id", observed(r.Context()).requestID,
		"type", fmt.Sprintf("%T", value), "stack", string(debug.Stack()))
	if w.status == 0 {
		a.fail(w, r, err)
	}
}

// logRequest writes the log line of a request. It leaves out the query, which
// carries codes and states. Logger.LogAttrs would also look up the line of the source
// code, which no handler of ours writes.
func (a *app) logRequest(r *http.Request, w *response, o *observation, end time.Time, took time.Duration) {
	status := w.sentStatus()
	level := slog.LevelInfo
	switch {
	case status >= http.StatusInternalServerError:
		level = slog.LevelError
	case o.routine && status < http.StatusBadRequest:
		level = slog.LevelDebug
	}
	if !a.Logger.Enabled(r.Context(), level) {
		return
	}
	line := slog.NewRecord(end, level, "request", 0)
	line.AddAttrs(
		slog.String("request_id", o.requestID),
		slog.String("method", truncate(r.Method, 16)),
		slog.String("path", loggedPath(r)),
		slog.String("route", r.Pattern),
		slog.Int("status", status),
		slog.Int64("bytes", w.bytes),
		slog.Duration("took", took),
		slog.String("client", clientaddr.Text(o.client)))
	if o.err != nil {
		line.AddAttrs(slog.String("err", truncate(o.err.Error(), 1024)))
	}
	_ = a.Logger.Handler().Handle(r.Context(), line) // as Logger does: there is nowhere to report it
}

// truncate shortens a client's text to n bytes.
func truncate(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}

// maxRequestID limits a proxy's request ID in bytes.
const maxRequestID = 64

// RequestID returns the request ID in the log line of the request that ctx belongs
// to. It returns "" for any other context.
func RequestID(ctx context.Context) string { return observed(ctx).requestID }

// requestID returns the ID from a trusted proxy if it is a short plain token,
// otherwise a new one. IDs from other clients could forge log lines.
func requestID(r *http.Request, fromProxy bool) string {
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

// newRequestID returns a random ID.
func newRequestID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails
	return hex.EncodeToString(b[:])
}

// loggedPath returns the path for the log: the pattern of its route, of any method,
// or the masked path if there is none. A path that the client chose may contain an
// e-mail address or a token.
func loggedPath(r *http.Request) string {
	if r.Pattern != "" {
		return r.Pattern
	}
	if pattern, _ := routesAt(r); pattern != "" {
		return pattern
	}
	return maskedPath(r.URL.Path)
}

// maxWord is longer than our own paths and shorter than any token.
const maxWord = 20

// maskedPath returns the first segment of a path and masks the others. It also
// masks the first segment, unless that is a short plain word.
func maskedPath(path string) string {
	first, rest, below := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !plainWord(first) {
		first = "…"
	}
	switch {
	case !below:
		return "/" + first
	case rest == "":
		return "/" + first + "/"
	default:
		return "/" + first + "/…"
	}
}

func plainWord(s string) bool {
	return len(s) <= maxWord && !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z') && !('0' <= r && r <= '9') && r != '-' && r != '_'
	})
}
