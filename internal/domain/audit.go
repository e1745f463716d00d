package domain

import (
	"context"
	"errors"

	"webapp/internal/ports"
)

// record writes an event about a person; the zero identity stands for nobody
// known.
func (s *Service) record(ctx context.Context, e ports.AuditEvent, who ports.Identity) {
	if s.auditLog == nil {
		return
	}
	if who.Issuer != "" && who.Subject != "" {
		u := newUser(who)
		e.User, e.Tenant = string(u.Key), u.Tenant
	}
	s.auditLog.Record(ctx, e)
}

// recordFailure records why something did not come about.
func (s *Service) recordFailure(ctx context.Context, kind ports.AuditKind, err error, who ports.Identity) {
	e := ports.AuditEvent{Kind: kind, Reason: reason(err)}
	if reported, ok := errors.AsType[*ports.ProviderError](err); ok {
		e.Number, e.B2CNumber, e.CorrelationID = reported.Number, reported.B2CNumber, reported.CorrelationID
	}
	if refused, ok := errors.AsType[*ports.TenantNotAllowedError](err); ok {
		e.Tenant = refused.TenantID
	}
	s.record(ctx, e, who)
}

// RecordRefusal records a sign-in that was refused before any use case was asked:
// a callback that could not be read, or one of too many. It returns err.
func (s *Service) RecordRefusal(ctx context.Context, err error) error {
	s.recordFailure(ctx, ports.AuditSignInRefused, err, ports.Identity{})
	return err
}

// recordEnded records the sessions of a browser that have ended. Those that were
// over already have ended by their limit, whatever came across them.
func (s *Service) recordEnded(ctx context.Context, by ports.AuditCause, ended []ports.Session) {
	for _, one := range ended {
		cause := by
		if s.limits.over(one, s.now()) {
			cause = ports.EndedByLimit
		}
		s.record(ctx, ports.AuditEvent{Kind: ports.AuditSessionEnded, By: cause, Count: 1}, one.Identity)
	}
}

// recordEndedOf records the sessions of people that have ended, one event for
// each person and cause, and returns how many were live.
func (s *Service) recordEndedOf(ctx context.Context, by ports.AuditCause, ended []ports.EndedSessions) int {
	live := 0
	for _, one := range ended {
		live += one.Live
		if one.Live > 0 {
			s.record(ctx, ports.AuditEvent{Kind: ports.AuditSessionEnded, By: by, Count: one.Live}, one.Identity)
		}
		if one.Expired > 0 {
			s.record(ctx, ports.AuditEvent{Kind: ports.AuditSessionEnded, By: ports.EndedByLimit, Count: one.Expired}, one.Identity)
		}
	}
	return live
}

// known are the errors whose texts are reasons, in order: the first that matches
// counts.
func known() []error {
	return []error{
		ports.ErrStoreUnavailable, ErrBadCallback, ErrTooManySignIns, ErrTooManyRefusals, ErrSignInLoop, ErrSignInExpired, ErrUnknownSignIn, ErrTenantNotAllowed, ErrSubjectNotAllowed,
		ErrDeclined, ErrInteractionRequired, ErrProviderSetup, ErrProviderUnavailable, ErrTokenRefused, ErrProviderRefused, ErrNotSignedIn,
	}
}

// otherReason is the reason of what nobody has foreseen.
const otherReason = "internal error"

// reason names the kind of an error in constant words.
func reason(err error) string {
	for _, kind := range known() {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	return otherReason
}

// AuditReasons returns all reasons that an audit event can have.
func AuditReasons() []string {
	reasons := []string{otherReason}
	for _, kind := range known() {
		reasons = append(reasons, kind.Error())
	}
	return reasons
}
