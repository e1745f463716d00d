package http

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestMomentTellsUTCAndTheDistance(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	now := time.Date(2026, 11, 23, 17, 9, 0, 0, berlin)
	assert.Equal(t, moment{
		DateTime: "2026-11-24T04:07:00Z",
		Text:     "24 November 2026, 04:07 UTC",
		Relative: "in 11 hours 58 minutes",
	}, newMoment(now.Add(11*time.Hour+58*time.Minute), now))
}

func TestRelative(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"in less than a minute":  0,
		"just now":               -59 * time.Second,
		"in 1 minute":            time.Minute + 59*time.Second,
		"in 59 minutes":          time.Hour - time.Nanosecond,
		"in 1 hour":              time.Hour,
		"in 1 hour 1 minute":     time.Hour + time.Minute,
		"in 12 hours":            12 * time.Hour,
		"in 1 day 1 hour":        25*time.Hour + 30*time.Minute,
		"in 90 days":             90 * 24 * time.Hour,
		"2 minutes ago":          -2 * time.Minute,
		"3 hours 20 minutes ago": -3*time.Hour - 20*time.Minute,
	} {
		assert.Equal(t, want, relative(d))
	}
}
