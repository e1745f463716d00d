package main

import (
	"fmt"
	"strings"
	"time"

	"webapp/internal/ports"
)

const (
	idleLimit = time.Hour
	lifetime  = 12 * time.Hour
	tenant    = "7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b301"
)

// signedIn is the session of the i-th person, as large as Entra makes it,
// without claims and grant.
func signedIn(i int, now time.Time) ports.NewSession {
	return ports.NewSession{Session: ports.Session{
		Identity: ports.Identity{
			Issuer:   "https://login.microsoftonline.com/" + tenant + "/v2.0",
			Subject:  fmt.Sprintf("mQhn9bJ0Vx0dTjk2oW3eHn1sYcL8uRk5aZ%09d", i),
			TenantID: tenant,
			ObjectID: fmt.Sprintf("0d1e9a54-7c3b-4f28-9e6d-%012x", i),
			Name:     "Adele Vance", Username: "adele.vance@contoso.example", Roles: []string{"Admin"},
			ProviderSession: fmt.Sprintf("00b1c2d3-1111-4222-8333-%012x", i),
		},
		Device: "Firefox, Linux", Started: now, Seen: now, Expires: now.Add(idleLimit),
	}}
}

// typicalClaims are as many as Entra puts into an ID token.
func typicalClaims() []ports.Claim {
	claims := make([]ports.Claim, 18)
	for i := range claims {
		claims[i] = ports.Claim{Name: fmt.Sprintf("claim_%02d", i), Value: tenant}
	}
	return claims
}

// typicalGrant has tokens of Entra's usual size.
func typicalGrant(now time.Time) ports.Tokens {
	return ports.Tokens{
		RefreshToken: strings.Repeat("r", 1500),
		AccessTokens: []ports.AccessToken{{Value: strings.Repeat("a", 2000), Scopes: []string{"User.Read"}, Expires: now.Add(time.Hour)}},
	}
}
