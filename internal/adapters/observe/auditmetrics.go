package observe

import (
	"context"
	"sync"

	"webapp/internal/ports"
)

var _ ports.AuditLog = (*Metrics)(nil)

// Values of the label outcome.
const (
	outcomeStarted   = "started"
	outcomeCompleted = "completed"
	outcomeRefused   = "refused"
	outcomeRefreshed = "refreshed"
	outcomeFailed    = "failed"
)

// Record implements ports.AuditLog by counting. It looks at no user.
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
	case ports.AuditSessionEnded:
		m.ended.WithLabelValues(knownCause(e.By)).Add(float64(max(e.Count, 0)))
	}
}

// startAtZero makes the series that do not depend on a reason; ExpectReasons
// makes the others.
func (m *Metrics) startAtZero() {
	m.signIns.WithLabelValues(outcomeStarted, "")
	m.signIns.WithLabelValues(outcomeCompleted, "")
	m.refreshes.WithLabelValues(outcomeRefreshed, "")
	for _, cause := range causes() {
		m.ended.WithLabelValues(string(cause))
	}
}

// ExpectReasons makes the series of refusals and failures for these reasons, so
// that the first of them is an increase like any other. Other reasons are counted
// from their first event on.
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

// other stands for every label value beyond those that are known.
const other = "other"

func knownCause(by ports.AuditCause) string {
	for _, cause := range causes() {
		if by == cause {
			return string(by)
		}
	}
	return other
}

// maxWords bounds the values of one label that come from elsewhere.
const maxWords = 48

// words lets the first so many texts pass. Reasons are constant words of the
// domain; should one ever vary, it does not become a series each time.
type words struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (w *words) bounded(text string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen[text] {
		return text
	}
	if len(w.seen) >= maxWords {
		return other
	}
	if w.seen == nil {
		w.seen = make(map[string]bool, maxWords)
	}
	w.seen[text] = true
	return text
}
