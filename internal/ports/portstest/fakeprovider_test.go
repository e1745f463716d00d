package portstest_test

import (
	"sync"
	"testing"
	"time"

	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

func TestFakeProviderKeepsTheContract(t *testing.T) {
	portstest.IdentityProvider(t, func(t *testing.T) portstest.ProviderHarness {
		var mu sync.Mutex
		now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		fake := portstest.NewFakeProvider(func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return now
		})
		return portstest.ProviderHarness{
			Provider: fake,
			Approve: func(_ testing.TB, u string) ports.Callback {
				return fake.Approve(u, ports.Identity{Name: "Adele Vance"})
			},
			Decline: func(_ testing.TB, u string) ports.Callback { return fake.Decline(u) },
			Scopes:  []string{"api/read"},
			Down:    fake.Down,
			Advance: func(d time.Duration) {
				mu.Lock()
				defer mu.Unlock()
				now = now.Add(d)
			},
		}
	})
}
