package http

import (
	"context"
	"errors"
	"net/http"
	"time"

	"webapp/internal/domain"
	"webapp/templates"
)

// home is the user's own page, or the sign-in page for an anonymous visitor.
func (a *app) home(w http.ResponseWriter, r *http.Request) error {
	session, err := a.Domain.CurrentUser(r.Context())
	if errors.Is(err, domain.ErrNotSignedIn) {
		return a.welcome(w, r)
	}
	if err != nil {
		return err
	}
	observed(r.Context()).session = &session
	v, err := a.homeView(r.Context(), session)
	if err != nil {
		return err
	}
	return a.page(w, r, http.StatusOK, &session, v)
}

// homeView is what home shows of a session.
func (a *app) homeView(ctx context.Context, session domain.Session) (templates.Home, error) {
	claims, err := a.Domain.Claims(ctx)
	if err != nil {
		return templates.Home{}, err
	}
	now := a.Now()
	return templates.Home{
		Name: session.User.Name, Username: session.User.Username, TenantID: session.User.Tenant, Issuer: session.User.Issuer,
		Roles: session.User.Roles, Guest: session.User.Guest,
		Started: templates.NewMoment(session.Started, now), IdleEnd: templates.NewMoment(session.IdleEnds, now),
		AbsoluteEnd: templates.NewMoment(session.Ends, now),
		Claims:      shownClaims(claims), CanCallAPI: a.Endpoint != "",
	}, nil
}

// shownClaims are claims as the page has them.
func shownClaims(claims []domain.Claim) []templates.Claim {
	shown := make([]templates.Claim, len(claims))
	for i, one := range claims {
		shown[i] = templates.Claim(one)
	}
	return shown
}

// welcome is what an anonymous visitor sees: the sign-in page, or, on the way
// back from a sign-out, the confirmation of it.
func (a *app) welcome(w http.ResponseWriter, r *http.Request) error {
	if atProvider, ok := a.justSignedOut(r); ok {
		return a.page(w, r, http.StatusOK, nil, templates.SignedOut{AtProvider: atProvider, LoginURL: loginURL("/")})
	}
	return a.page(w, r, http.StatusOK, nil, templates.SignIn{LoginURL: loginURL("/"), ProviderDown: a.providerDown(r.Context())})
}

// providerPatience is how long the sign-in page waits for a provider that has
// failed before, to learn whether it is back.
const providerPatience = 100 * time.Millisecond

// providerDown reports whether the provider is known not to answer. Not knowing
// is no reason to warn, nor to wait: the first pages of a process come before
// the provider's metadata.
func (a *app) providerDown(ctx context.Context) bool {
	return a.providerFails(ctx, 0) && a.providerFails(ctx, providerPatience)
}

// providerFails reports whether the provider is known not to answer within
// patience.
func (a *app) providerFails(ctx context.Context, patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := a.Domain.ProviderReady(ctx)
	return err != nil && !errors.Is(err, domain.ErrProviderPending)
}
