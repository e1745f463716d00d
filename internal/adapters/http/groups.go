package http

import (
	"errors"
	"net/http"

	"webapp/internal/domain"
	"webapp/templates"
)

// groups shows the user's directory groups.
func (a *app) groups(r *http.Request, _ domain.Session) (templates.View, error) {
	groups, err := a.Domain.Groups(r.Context())
	if errors.Is(err, domain.ErrUnsupported) {
		return templates.Groups{}, nil
	}
	if err != nil {
		return nil, err
	}
	return templates.Groups{Known: true, IDs: groups.IDs, AsOf: templates.NewMoment(groups.AsOf, a.Now())}, nil
}
