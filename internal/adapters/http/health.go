package http

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"
)

// healthz says that the process lives.
func (a *app) healthz(w http.ResponseWriter, _ *http.Request) error {
	return plain(w, http.StatusOK, "ok\n")
}

// readyPatience bounds the whole readiness check.
const readyPatience = 2 * time.Second

// readyz says whether people can sign in: the provider's metadata has been
// loaded, and the session store answers. Its reasons are constant text.
func (a *app) readyz(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), readyPatience)
	defer cancel()
	var reasons []string
	if a.Domain.ProviderReady(ctx) != nil {
		reasons = append(reasons, "identity provider: its metadata or keys have not been loaded; is the authority right, and reachable from here?")
	}
	if a.StoreReady != nil && a.StoreReady(ctx) != nil {
		reasons = append(reasons, "session store: it does not answer; is SESSION_STORE right, and the server up?")
	}
	if len(reasons) > 0 {
		w.Header().Set("Retry-After", "5")
		return plain(w, http.StatusServiceUnavailable, strings.Join(reasons, "\n")+"\n")
	}
	return plain(w, http.StatusOK, "ready\n")
}

func plain(w http.ResponseWriter, status int, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // a client that is gone needs no answer
	return nil
}
