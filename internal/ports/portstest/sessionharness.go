package portstest

import (
	"context"
	"time"

	"webapp/internal/ports"
)

// Browser is a browser that uses the adapter.
type Browser interface {
	// Do makes one request of this browser. It calls request on the same goroutine,
	// with a context that carries the browser. When request returns, the browser
	// stores the cookies of the response. Requests can be nested and concurrent:
	// each one sends the cookies that the browser had when it began.
	Do(ctx context.Context, request func(ctx context.Context))
	// Clone returns another browser with a copy of this browser's cookies, as a
	// backup or a thief has.
	Clone() Browser
}

// SessionHarness contains a session manager, and the functions that the suite needs
// to test it. The store of a new harness is empty.
type SessionHarness struct {
	// Sessions is the adapter under test.
	Sessions ports.SessionManager
	// NewBrowser returns a browser without cookies.
	NewBrowser func() Browser
	// Now and Advance are the clock of the adapter and its store.
	Now     func() time.Time
	Advance func(time.Duration)
	// Down makes the store unreachable (true) and reachable again (false). It is
	// nil if the store cannot fail.
	Down func(bool)
}

// SampleSession returns a session with every field set. It began at now and expires
// after an hour.
func SampleSession(now time.Time) ports.Session {
	return ports.Session{
		Identity: ports.Identity{
			Issuer:          "https://login.microsoftonline.com/6f1d2c3b-0a9e-4d8c-b7a6-5e4f3d2c1b0a/v2.0",
			Subject:         "wq7rXk2N8mZ0aYtVbH4cPdJ1sLgE5uF9oQxTnR3iKvM",
			TenantID:        "6f1d2c3b-0a9e-4d8c-b7a6-5e4f3d2c1b0a",
			ObjectID:        "11112222-3333-4444-5555-666677778888",
			Name:            "Zoë 王小明",
			Username:        "zoe@contoso.example",
			Roles:           []string{"Report.Reader", "Admin"},
			Guest:           true,
			ProviderSession: "00c0ffee-0000-4000-8000-00000000beef",
			AuthTime:        now.Add(-time.Minute),
			AuthContexts:    []string{"c1", "c25"},
		},
		Groups:  []string{"0d1e9a54-7c3b-4f28-9e6d-52b8c1a7f490", "5b3f6c1e-90d7-4f28-8a6b-e1c04d7295fa"},
		Device:  "Firefox on Linux",
		StepUp:  "2 /call_api",
		Started: now,
		Seen:    now.Add(7 * time.Millisecond),
		Expires: now.Add(time.Hour),
	}
}

// SampleTokens returns tokens with every field set.
func SampleTokens(now time.Time) ports.Tokens {
	return ports.Tokens{
		AccessTokens: []ports.AccessToken{
			{Value: "token-of-graph", Scopes: []string{"User.Read", "Mail.Read"}, Expires: now.Add(70 * time.Minute)},
			{Value: "token-of-reports", Scopes: []string{"api://reports/read"}, Expires: now.Add(80 * time.Minute)},
		},
		RefreshToken: "refresh-token",
		SignOutHint:  "sign-out-hint",
		LoginHint:    "O.CiQ2ZjFkMmMzYi0wYTllLTRkOGM",
		Nonce:        "nonce",
		Groups: ports.Groups{
			IDs:     []string{"0d1e9a54-7c3b-4f28-9e6d-52b8c1a7f490", "5b3f6c1e-90d7-4f28-8a6b-e1c04d7295fa"},
			Overage: true, AsOf: now.Add(-time.Minute),
		},
	}
}

// SampleClaims returns claims of an ID token.
func SampleClaims() []ports.Claim {
	return []ports.Claim{{Name: "name", Value: "Zoë"}, {Name: "roles", Value: `["Admin"]`}, {Name: "empty", Value: ""}}
}

// SampleNew returns a NewSession with every field set.
func SampleNew(now time.Time) ports.NewSession {
	return ports.NewSession{Session: SampleSession(now), Claims: SampleClaims(), Tokens: SampleTokens(now)}
}

// SamplePending returns a pending sign-in with every field set.
func SamplePending(state string, now time.Time) ports.PendingSignIn {
	return ports.PendingSignIn{
		State:    state,
		Secret:   "secret-of-" + state,
		ReturnTo: "/reports?year=2026&q=%C3%A9",
		StepUp:   "1",
		Flow:     ports.FlowEditProfile,
		Expires:  now.Add(15 * time.Minute),
	}
}
