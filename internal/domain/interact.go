package domain

import (
	"context"
	"fmt"
	"time"

	"webapp/internal/ports"
)

const (
	// maxRounds is how many sign-ins in a row one page may ask for: one for
	// what it needs, one more where the first brought something else.
	maxRounds = 2
	// roundMemory is how soon after a sign-in another one for the same page
	// belongs to the same row.
	roundMemory = 2 * time.Minute
)

// StepUp begins the sign-in that an InteractionRequired asks for, of the same
// person, with exactly its scopes and claims, and back to page. It returns
// where to send the browser. A page that asks again right after being given
// what it asked for is refused at the third time with ErrSignInLoop, which wraps
// required: the person must not be sent to and fro for ever.
func (s *Service) StepUp(ctx context.Context, page string, required *InteractionRequired) (string, error) {
	session, err := s.current(ctx)
	if err != nil {
		return "", err
	}
	location, err := s.stepUp(ctx, session, page, required)
	if err != nil {
		s.recordFailure(ctx, ports.AuditSignInRefused, err, session.Identity)
	}
	return location, err
}

func (s *Service) stepUp(ctx context.Context, session ports.Session, page string, required *InteractionRequired) (string, error) {
	grant, err := s.sessions.Tokens(ctx)
	if err != nil {
		return "", notSignedIn(err, "read grant")
	}
	page = s.returns.check(page)
	round := 1
	if grant.Page == page && s.now().Sub(session.Started) < roundMemory {
		round = grant.Round + 1
	}
	if round > maxRounds {
		return "", fmt.Errorf("%w: %w", ErrSignInLoop, required)
	}
	ask := ports.AuthorizationRequest{Scopes: required.Scopes, Claims: required.Claims, LoginHint: grant.LoginHint}
	return s.begin(ctx, ask, ports.PendingSignIn{ReturnTo: page, Round: round}, session.Identity)
}
