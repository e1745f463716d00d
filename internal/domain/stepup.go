package domain

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"webapp/internal/ports"
)

const (
	// maxStepUps limits the step-up sign-ins that one page may request in a row:
	// one, and a second one if the first did not satisfy the page or its API.
	maxStepUps = 2
	// stepUpMemory is how long a step-up sign-in is remembered. If the same page
	// requests another one within this time, both belong to one row.
	stepUpMemory = 2 * time.Minute
)

// SignInRequirement is what a page requires of the user's sign-in. The zero value
// requires nothing.
type SignInRequirement struct {
	// MaxAge is the greatest age of the user's authentication at the provider, in
	// whole seconds. Zero permits any age.
	MaxAge time.Duration
	// AuthContext is the ID of an authentication context of Conditional Access,
	// such as "c1". Empty requires none.
	AuthContext string
}

// CheckSignIn returns nil if the sign-in of session meets need. Otherwise it returns
// an *InteractionRequired for these scopes. errors.Is also matches ErrNotRecent or
// ErrAuthContextMissing.
func (s *Service) CheckSignIn(session Session, need SignInRequirement, scopes ...string) error {
	cause := need.unmet(session.AuthTime, session.AuthContexts, s.now())
	if cause == nil {
		return nil
	}
	return &InteractionRequired{Scopes: scopes, SignIn: need, Cause: cause}
}

// unmet returns why an authentication at this time and with these contexts does not
// meet the requirement, or nil if it does. An authentication without a time is not
// recent.
func (need SignInRequirement) unmet(authTime time.Time, contexts []string, now time.Time) error {
	switch {
	case need.MaxAge > 0 && (authTime.IsZero() || now.Sub(authTime) > need.MaxAge):
		return ErrNotRecent
	case need.AuthContext != "" && !slices.Contains(contexts, need.AuthContext):
		return ErrAuthContextMissing
	}
	return nil
}

// claims returns the claims request (OpenID Connect Core 1.0, section 5.5) for the
// claims that unmet reads, or "" for none. Without the request, Entra leaves them out.
func (need SignInRequirement) claims() string {
	type claim struct {
		Essential bool   `json:"essential"`
		Value     string `json:"value,omitempty"`
	}
	wanted := map[string]claim{}
	if need.MaxAge > 0 {
		wanted["auth_time"] = claim{Essential: true}
	}
	if need.AuthContext != "" {
		wanted["acrs"] = claim{Essential: true, Value: need.AuthContext}
	}
	text, err := json.Marshal(map[string]any{"id_token": wanted})
	if err != nil || len(wanted) == 0 {
		return ""
	}
	return string(text)
}

// StepUp begins the sign-in that required asks for. It returns the URL to send the browser
// to. The request suggests the signed-in person to the provider, and the browser returns to
// page afterwards. uiLocales are the preferred languages of the provider's pages, as in
// ports.AuthorizationRequest.
//
// A page can call StepUp twice within two minutes. The third call returns an error that
// matches ErrSignInLoop and required. Without this limit a browser could go back and forth
// for ever.
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
		MaxAge:    required.MaxAge,
		ACRValues: required.ACRValues,
		LoginHint: tokens.LoginHint,
		Person:    session.Identity,
		UILocales: uiLocales,
	}
	pending := ports.PendingSignIn{ReturnTo: page, StepUp: strconv.Itoa(count)}
	if need := required.SignIn; need != (SignInRequirement{}) {
		request.Claims = need.claims()
		pending.StepUp = pendingStepUp{count, personHash(session.Identity), need}.String()
		if need.MaxAge > 0 {
			request.MaxAge = &need.MaxAge
		}
		if need.MaxAge > 0 && count == maxStepUps {
			// The provider found the authentication recent enough, and the page did not.
			// Their clocks may differ, so now the person has to authenticate again.
			request.MaxAge = new(time.Duration(0))
		}
	}
	return s.begin(ctx, request, pending, session.Identity)
}

// checkStepUp returns ErrNotRecent or ErrAuthContextMissing if a page required the sign-in
// p, the same person comes back, and the new authentication does not meet the requirement.
// The age may exceed MaxAge by clockSkew; the page is strict and then asks once more. If
// another person comes back, checkStepUp returns nil: that person gets a session, and the
// page checks it.
func (s *Service) checkStepUp(id ports.Identity, p ports.PendingSignIn) error {
	asked := parseStepUp(p.StepUp)
	if asked.person != personHash(id) {
		return nil
	}
	return asked.need.unmet(id.AuthTime, id.AuthContexts, s.now().Add(-clockSkew))
}

// pendingStepUp is the content of PendingSignIn.StepUp, which is a text.
type pendingStepUp struct {
	count  int    // of step-ups in a row for this page
	person string // personHash of the signed-in person
	need   SignInRequirement
}

// String returns the count, the person, the greatest age in seconds and the context,
// such as "1 dGhpcyBpcyBh 300 c1".
func (u pendingStepUp) String() string {
	return fmt.Sprintf("%d %s %d %s", u.count, u.person, u.need.MaxAge/time.Second, u.need.AuthContext)
}

// parseStepUp reads the text of String. A step-up for an API has the count alone, because
// the API checks the new sign-in itself.
func parseStepUp(text string) pendingStepUp {
	fields := append(strings.SplitN(text, " ", 4), "", "", "")
	count, _ := strconv.Atoi(fields[0])
	seconds, _ := strconv.Atoi(fields[2])
	return pendingStepUp{count, fields[1], SignInRequirement{time.Duration(seconds) * time.Second, fields[3]}}
}

// personHash returns a short text that is the same for the same person.
func personHash(id ports.Identity) string {
	sum := sha256.Sum256([]byte(newUser(id).Key))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// stepUpOf returns the StepUp of the session that p begins: the count and the page, such
// as "1 /reports". It is empty if no page asked for the sign-in. The session of another
// person has the count too. Otherwise a provider that sends two accounts in turn could
// cause an endless loop.
func stepUpOf(p ports.PendingSignIn) string {
	if p.StepUp == "" {
		return ""
	}
	return strconv.Itoa(parseStepUp(p.StepUp).count) + " " + p.ReturnTo
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
