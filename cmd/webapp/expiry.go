package main

import (
	"context"
	"log/slog"
	"time"
)

// From these days on the end of the credential is a warning, then an error.
const (
	expiryWarnDays  = 30
	expiryErrorDays = 7
)

// watchExpiry logs when the credential ends, now and at each tick, until ctx
// ends. A credential that renews itself, or whose end nobody knows, is not
// talked about.
func watchExpiry(ctx context.Context, expiry func() (time.Time, bool), now func() time.Time, tick <-chan time.Time, logger *slog.Logger) {
	for {
		if end, known := expiry(); known {
			logExpiry(ctx, daysUntil(end, now()), end, logger)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
	}
}

// daysUntil counts whole days; it is negative once end has passed.
func daysUntil(end, now time.Time) int {
	left := end.Sub(now)
	days := int(left / (24 * time.Hour))
	if left < 0 {
		days--
	}
	return days
}

func logExpiry(ctx context.Context, days int, end time.Time, logger *slog.Logger) {
	level, text := slog.LevelInfo, "the application's credential at the provider is valid"
	switch {
	case days < 0:
		level, text = slog.LevelError, "the application's credential at the provider has expired, and nobody can sign in: make a new one and replace the old"
	case days <= expiryErrorDays:
		level, text = slog.LevelError, "the application's credential at the provider expires in a few days, and then nobody can sign in: make a new one and replace the old"
	case days <= expiryWarnDays:
		level, text = slog.LevelWarn, "the application's credential at the provider expires soon: make a new one and replace the old"
	}
	logger.Log(ctx, level, text, slog.String("expires", end.UTC().Format(time.DateOnly)), slog.Int("days", days))
}
