package portstest_test

import (
	"testing"
	"time"

	"webapp/internal/ports/portstest"
)

func newFakeHarness(*testing.T) portstest.SessionHarness {
	clock := portstest.NewClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	fake := portstest.NewFakeSessions(clock.Now)
	return portstest.SessionHarness{
		Sessions:   fake,
		NewBrowser: func() portstest.Browser { return fake.NewBrowser() },
		Now:        clock.Now,
		Advance:    clock.Advance,
		Down:       fake.SetDown,
	}
}

func TestFakeSessions(t *testing.T) {
	t.Run("Sessions", func(t *testing.T) { portstest.Sessions(t, newFakeHarness) })
	t.Run("SessionTokens", func(t *testing.T) { portstest.SessionTokens(t, newFakeHarness) })
	t.Run("SessionDirectory", func(t *testing.T) { portstest.SessionDirectory(t, newFakeHarness) })
	t.Run("OneTimeIDs", func(t *testing.T) { portstest.OneTimeIDs(t, newFakeHarness) })
	t.Run("PendingSignIns", func(t *testing.T) { portstest.PendingSignIns(t, newFakeHarness) })
}
