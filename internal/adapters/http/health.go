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

// healthz says that the process lives.
func (a *app) healthz(w http.ResponseWriter, _ *http.Request) error {
	return plain(w, http.StatusOK, "ok\n")
}

// readyTimeout bounds the whole readiness check.
const readyTimeout = 2 * time.Second

// readyz says whether people can sign in: the provider's metadata has been
// loaded, and the session store answers. Its reasons are constant text.
func (a *app) readyz(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	var reasons []string
	if err := a.Domain.ProviderReady(ctx); err != nil {
		reasons = append(reasons, providerNotReady(err))
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

// providerNotReady words why no sign-in can begin. Only the provider's error
// number is not constant.
func providerNotReady(err error) string {
	number := numberIn(err)
	if number != "" {
		number = " (" + number + ")"
	}
	if errors.Is(err, domain.ErrProviderSetup) {
		return "identity provider: it answers, but does not fit the configured authority" + number + `; run "webapp doctor" to find out why`
	}
	return "identity provider: its metadata or keys have not been loaded" + number +
		`; is the authority right, and reachable from here? Run "webapp doctor" to find out`
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
	_, _ = io.WriteString(w, text) // a client that is gone needs no answer
	return nil
}
