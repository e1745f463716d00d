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

// home shows the user's account, or the sign-in page to an anonymous visitor.
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

// homeView returns the view of the home page for session.
func (a *app) homeView(ctx context.Context, session domain.Session) (templates.Home, error) {
	claims, err := a.Domain.Claims(ctx)
	if err != nil {
		return templates.Home{}, err
	}
	editProfile := ""
	if a.Domain.HasFlow(domain.FlowEditProfile) {
		editProfile = a.url(editProfilePath)
	}
	now := a.Now()
	return templates.Home{
		Name: session.User.Name, Username: session.User.Username, TenantID: session.User.Tenant, Issuer: session.User.Issuer,
		Roles: session.User.Roles, Guest: session.User.Guest,
		Started: templates.NewMoment(session.Started, now), IdleEnd: templates.NewMoment(session.IdleEnds, now),
		AbsoluteEnd: templates.NewMoment(session.Ends, now),
		Claims:      shownClaims(claims, now), EditProfileURL: editProfile,
	}, nil
}

// shownClaims returns claims for the home page. Claims that are points in time
// also get a date.
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

// maxUnixTime is the start of the year 10000, which RFC 3339 cannot express.
const maxUnixTime = 253402300800

// anonymousHome shows the sign-in page, or the confirmation of a sign-out.
func (a *app) anonymousHome(w http.ResponseWriter, r *http.Request) error {
	if atProvider, ok := a.justSignedOut(r); ok {
		return a.page(w, r, http.StatusOK, nil, templates.SignedOut{AtProvider: atProvider, LoginURL: a.loginURL(a.url(homePath))})
	}
	return a.page(w, r, http.StatusOK, nil, a.signInView(r.Context(), a.url(homePath)))
}

// providerTimeout limits how long the sign-in page waits for a provider that
// failed before, to find out whether it works again.
const providerTimeout = 100 * time.Millisecond

// signInView returns the sign-in page with a link that returns to path after the
// sign-in. It has a warning if the provider is known to fail.
func (a *app) signInView(ctx context.Context, path string) templates.SignIn {
	v := templates.SignIn{LoginURL: a.loginURL(path)}
	if err := a.providerFailure(ctx); err != nil {
		v.ProviderDown, v.ProviderSetup = true, errors.Is(err, domain.ErrProviderSetup)
		v.Number = numberIn(err)
	} else if a.Domain.HasFlow(domain.FlowSignUp) {
		v.SignUpURL = a.flowURL(domain.FlowSignUp, path)
	}
	return v
}

// providerFailure returns the reason if the provider is known to fail, otherwise
// nil. It returns nil without waiting while the first metadata are loading.
func (a *app) providerFailure(ctx context.Context) error {
	if a.readyWithin(ctx, 0) == nil {
		return nil
	}
	return a.readyWithin(ctx, providerTimeout)
}

// readyWithin returns why no sign-in can start. It returns nil if that is not
// known within the timeout.
func (a *app) readyWithin(ctx context.Context, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := a.Domain.ProviderReady(ctx); !errors.Is(err, domain.ErrProviderPending) {
		return err
	}
	return nil
}
