package fakeidp

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// applyFault serves a request to which a fault applies. handle serves it as usual.
func (p *Provider) applyFault(w http.ResponseWriter, r *http.Request, fault metFault, handle http.HandlerFunc) {
	if fault.Met != nil {
		fault.Met()
	}
	waits := fault.Hang || fault.Delay > 0
	if fault.After {
		held := &bufferedResponse{header: make(http.Header), status: http.StatusOK}
		handle(held, r)
		handle = func(w http.ResponseWriter, _ *http.Request) { cut(w) }
		if waits {
			handle = held.release
		}
	}
	if waits && !fault.wait(r) {
		return
	}
	switch {
	case fault.Cut:
		cut(w)
	case fault.Error != nil:
		p.failWith(w, r, fault)
	case fault.Drip > 0:
		fault.head(w)
		fault.drip(w, r)
	case fault.hasResponse():
		fault.send(w)
	default:
		handle(w, r)
	}
}

func (f Fault) hasResponse() bool {
	return f.Status != 0 || f.Body != "" || f.Size > 0 || f.CutAfter > 0 || f.ContentType != "" || f.RetryAfter != "" || f.Location != ""
}

// failWith responds with fault.Error: by a redirect from the authorization
// endpoint, on a page from the end-session endpoint, by a challenge from an API if
// the error has claims, and otherwise as JSON.
func (p *Provider) failWith(w http.ResponseWriter, r *http.Request, fault metFault) {
	if fault.RetryAfter != "" {
		w.Header().Set("Retry-After", fault.RetryAfter)
	}
	failure := *fault.Error
	failure.Status = cmp.Or(fault.Status, failure.Status)
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/logout"):
		p.showError(w, r, &failure, failure.status())
		return
	case failure.Claims != "" && (strings.HasPrefix(path, "/v1.0/") || path == pathUserInfo):
		p.challenge(w, failure.Claims)
		return
	case !strings.HasSuffix(path, "/authorize"):
		p.writeError(w, r, &failure)
		return
	}
	req, refused := p.openAuthRequest(r.PathValue("tenant"), r.Form)
	if refused == nil {
		refused = &failure
	}
	p.refuse(w, r, req, refused)
}

// head sets the header fields that the fault describes.
func (f Fault) head(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", cmp.Or(f.ContentType, "application/json"))
	if f.RetryAfter != "" {
		h.Set("Retry-After", f.RetryAfter)
	}
	if f.Location != "" {
		h.Set("Location", f.Location)
	}
}

// send writes the response that the fault describes.
func (f Fault) send(w http.ResponseWriter) {
	h := w.Header()
	f.head(w)
	if f.CutAfter > 0 {
		h.Set("Content-Length", strconv.Itoa(f.CutAfter+1+len(f.Body)))
		w.WriteHeader(cmp.Or(f.Status, http.StatusOK))
		_, _ = io.CopyN(w, f.body(), int64(f.CutAfter))
		_ = http.NewResponseController(w).Flush()
		cut(w)
		return
	}
	out := io.Writer(w)
	if f.Gzip {
		h.Set("Content-Encoding", "gzip")
		packed, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // fails only for an invalid level
		defer func() { _ = packed.Close() }()
		out = packed
	}
	w.WriteHeader(cmp.Or(f.Status, http.StatusOK))
	_, _ = io.CopyN(out, f.body(), int64(len(f.Body))+f.Size) // fails only if the client has gone
}

// body returns Body followed by spaces without end.
func (f Fault) body() io.Reader { return io.MultiReader(strings.NewReader(f.Body), spaces{}) }

type spaces struct{}

func (spaces) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

// cut ends the connection without a response.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		// The server cannot hijack (HTTP/2, httptest.ResponseRecorder).
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // the client gets a reset
	}
	_ = conn.Close()
}

// bufferedResponse keeps a response until release.
type bufferedResponse struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (b *bufferedResponse) Header() http.Header         { return b.header }
func (b *bufferedResponse) Write(p []byte) (int, error) { return b.body.Write(p) }
func (b *bufferedResponse) WriteHeader(status int)      { b.status = status }

func (b *bufferedResponse) release(w http.ResponseWriter, _ *http.Request) {
	maps.Copy(w.Header(), b.header)
	w.WriteHeader(b.status)
	_, _ = b.body.WriteTo(w) // fails only if the client has gone
}

// drip sends one byte in each interval, without end. A client that bounds only the
// wait for the next byte never gives up.
func (f metFault) drip(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(cmp.Or(f.Status, http.StatusOK))
	out, rest := http.NewResponseController(w), f.body()
	next := time.NewTicker(f.Drip)
	defer next.Stop()
	for drop := make([]byte, 1); ; {
		_, _ = rest.Read(drop) // never fails
		if _, err := w.Write(drop); err != nil || out.Flush() != nil {
			return
		}
		select {
		case <-next.C:
		case <-f.healed:
			cut(w) // so that the client does not wait for more
			return
		case <-r.Context().Done():
			return
		}
	}
}
