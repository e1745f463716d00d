package http

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"webapp/internal/domain"
	"webapp/templates"
)

// home is the user's own page, or the sign-in page for an anonymous visitor.
func (a *app) home(w http.ResponseWriter, r *http.Request) error {
	session, err := a.Domain.CurrentUser(r.Context())
	if errors.Is(err, domain.ErrNotSignedIn) {
		return a.anonymousHome(w, r)
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
		Claims:      shownClaims(claims, now), CanCallAPI: a.Endpoint != "",
	}, nil
}

// shownClaims are claims as the page has them, at the time now. Those that are
// points in time are shown as dates too.
func shownClaims(claims []domain.Claim, now time.Time) []templates.Claim {
	shown := make([]templates.Claim, len(claims))
	for i, one := range claims {
		shown[i] = templates.Claim{Name: one.Name, Value: one.Value}
		if !slices.Contains([]string{"auth_time", "exp", "iat", "nbf"}, one.Name) {
			continue
		}
		if seconds, err := strconv.ParseInt(one.Value, 10, 64); err == nil && seconds > 0 && seconds < maxUnixTime {
			at := templates.NewMoment(time.Unix(seconds, 0), now)
			shown[i].Time = &at
		}
	}
	return shown
}

// maxUnixTime is the year 10000, which RFC 3339 cannot write.
const maxUnixTime = 253402300800

// anonymousHome is what an anonymous visitor sees: the sign-in page, or, on the way
// back from a sign-out, the confirmation of it.
func (a *app) anonymousHome(w http.ResponseWriter, r *http.Request) error {
	if atProvider, ok := a.justSignedOut(r); ok {
		return a.page(w, r, http.StatusOK, nil, templates.SignedOut{AtProvider: atProvider, LoginURL: loginURL("/")})
	}
	return a.page(w, r, http.StatusOK, nil, a.signInView(r.Context(), "/"))
}

// providerTimeout is how long the sign-in page waits for a provider that has
// failed before, to learn whether it is back.
const providerTimeout = 100 * time.Millisecond

// signInView is the sign-in page with a link that comes back to path, and with a
// warning where a sign-in cannot begin.
func (a *app) signInView(ctx context.Context, path string) templates.SignIn {
	v := templates.SignIn{LoginURL: loginURL(path)}
	if err := a.providerFailure(ctx); err != nil {
		v.ProviderDown, v.ProviderSetup = true, errors.Is(err, domain.ErrProviderSetup)
		v.Number = numberIn(err)
	}
	return v
}

// providerFailure returns why the provider is known not to work. Not knowing is
// no reason to warn, nor to wait: the first pages of a process come before the
// provider's metadata.
func (a *app) providerFailure(ctx context.Context) error {
	if a.readyWithin(ctx, 0) == nil {
		return nil
	}
	return a.readyWithin(ctx, providerTimeout)
}

func (a *app) readyWithin(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := a.Domain.ProviderReady(ctx); !errors.Is(err, domain.ErrProviderPending) {
		return err
	}
	return nil
}
