package main

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/test/logtest"
)

func TestExpiryIsLoggedAtTheStartAndDaily(t *testing.T) {
	clock, logs := newTestClock(), &logtest.Buffer{}
	end := clock.Now().Add(32 * 24 * time.Hour)
	ctx, stop := context.WithCancel(t.Context())
	tick, told, done := make(chan time.Time), make(chan struct{}, 1), make(chan struct{})
	now := func() time.Time {
		at := clock.Now()
		told <- struct{}{}
		return at
	}
	go func() {
		defer close(done)
		watchExpiry(ctx, func() (time.Time, bool) { return end, true }, now, tick, slog.New(slog.NewTextHandler(logs, nil)))
	}()
	<-told
	for range 32 {
		clock.Advance(24 * time.Hour)
		tick <- clock.Now()
		<-told
	}
	stop()
	<-done
	assert.Equal(t, 33, strings.Count(logs.String(), "expires="+end.UTC().Format(time.DateOnly)))
	for _, line := range []string{"level=INFO", "level=WARN", "level=ERROR", "days=32", "days=0"} {
		assert.Contains(t, logs.String(), line)
	}
}

func TestExpiryLevels(t *testing.T) {
	for days, level := range map[int]string{400: "INFO", 31: "INFO", 30: "WARN", 8: "WARN", 7: "ERROR", 0: "ERROR", -1: "ERROR", -90: "ERROR"} {
		logs := &logtest.Buffer{}
		logExpiry(t.Context(), days, time.Now(), slog.New(slog.NewTextHandler(logs, nil)))
		assert.Contains(t, logs.String(), "level="+level, days)
		assert.Equal(t, days < 0, strings.Contains(logs.String(), "has expired"), days)
	}
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for left, days := range map[time.Duration]int{time.Second: 0, 24 * time.Hour: 1, 47 * time.Hour: 1, -time.Second: -1, -25 * time.Hour: -2} {
		assert.Equal(t, days, daysUntil(noon.Add(left), noon))
	}
}

func TestUnknownExpiryIsNotTalkedAbout(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	logs := &logtest.Buffer{}
	watchExpiry(ctx, func() (time.Time, bool) { return time.Time{}, false }, time.Now, nil, slog.New(slog.NewTextHandler(logs, nil)))
	assert.Empty(t, logs.String())
}

// After the signal, requests in flight and running revocations have ten seconds
// together.
func TestAStopHasOneLimitForEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		limit, cancel := stopLimit(ctx)
		defer cancel()
		time.Sleep(time.Hour)
		require.NoError(t, limit.Err())
		told := time.Now()
		stop()
		<-limit.Done()
		assert.Equal(t, 10*time.Second, time.Since(told))
	})
}
