package http

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"webapp/internal/domain"
)

// sessionStatus is the response of GET and POST /session. static/session.js reads it.
type sessionStatus struct {
	Name     string   `json:"name"`
	Username string   `json:"username"`
	Roles    []string `json:"roles"`
	// Started is the time of the sign-in. The session ends at IdleEnds if it is not
	// used until then, and at Ends in any case. Times have the form of RFC 3339.
	Started  time.Time `json:"started"`
	IdleEnds time.Time `json:"idle_ends"`
	Ends     time.Time `json:"ends"`
}

// sessionStatus returns a handler that responds with the session that read returns. It
// responds to every error with a problem document.
func (a *app) sessionStatus(read func(context.Context) (domain.Session, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		session, err := read(r.Context())
		if err != nil {
			a.failWith(w, r, err, a.problem)
			return
		}
		status := sessionStatus{
			Name: session.User.Name, Username: session.User.Username, Roles: append([]string{}, session.User.Roles...),
			Started: session.Started.UTC(), IdleEnds: session.IdleEnds.UTC(), Ends: session.Ends.UTC(),
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(status) // the client may have disconnected
	}
}
