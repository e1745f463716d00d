package portstest_test

import (
	"context"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
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

// faultyFake is a FakeProvider that has at most one fault.
type faultyFake struct {
	*portstest.FakeProvider
	fault string
}

func (f *faultyFake) Begin(ctx context.Context, req ports.AuthorizationRequest) (ports.Authorization, error) {
	switch f.fault {
	case "no max_age":
		req.MaxAge = nil
	case "no max_age of zero":
		if req.MaxAge != nil && *req.MaxAge == 0 {
			req.MaxAge = nil
		}
	case "no acr_values":
		req.ACRValues = nil
	}
	return f.FakeProvider.Begin(ctx, req)
}

func (f *faultyFake) Complete(ctx context.Context, cb ports.Callback, secret string) (ports.SignedIn, error) {
	in, err := f.FakeProvider.Complete(ctx, cb, secret)
	if f.fault == "no auth_time" {
		in.Identity.AuthTime = time.Time{}
	}
	return in, err
}

func TestFakeProviderKeepsTheContract(t *testing.T) {
	t.Run("pushed requests", func(t *testing.T) { fakeProviderKeepsTheContract(t, true) })
	fakeProviderKeepsTheContract(t, false)
}

func fakeProviderKeepsTheContract(t *testing.T, pushes bool) {
	portstest.IdentityProvider(t, func(t *testing.T) portstest.ProviderHarness {
		clock := portstest.NewClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
		fake := portstest.NewFakeProvider(clock.Now)
		fake.PushRequests(pushes)
		fake.OfferRevocation()
		fake.OfferFlows(ports.FlowSignUp, ports.FlowEditProfile, ports.FlowResetPassword)
		return portstest.ProviderHarness{
			New: func(ports.Registration, http.RoundTripper, func() time.Time) (ports.IdentityProvider, error) {
				return &faultyFake{fake, os.Getenv(faultVariable)}, nil
			},
			InMemory: true,
			Clock:    clock,
			Approve: func(_ testing.TB, u string) ports.Callback {
				return fake.Approve(u, ports.Identity{Name: "Adele Vance", AuthTime: clock.Now()})
			},
			Decline:    func(_ testing.TB, u string) ports.Callback { return fake.Decline(u) },
			Scopes:     []string{"api/read"},
			SignLogout: func(_ testing.TB, says ports.LogoutToken) string { return fake.SignLogout(says) },
			Groups: func(t testing.TB) (int, string) {
				fake.SetGroups(ports.Groups{Overage: true}, []string{
					"a1000001-4d2e-4b91-8c05-3fa9c0000001", "b1000002-4d2e-4b91-8c05-3fa9c0000002",
				})
				a, err := fake.Begin(t.Context(), ports.AuthorizationRequest{State: "s", Scopes: []string{"api/read"}})
				require.NoError(t, err)
				in, err := fake.Complete(t.Context(), fake.Approve(a.URL, ports.Identity{Name: "Lynne Robbins"}), a.Secret)
				require.NoError(t, err)
				return 2, in.Tokens.AccessTokens[0].Value
			},
			Down: fake.Down,
		}
	})
}
