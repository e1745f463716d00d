package domain

import (
	"context"
	"errors"
	"io"
	"time"

	"webapp/internal/ports"
)

// Service holds the use cases. It is safe for concurrent use. Everything lasting
// is behind a port.
type Service struct {
	provider ports.IdentityProvider
	sessions ports.SessionManager
	// completing are the sign-ins that this instance is completing.
	completing *completions
	// seconds and refreshing are the requests that wait for another one: a second
	// callback for the first, an API call for a token refresh.
	seconds, refreshing places
	auditLog            ports.AuditLog
	limits              Limits
	returns             returnRule
	now                 func() time.Time
	random              io.Reader
	wait                func(context.Context, time.Duration) error
	sidAlone            bool
	// groupScopes are those of the token for the provider's directory.
	groupScopes []string
	// subjects are the people who may sign in; empty means everybody.
	subjects []string
}

// Config is what a Service is made of. Every field is required, except
// Audit, AllowedSubjects, NoReturn, AllowLogoutWithoutIssuer, GroupScopes and Wait.
type Config struct {
	Provider ports.IdentityProvider
	Sessions ports.SessionManager
	// Audit records what happens; nil records nothing.
	Audit  ports.AuditLog
	Limits Limits
	// AllowedSubjects are the subjects of the people who may sign in, compared
	// letter for letter; empty admits everybody that the provider vouches for.
	AllowedSubjects []string
	// NoReturn lists local paths that nobody is sent back to after signing in,
	// because they would start or end another sign-in.
	NoReturn []string
	// AllowLogoutWithoutIssuer accepts a front-channel logout without an issuer, as Entra sends
	// it against the specification.
	AllowLogoutWithoutIssuer bool
	// GroupScopes are the scopes of an access token with which the provider's
	// directory returns which groups a person belongs to.
	GroupScopes []string
	// Wait pauses, or returns ctx's error when that ends first; nil is a timer.
	Wait func(ctx context.Context, d time.Duration) error
	// Now tells the time.
	Now func() time.Time
	// Random is a cryptographic source of randomness.
	Random io.Reader
}

// Limits bound a session on the server. The smaller of the two governs.
type Limits struct {
	// Idle is how long a session lasts without being used.
	Idle time.Duration
	// Lifetime is how long a session lasts at the most.
	Lifetime time.Duration
}

// New returns a Service, or an error that names everything missing from c.
func New(c Config) (*Service, error) {
	var errs []error
	need := func(there bool, what string) {
		if !there {
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
		provider: c.Provider, sessions: c.Sessions, completing: &completions{byState: map[string]*completion{}},
		seconds: make(places, maxSecond), refreshing: make(places, maxRefreshWaits),
		auditLog: c.Audit, sidAlone: c.AllowLogoutWithoutIssuer, groupScopes: c.GroupScopes, wait: c.Wait,
		limits: c.Limits, subjects: c.AllowedSubjects, returns: newReturnRule(c.NoReturn), now: c.Now, random: c.Random,
	}, nil
}

// places bounds the requests that wait, so that they leave connections to others.
type places chan struct{}

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
