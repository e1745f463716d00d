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
	return a.page(w, r, http.StatusOK, nil, a.signInView(r.Context(), "/"))
}

// providerPatience is how long the sign-in page waits for a provider that has
// failed before, to learn whether it is back.
const providerPatience = 100 * time.Millisecond

// signInView is the sign-in page with a link that comes back to path, and with a
// warning where a sign-in cannot begin.
func (a *app) signInView(ctx context.Context, path string) templates.SignIn {
	v := templates.SignIn{LoginURL: loginURL(path)}
	if err := a.providerTrouble(ctx); err != nil {
		v.ProviderDown, v.ProviderSetup = true, errors.Is(err, domain.ErrProviderSetup)
		v.Number = numberIn(err)
	}
	return v
}

// providerTrouble returns why the provider is known not to work. Not knowing is
// no reason to warn, nor to wait: the first pages of a process come before the
// provider's metadata.
func (a *app) providerTrouble(ctx context.Context) error {
	if a.providerKnownToFail(ctx, 0) == nil {
		return nil
	}
	return a.providerKnownToFail(ctx, providerPatience)
}

func (a *app) providerKnownToFail(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := a.Domain.ProviderReady(ctx); !errors.Is(err, domain.ErrProviderPending) {
		return err
	}
	return nil
}
