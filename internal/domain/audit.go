package domain

import (
	"context"
	"errors"

	"webapp/internal/ports"
)

// record writes an event about the user of a session; the zero session
// stands for nobody known.
func (s *Service) record(ctx context.Context, e ports.AuditEvent, about ports.Session) {
	if s.auditLog == nil {
		return
	}
	if about.Identity.Subject != "" {
		u := newUser(about.Identity)
		e.User, e.Tenant = string(u.Key), u.Tenant
	}
	s.auditLog.Record(ctx, e)
}

// recordFailure records why something did not come about.
func (s *Service) recordFailure(ctx context.Context, kind ports.AuditKind, err error, about ports.Session) {
	e := ports.AuditEvent{Kind: kind, Reason: reason(err)}
	if reported, ok := errors.AsType[*ports.ProviderError](err); ok {
		e.Number, e.CorrelationID = reported.Number, reported.CorrelationID
	}
	s.record(ctx, e, about)
}

// reason names the kind of an error in constant words.
func reason(err error) string {
	for _, known := range []error{
		ports.ErrStoreUnavailable, ErrBadCallback, ErrSignInExpired, ErrUnknownSignIn, ErrTenantNotAllowed,
		ErrDeclined, ErrInteractionRequired, ErrProviderUnavailable, ErrTokenRefused, ErrProviderRefused, ErrNotSignedIn,
	} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "internal error"
}
