package ports

import "context"

// AuditLog records what happens to sign-ins and sessions, for whoever has to
// answer for them later. An adapter writes it to a log, counts it, or both.
type AuditLog interface {
	// Record writes e. It does not fail and does not wait: nobody's sign-in
	// depends on it.
	Record(ctx context.Context, e AuditEvent)
}

// AuditEvent is one thing that happened. It holds no secret and no address or
// name of a person.
type AuditEvent struct {
	Kind AuditKind
	// User is the domain's key of the user, and Tenant their tenant or issuer;
	// empty where nobody is known yet.
	User   string
	Tenant string
	// Reason says in a few constant words why, for a refusal or a failure.
	Reason string
	// Number, B2CNumber and CorrelationID are Microsoft's, for its logs, as in
	// ProviderError; zero where unknown.
	Number        int
	B2CNumber     int
	CorrelationID string
	// By says what ended sessions, and Count how many of the User's they were;
	// at least one.
	By    AuditCause
	Count int
}

// AuditKind is the kind of an AuditEvent.
type AuditKind string

// The kinds of events.
const (
	AuditSignInStarted   AuditKind = "sign-in started"
	AuditSignInCompleted AuditKind = "sign-in completed"
	AuditSignInRefused   AuditKind = "sign-in refused"
	AuditTokenRefreshed  AuditKind = "token refreshed"
	AuditRefreshFailed   AuditKind = "token refresh failed"
	AuditSessionEnded    AuditKind = "session ended"
)

// AuditCause says what ended a session.
type AuditCause string

// The causes of a session's end.
const (
	EndedByUser         AuditCause = "user"
	EndedElsewhere      AuditCause = "user elsewhere"
	EndedByFrontChannel AuditCause = "front-channel"
	EndedByBackChannel  AuditCause = "back-channel"
	EndedByNewSignIn    AuditCause = "new sign-in"
	EndedByLimit        AuditCause = "limit"
	EndedByMaxSessions  AuditCause = "too many sessions"
	EndedByAdmission    AuditCause = "no longer admitted"
	EndedByProvider     AuditCause = "account gone"
)
