package http

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"webapp/internal/domain"
)

// healthz responds with 200 while the process is running.
func (a *app) healthz(w http.ResponseWriter, _ *http.Request) error {
	return plain(w, http.StatusOK, "ok\n")
}

// readyTimeout limits the whole readiness check.
const readyTimeout = 2 * time.Second

// readyz responds with 200 if users can sign in: the provider's metadata are loaded
// and the session store responds. Otherwise it responds with 503 and constant
// texts.
func (a *app) readyz(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	var reasons []string
	if err := a.Domain.ProviderReady(ctx); err != nil {
		reasons = append(reasons, providerNotReady(err))
	}
	if a.StoreReady != nil && a.StoreReady(ctx) != nil {
		reasons = append(reasons, "session store: it does not respond; check its address in SESSION_STORE or SESSION_STORE_FILE, and whether the server is running")
	}
	if len(reasons) > 0 {
		w.Header().Set("Retry-After", "5")
		return plain(w, http.StatusServiceUnavailable, strings.Join(reasons, "\n")+"\n")
	}
	return plain(w, http.StatusOK, "ready\n")
}

// providerNotReady returns a text about why no sign-in can start, with the
// provider's error number if there is one.
func providerNotReady(err error) string {
	number := numberIn(err)
	if number != "" {
		number = " (" + number + ")"
	}
	if errors.Is(err, domain.ErrProviderSetup) {
		return "identity provider: it responds, but does not fit the configuration" + number + `; run "webapp doctor" to find out why`
	}
	return "identity provider: its metadata or keys have not been loaded" + number +
		`; check the authority and the network, or run "webapp doctor"`
}

// numberIn returns the provider's error number with its prefix, or "".
func numberIn(err error) string {
	if reported, ok := errors.AsType[*domain.ProviderError](err); ok {
		return reported.NumberText()
	}
	return ""
}

func plain(w http.ResponseWriter, status int, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // the client may have disconnected
	return nil
}
