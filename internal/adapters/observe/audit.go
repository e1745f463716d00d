package observe

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"strings"

	"webapp/internal/ports"
)

// AuditLog writes each event as one line, "msg=audit", in whatever form its
// logger has.
type AuditLog struct {
	logger    *slog.Logger
	requestID func(context.Context) string
}

var (
	_ ports.AuditLog = (*AuditLog)(nil)
	_ ports.AuditLog = fanOut(nil)
)

// NewAuditLog returns a log that writes to logger. requestID returns the ID of
// the request that a context belongs to, or "" where it belongs to none.
func NewAuditLog(logger *slog.Logger, requestID func(context.Context) string) *AuditLog {
	return &AuditLog{logger: logger, requestID: requestID}
}

// Record implements ports.AuditLog. What is not known is left out of the line.
func (a *AuditLog) Record(ctx context.Context, e ports.AuditEvent) {
	attrs := append(make([]slog.Attr, 0, 9), slog.String("kind", string(e.Kind)))
	for _, text := range [...]struct{ name, value string }{
		{"user", loggedUser(e.User)}, {"tenant", e.Tenant}, {"reason", e.Reason},
		{"correlation_id", e.CorrelationID}, {"by", string(e.By)}, {"request_id", a.requestID(ctx)},
	} {
		if text.value != "" {
			attrs = append(attrs, slog.String(text.name, text.value))
		}
	}
	for _, number := range [...]struct {
		name  string
		value int
	}{{"aadsts", e.Number}, {"aadb2c", e.B2CNumber}, {"count", e.Count}} {
		if number.value != 0 {
			attrs = append(attrs, slog.Int(number.name, number.value))
		}
	}
	a.logger.LogAttrs(ctx, slog.LevelInfo, "audit", attrs...)
}

// fanOut hands each event to all of its logs.
type fanOut []ports.AuditLog

// Record implements ports.AuditLog.
func (f fanOut) Record(ctx context.Context, e ports.AuditEvent) {
	for _, log := range f {
		log.Record(ctx, e)
	}
}

// Audit returns a log that records in log and, where metrics is not nil,
// counts there.
func Audit(log ports.AuditLog, metrics *Metrics) ports.AuditLog {
	if metrics == nil {
		return log
	}
	return fanOut{log, metrics}
}

// hashedUser is how many bytes of a hash stand for a user. With 16 no two users
// of any directory share one by chance.
const hashedUser = 16

// loggedUser is a user's key as it may stand in a log. Entra's keys are GUIDs.
// Other providers choose their subjects freely, and some take the person's
// e-mail address: a subject with anything in it that opaque identifiers do not
// have becomes "sha256:" and the first 16 bytes of the SHA-256 of the whole key,
// in hex. It is the same on every instance and for good, so whoever knows the
// key can find that person's events.
func loggedUser(key string) string {
	if !strings.ContainsFunc(key, notOpaque) {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	hashed := "sha256:" + hex.EncodeToString(sum[:hashedUser])
	issuer, _, ok := strings.Cut(key, " sub:")
	if !ok || strings.ContainsFunc(issuer, notOpaque) {
		return hashed
	}
	return issuer + " sub:" + hashed
}

// notOpaque is true of "@" and of all that could hide one or break a line.
func notOpaque(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune(" -._~:/|+=", r)
}
