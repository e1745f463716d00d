package ports

import "context"

// AuditLog records security events: sign-ins, token refreshes, ended sessions and
// token revocations. An adapter writes them to a log, counts them, or both.
type AuditLog interface {
	// Record records e. It returns no error and does not wait, because no sign-in
	// may depend on it.
	Record(ctx context.Context, e AuditEvent)
}

// AuditEvent is one security event. It contains no secret, no name and no e-mail
// address.
type AuditEvent struct {
	Kind AuditKind
	// User is the domain's key of the user, and Tenant the tenant ID. Both are
	// empty if the person is not known yet.
	User   string
	Tenant string
	// Reason is the reason for a refusal or a failure, in a few constant words.
	Reason string
	// Number, B2CNumber and CorrelationID are from a ProviderError; zero without
	// one.
	Number        int
	B2CNumber     int
	CorrelationID string
	// By is the cause of an AuditSessionEnded, and Count the number of the user's
	// sessions that ended, at least one.
	By    AuditCause
	Count int
}

// AuditKind is the kind of an AuditEvent.
type AuditKind string

// The kinds of events.
const (
	AuditSignInStarted    AuditKind = "sign-in started"
	AuditSignInCompleted  AuditKind = "sign-in completed"
	AuditSignInRefused    AuditKind = "sign-in refused"
	AuditTokenRefreshed   AuditKind = "token refreshed"
	AuditRefreshFailed    AuditKind = "token refresh failed"
	AuditSessionEnded     AuditKind = "session ended"
	AuditTokenRevoked     AuditKind = "token revoked"
	AuditRevocationFailed AuditKind = "token revocation failed"
)

// AuditCause is the cause of an AuditSessionEnded.
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
