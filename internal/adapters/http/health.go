package http

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
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
		reasons = append(reasons, "identity provider: its metadata has not been loaded; is the authority right, and reachable from here?")
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

func (a *app) notFound(w http.ResponseWriter, r *http.Request) error {
	if wantsJSON(r) {
		a.problem(w, r, answer{status: http.StatusNotFound, name: "notfound"}, nil)
		return nil
	}
	return a.page(w, r, http.StatusNotFound, nil, notFoundView{})
}

// methodNotAllowed says which methods a known path has (RFC 9110, section
// 15.5.6).
func (a *app) methodNotAllowed(routes chi.Routes) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if routes.Match(chi.NewRouteContext(), method, r.URL.Path) {
				allowed = append(allowed, method)
				if method == http.MethodGet {
					allowed = append(allowed, http.MethodHead)
				}
			}
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		if wantsJSON(r) {
			a.problem(w, r, answer{status: http.StatusMethodNotAllowed, name: "method"}, nil)
			return nil
		}
		return a.page(w, r, http.StatusMethodNotAllowed, nil, methodView{Allowed: allowed})
	}
}
