package http

import (
	"net/http"
	"time"

	"webapp/internal/domain"
	"webapp/templates"
)

// freshAge is the greatest age of a sign-in that opens the example page /fresh.
const freshAge = 5 * time.Minute

// fresh is the example of a page for a recent sign-in.
func (a *app) fresh(_ *http.Request, session domain.Session) (templates.View, error) {
	now := a.Now()
	return templates.Fresh{
		AuthTime:  templates.NewMoment(session.AuthTime, now),
		AsksAgain: templates.NewMoment(session.AuthTime.Add(freshAge), now),
	}, nil
}
