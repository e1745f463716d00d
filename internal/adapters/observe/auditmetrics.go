package observe

import (
	"context"
	"sync"

	"webapp/internal/ports"
)

var _ ports.AuditLog = (*Metrics)(nil)

// Values of the label "outcome".
const (
	outcomeStarted   = "started"
	outcomeCompleted = "completed"
	outcomeRefused   = "refused"
	outcomeRefreshed = "refreshed"
	outcomeRevoked   = "revoked"
	outcomeFailed    = "failed"
)

// Record implements ports.AuditLog. It counts the event and ignores the user.
func (m *Metrics) Record(_ context.Context, e ports.AuditEvent) {
	switch e.Kind {
	case ports.AuditSignInStarted:
		m.signIns.WithLabelValues(outcomeStarted, "").Inc()
	case ports.AuditSignInCompleted:
		m.signIns.WithLabelValues(outcomeCompleted, "").Inc()
		m.started.Inc()
	case ports.AuditSignInRefused:
		m.signIns.WithLabelValues(outcomeRefused, m.reasons.bounded(e.Reason)).Inc()
	case ports.AuditTokenRefreshed:
		m.refreshes.WithLabelValues(outcomeRefreshed, "").Inc()
	case ports.AuditRefreshFailed:
		m.refreshes.WithLabelValues(outcomeFailed, m.reasons.bounded(e.Reason)).Inc()
	case ports.AuditTokenRevoked:
		m.revoked.WithLabelValues(outcomeRevoked).Inc()
	case ports.AuditRevocationFailed:
		m.revoked.WithLabelValues(outcomeFailed).Inc()
	case ports.AuditSessionEnded:
		m.ended.WithLabelValues(knownCause(e.By)).Add(float64(max(e.Count, 0)))
	}
}

// startAtZero creates the time series without a reason, so that their first event
// is an increase. ExpectReasons creates the time series with a reason.
func (m *Metrics) startAtZero() {
	m.signIns.WithLabelValues(outcomeStarted, "")
	m.signIns.WithLabelValues(outcomeCompleted, "")
	m.refreshes.WithLabelValues(outcomeRefreshed, "")
	m.revoked.WithLabelValues(outcomeRevoked)
	m.revoked.WithLabelValues(outcomeFailed)
	for _, cause := range causes() {
		m.ended.WithLabelValues(string(cause))
	}
}

// ExpectReasons creates the time series of refusals and failures with these
// reasons, so that their first event is an increase. The series of another reason
// is created with its first event.
func (m *Metrics) ExpectReasons(reasons []string) {
	for _, reason := range reasons {
		reason = m.reasons.bounded(reason)
		m.signIns.WithLabelValues(outcomeRefused, reason)
		m.refreshes.WithLabelValues(outcomeFailed, reason)
	}
}

func causes() []ports.AuditCause {
	return []ports.AuditCause{
		ports.EndedByUser, ports.EndedElsewhere, ports.EndedByFrontChannel, ports.EndedByBackChannel,
		ports.EndedByNewSignIn, ports.EndedByLimit, ports.EndedByMaxSessions, ports.EndedByAdmission, ports.EndedByProvider,
	}
}

// other replaces unknown label values.
const other = "other"

func knownCause(by ports.AuditCause) string {
	for _, cause := range causes() {
		if by == cause {
			return string(by)
		}
	}
	return other
}

// maxLabelValues bounds the values of the label "reason".
const maxLabelValues = 48

// labelLimiter bounds the number of time series. It accepts maxLabelValues
// different values and replaces all later ones. The domain has fewer reasons, so
// this matters only if a reason is not constant by mistake.
type labelLimiter struct {
	mu   sync.Mutex
	seen map[string]bool
}

// bounded returns value, or other if there are already maxLabelValues values.
func (l *labelLimiter) bounded(value string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen[value] {
		return value
	}
	if len(l.seen) >= maxLabelValues {
		return other
	}
	if l.seen == nil {
		l.seen = make(map[string]bool, maxLabelValues)
	}
	l.seen[value] = true
	return value
}
