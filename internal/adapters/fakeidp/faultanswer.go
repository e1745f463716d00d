package fakeidp

import (
	"cmp"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// applyFault answers a request that meets a fault.
func (p *Provider) applyFault(w http.ResponseWriter, r *http.Request, fault Fault, handle http.HandlerFunc) {
	if (fault.Hang || fault.Delay > 0) && !p.faults.wait(r, fault) {
		return
	}
	if fault.After {
		handle(&lostAnswer{header: make(http.Header)}, r)
	}
	switch {
	case fault.Cut:
		cut(w)
	case fault.Error != nil:
		p.failWith(w, r, fault)
	case fault.answers():
		fault.send(w)
	case fault.After:
		cut(w)
	default:
		handle(w, r)
	}
}

func (f Fault) answers() bool {
	return f.Status != 0 || f.Body != "" || f.Size > 0 || f.CutAfter > 0 || f.ContentType != "" || f.RetryAfter != ""
}

// failWith answers in the way of the endpoint: a redirect where a browser is on
// its way, JSON elsewhere.
func (p *Provider) failWith(w http.ResponseWriter, r *http.Request, fault Fault) {
	if fault.RetryAfter != "" {
		w.Header().Set("Retry-After", fault.RetryAfter)
	}
	failure := *fault.Error
	failure.Status = cmp.Or(fault.Status, failure.Status)
	if !strings.HasSuffix(r.URL.Path, "/authorize") {
		p.answerError(w, r, &failure)
		return
	}
	req, refused := p.readAuthRequest(r.PathValue("tenant"), r.Form)
	if refused == nil {
		refused = &failure
	}
	p.refuse(w, r, req, refused)
}

// send writes the answer that the fault describes.
func (f Fault) send(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", cmp.Or(f.ContentType, "application/json"))
	if f.RetryAfter != "" {
		h.Set("Retry-After", f.RetryAfter)
	}
	if f.CutAfter > 0 {
		h.Set("Content-Length", strconv.Itoa(f.CutAfter+1+len(f.Body)))
		w.WriteHeader(cmp.Or(f.Status, http.StatusOK))
		_, _ = io.CopyN(w, f.body(), int64(f.CutAfter))
		cut(w)
		return
	}
	out := io.Writer(w)
	if f.Gzip {
		h.Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		defer func() { _ = packed.Close() }()
		out = packed
	}
	w.WriteHeader(cmp.Or(f.Status, http.StatusOK))
	_, _ = io.CopyN(out, f.body(), int64(len(f.Body))+f.Size) // fails only when the client is gone
}

// body is Body followed by blanks without end.
func (f Fault) body() io.Reader { return io.MultiReader(strings.NewReader(f.Body), blanks{}) }

type blanks struct{}

func (blanks) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

// cut ends the connection without a further word.
func cut(w http.ResponseWriter) {
	rc := http.NewResponseController(w)
	_ = rc.Flush()
	conn, _, err := rc.Hijack()
	if err != nil {
		// Behind a server that cannot hijack (HTTP/2, a recorder).
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a reset, not an orderly end
	}
	_ = conn.Close()
}

// lostAnswer is where an answer goes that the client shall not get.
type lostAnswer struct{ header http.Header }

func (l *lostAnswer) Header() http.Header         { return l.header }
func (l *lostAnswer) Write(b []byte) (int, error) { return len(b), nil }
func (l *lostAnswer) WriteHeader(int)             {}
