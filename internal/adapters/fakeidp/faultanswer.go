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

// applyFault responds to a request that meets a fault.
func (p *Provider) applyFault(w http.ResponseWriter, r *http.Request, fault metFault, handle http.HandlerFunc) {
	if fault.Met != nil {
		fault.Met()
	}
	held := fault.Hang || fault.Delay > 0
	if fault.After {
		answer := &heldAnswer{header: make(http.Header), status: http.StatusOK}
		handle(answer, r)
		handle = cutHandler
		if held {
			handle = answer.release
		}
	}
	if held && !fault.wait(r) {
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
	case fault.answers():
		fault.send(w)
	default:
		handle(w, r)
	}
}

func (f Fault) answers() bool {
	return f.Status != 0 || f.Body != "" || f.Size > 0 || f.CutAfter > 0 || f.ContentType != "" || f.RetryAfter != "" || f.Location != ""
}

// failWith answers in the way of the endpoint: a redirect where a browser is on
// its way, JSON elsewhere.
func (p *Provider) failWith(w http.ResponseWriter, r *http.Request, fault metFault) {
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

// send writes the answer that the fault describes.
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
		packed, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // fails for no level that there is
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
	conn, _, err := http.NewResponseController(w).Hijack()
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

func cutHandler(w http.ResponseWriter, _ *http.Request) { cut(w) }

// heldAnswer keeps an answer for later, or for nobody.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *heldAnswer) Header() http.Header         { return a.header }
func (a *heldAnswer) Write(b []byte) (int, error) { return a.body.Write(b) }
func (a *heldAnswer) WriteHeader(status int)      { a.status = status }

func (a *heldAnswer) release(w http.ResponseWriter, _ *http.Request) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = a.body.WriteTo(w) // fails only when the client is gone
}

// drip returns a byte now and then, without end: each arrives, so a client that
// only waits for the next one waits for ever.
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
			cut(w) // what is missing will never come
			return
		case <-r.Context().Done():
			return
		}
	}
}
