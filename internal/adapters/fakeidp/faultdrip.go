package fakeidp

import (
	"cmp"
	"net/http"
	"time"
)

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
