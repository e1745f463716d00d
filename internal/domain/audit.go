package domain

import (
	"context"
	"errors"

	"webapp/internal/ports"
)

// record records an event about a person. The person is not known yet if who is
// zero.
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

// recordFailure records an event with err as its reason.
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

// RecordRefusal records the refusal of a sign-in that did not reach another method
// of Service: a malformed callback, or one over a rate limit. It returns err.
func (s *Service) RecordRefusal(ctx context.Context, err error) error {
	s.recordFailure(ctx, ports.AuditSignInRefused, err, ports.Identity{})
	return err
}

// known returns the errors whose texts are reasons. The first that matches an
// error is its reason.
func known() []error {
	return []error{
		ErrStoreUnavailable, ErrBadCallback, ErrTooManySignIns, ErrTooManyRefusals,
		ErrSignInLoop, ErrNotRecent, ErrAuthContextMissing, ErrSignInExpired, ErrUnknownSignIn, ErrTenantNotAllowed, ErrSubjectNotAllowed,
		ErrSignInAgain, ports.ErrCancelled, ErrPasswordForgotten, ErrDeclined, ErrInteractionRequired, ErrProviderSetup, ErrProviderUnavailable,
		ErrTokenRefused, ErrProviderRefused, ErrNotSignedIn, errRevocationBusy,
	}
}

// otherReason is the reason for an error that is not among known.
const otherReason = "internal error"

// reason returns the constant text of the first known error that err matches.
func reason(err error) string {
	for _, kind := range known() {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	return otherReason
}

// AuditReasons returns every value that AuditEvent.Reason can have.
func AuditReasons() []string {
	reasons := []string{otherReason}
	for _, kind := range known() {
		reasons = append(reasons, kind.Error())
	}
	return reasons
}
