package http

import (
	"fmt"
	"net/http"

	"github.com/go-chi/chi/v5"

	"webapp/internal/adapters/http/server"
)

var _ server.RefusalHandler = (*application)(nil)

// application is the handler of all routes.
type application struct {
	router
	// refusals answers where the server has refused a request by itself, with
	// what every answer has: headers, request ID, log line, metric.
	refusals http.Handler
}

// Refusals implements server.RefusalHandler.
func (a *application) Refusals() http.Handler { return a.refusals }

// router is a handler that can be asked for its routes.
type router interface {
	http.Handler
	chi.Routes
}

func (a *app) application() (http.Handler, error) {
	routes, err := a.routes()
	if err != nil {
		return nil, err
	}
	return &application{routes, a.clientAddress(a.observe(a.securityHeaders(a.handle(refused))))}, nil
}

// refused says what the server would have, and to whoever's cookies or address
// were too large, who is a person, in a page.
func refused(w http.ResponseWriter, r *http.Request) error {
	said := server.RefusalOf(r.Context())
	if said.Status == http.StatusRequestHeaderFieldsTooLarge {
		return errLargeHeader
	}
	observed(r.Context()).err = fmt.Errorf("%w: %s", errRefusedUnread, said.Text)
	return plain(w, said.Status, said.Text)
}
