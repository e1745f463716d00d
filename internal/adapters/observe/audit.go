package observe

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"strings"

	"webapp/internal/ports"
)

// AuditLog writes each event as one log line with the message "audit".
type AuditLog struct {
	logger    *slog.Logger
	requestID func(context.Context) string
}

var (
	_ ports.AuditLog = (*AuditLog)(nil)
	_ ports.AuditLog = fanOut(nil)
)

// NewAuditLog returns an AuditLog that writes to logger. requestID returns the
// request ID of a context, or "".
func NewAuditLog(logger *slog.Logger, requestID func(context.Context) string) *AuditLog {
	return &AuditLog{logger: logger, requestID: requestID}
}

// Record implements ports.AuditLog. It leaves out empty fields.
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

// fanOut records each event in several logs.
type fanOut []ports.AuditLog

// Record implements ports.AuditLog.
func (f fanOut) Record(ctx context.Context, e ports.AuditEvent) {
	for _, log := range f {
		log.Record(ctx, e)
	}
}

// Audit returns an AuditLog that records events in log and counts them in metrics.
// It returns log if metrics is nil.
func Audit(log ports.AuditLog, metrics *Metrics) ports.AuditLog {
	if metrics == nil {
		return log
	}
	return fanOut{log, metrics}
}

// hashedUser is the number of bytes of a user's hash. With 16 bytes, no two users
// of a directory have the same hash.
const hashedUser = 16

// loggedUser returns a user's key for the log. Keys of Entra users are GUIDs.
// Other providers choose their subjects freely, and some use the e-mail address.
// A subject with unusual characters is therefore replaced by "sha256:" and the
// first 16 bytes of the key's SHA-256 in hex. The hash is the same on every
// instance, so an administrator who knows the key can find the person's events.
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

// notOpaque reports whether r is unusual in an opaque identifier. Unusual are "@",
// and characters that could encode "@" or break the line.
func notOpaque(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune(" -._~:/|+=", r)
}
