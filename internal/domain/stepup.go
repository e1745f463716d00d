package domain

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"webapp/internal/ports"
)

const (
	// maxStepUps limits the step-up sign-ins that one page may request in a row:
	// one, and a second one if the first did not satisfy the API.
	maxStepUps = 2
	// stepUpMemory is how long a step-up sign-in is remembered. If the same page
	// requests another one within this time, both belong to one row.
	stepUpMemory = 2 * time.Minute
)

// StepUp begins the sign-in that an InteractionRequired asks for: of the same
// person, with its scopes and claims, and back to page. It returns the URL to
// send the browser to. A page can request twice within two minutes. The third time,
// StepUp returns ErrSignInLoop, which wraps required: without this limit the
// browser would go back and forth for ever. uiLocales are the preferred languages of
// the provider's pages, as in ports.AuthorizationRequest.
func (s *Service) StepUp(ctx context.Context, page, uiLocales string, required *InteractionRequired) (string, error) {
	session, err := s.current(ctx)
	if err != nil {
		return "", err
	}
	location, err := s.stepUp(ctx, session, s.returns.check(page), uiLocales, required)
	if err != nil {
		s.recordFailure(ctx, ports.AuditSignInRefused, err, session.Identity)
	}
	return location, err
}

func (s *Service) stepUp(ctx context.Context, session ports.Session, page, uiLocales string, required *InteractionRequired) (string, error) {
	tokens, err := s.sessions.Tokens(ctx)
	if err != nil {
		return "", notSignedIn(err, "read tokens")
	}
	count := 1
	if s.now().Sub(session.Started) < stepUpMemory {
		count += stepUpCount(session.StepUp, page)
	}
	if count > maxStepUps {
		return "", fmt.Errorf("%w: %w", ErrSignInLoop, required)
	}
	request := ports.AuthorizationRequest{
		Scopes:    required.Scopes,
		Claims:    required.Claims,
		LoginHint: tokens.LoginHint,
		Person:    session.Identity,
		UILocales: uiLocales,
	}
	return s.begin(ctx, request, ports.PendingSignIn{ReturnTo: page, StepUp: strconv.Itoa(count)}, session.Identity)
}

// stepUpOf returns the StepUp of the session that p begins: the count and the
// page, such as "1 /reports". It is empty if no page asked for the sign-in.
func stepUpOf(p ports.PendingSignIn) string {
	if p.StepUp == "" {
		return ""
	}
	return p.StepUp + " " + p.ReturnTo
}

// stepUpCount returns the count in a session's StepUp, or 0 if another page asked
// for the sign-in, or none.
func stepUpCount(stepUp, page string) int {
	count, asked, _ := strings.Cut(stepUp, " ")
	n, err := strconv.Atoi(count)
	if err != nil || asked != page {
		return 0
	}
	return n
}
