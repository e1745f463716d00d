package http

import (
	"fmt"
	"net/http"

	"webapp/internal/domain"
	"webapp/templates"
)

// Values of the form field "end" of /sessions.
const (
	endField  = "end"
	endOthers = "others"
)

// sessions lists the user's sessions.
func (a *app) sessions(r *http.Request, _ domain.Session) (templates.View, error) {
	own, err := a.Domain.OwnSessions(r.Context())
	if err != nil {
		return nil, err
	}
	now := a.Now()
	v := templates.Sessions{}
	for _, one := range own {
		v.Sessions = append(v.Sessions, templates.SessionRow{
			ID: one.ID, Device: one.Device, This: one.Current,
			Started: templates.NewMoment(one.Started, now), Seen: templates.NewMoment(one.Seen, now),
		})
	}
	v.Others = len(own) > 1
	return v, nil
}

// endSessions ends one of the user's sessions, or all but the current one, and
// redirects to the list.
func (a *app) endSessions(w http.ResponseWriter, r *http.Request, _ domain.Session) error {
	form, err := postedForm(r)
	if err != nil {
		return fmt.Errorf("%w: %w", errBadForm, err)
	}
	switch id := form.Get(endField); {
	case id == "":
		return fmt.Errorf("%w: nothing to end", errBadForm)
	case id == endOthers:
		_, err = a.Domain.EndOtherSessions(r.Context())
	default:
		err = a.Domain.EndOwnSession(r.Context(), id)
	}
	if err != nil {
		return err
	}
	return seeOther(w, a.url(sessionsPath))
}
