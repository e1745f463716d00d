package domain

import (
	"context"
	"errors"
	"io"
	"time"

	"webapp/internal/ports"
)

// Service has the use cases of signing in and out as its methods. It is safe for
// concurrent use. All lasting state is behind the ports.
type Service struct {
	provider            ports.IdentityProvider
	sessions            ports.SessionManager
	auditLog            ports.AuditLog
	limits              Limits
	subjects            []string
	returns             returnRule
	logoutWithoutIssuer bool
	groupScopes         []string
	wait                func(context.Context, time.Duration) error
	now                 func() time.Time
	random              io.Reader

	// completing has the sign-ins that this instance is completing.
	completing *completions
	// lookups has the group look-ups that are running on this instance.
	lookups *groupLookups
	// secondCallbacks and refreshing limit the requests that wait for another request: a
	// second callback for the first one, an API call for a token refresh, and a request
	// for a group look-up.
	secondCallbacks, refreshing places
	// revocations limits the refresh tokens that are being revoked. revocationCalls
	// limits the revocation requests that run at once.
	revocations, revocationCalls places
}

// Config has the dependencies and settings of a Service. Provider, Sessions,
// Limits, Now and Random are required.
type Config struct {
	Provider ports.IdentityProvider
	Sessions ports.SessionManager
	// Audit records security events; nil records none.
	Audit  ports.AuditLog
	Limits Limits
	// AllowedSubjects lists the claim sub of each person who may sign in. They are
	// compared exactly. If it is empty, everybody may sign in that the provider
	// identifies.
	AllowedSubjects []string
	// Home is the path of the home page, which opens after a sign-in without a valid
	// return path. The default is "/".
	Home string
	// NoReturn lists local paths that no sign-in returns to, because they would
	// begin or end another sign-in.
	NoReturn []string
	// AllowLogoutWithoutIssuer accepts a front-channel logout without iss. Entra
	// sends none, although the specification requires it.
	AllowLogoutWithoutIssuer bool
	// GroupScopes are the scopes of the access token for the provider's directory.
	GroupScopes []string
	// Wait pauses for d, or returns the error of ctx if ctx ends first. nil uses a
	// timer.
	Wait func(ctx context.Context, d time.Duration) error
	// Now returns the current time.
	Now func() time.Time
	// Random is a cryptographically secure source of random bytes.
	Random io.Reader
}

// Limits are the limits of a session. The session ends at the first one.
type Limits struct {
	// Idle is how long a session lasts without being used. It can last a tenth longer,
	// at most ten minutes, and never ends earlier.
	Idle time.Duration
	// Lifetime is how long a session lasts in total.
	Lifetime time.Duration
}

// New returns a Service, or an error that names every missing field of c.
func New(c Config) (*Service, error) {
	var errs []error
	need := func(ok bool, what string) {
		if !ok {
			errs = append(errs, errors.New("domain: "+what+" is required"))
		}
	}
	need(c.Provider != nil, "an identity provider")
	need(c.Sessions != nil, "a session manager")
	need(c.Now != nil, "a clock")
	need(c.Random != nil, "a source of randomness")
	need(c.Limits.Idle > 0, "a positive idle limit")
	need(c.Limits.Lifetime > 0, "a positive lifetime")
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if c.Wait == nil {
		c.Wait = waitFor
	}
	return &Service{
		provider:            c.Provider,
		sessions:            c.Sessions,
		auditLog:            c.Audit,
		limits:              c.Limits,
		subjects:            c.AllowedSubjects,
		returns:             newReturnRule(c.Home, c.NoReturn),
		logoutWithoutIssuer: c.AllowLogoutWithoutIssuer,
		groupScopes:         c.GroupScopes,
		wait:                c.Wait,
		now:                 c.Now,
		random:              c.Random,
		completing:          &completions{byState: map[string]*completion{}},
		lookups:             &groupLookups{running: map[string]*groupLookup{}},
		secondCallbacks:     make(places, maxSecondCallbacks),
		refreshing:          make(places, maxRefreshWaits),
		revocations:         make(places, maxRevocations),
		revocationCalls:     make(places, maxRevocationCalls),
	}, nil
}

// places limits how many requests wait, or how many tasks run, at once. Without the
// limit, waiting requests could use all connections.
type places chan struct{}

// take reports whether there was a free place.
func (p places) take() bool {
	select {
	case p <- struct{}{}:
		return true
	default:
		return false
	}
}

func (p places) leave() { <-p }

func waitFor(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
