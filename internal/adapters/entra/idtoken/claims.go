package idtoken

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"webapp/internal/providerhttp"
)

// knownClaims are the claims whose meaning counts here or downstream. A claim
// that differs from one of them in letter case only is nobody's honest claim:
// another reader of the same token might take it for the known one.
func knownClaims() []string {
	return []string{
		"iss", "sub", "aud", "exp", "iat", "nbf", "nonce", "azp", "at_hash", "c_hash", "jti",
		"auth_time", "acr", "amr", "sid", "tid", "oid", "ver", "idp", "acct", "tfp", "roles",
		"groups", "hasgroups", "wids", "name", "email", "upn", "preferred_username",
		"login_hint", "_claim_names", "_claim_sources",
	}
}

// parseClaims reads the payload (RFC 7519, section 4: names are
// case-sensitive and unique).
func parseClaims(payload []byte, kind tokenKind) (providerhttp.Object, error) {
	claims, err := providerhttp.ParseObject(payload)
	if err != nil {
		return nil, kind.refuse("'s claims are not a JSON object without duplicates")
	}
	for name := range claims {
		if isLowerCase(name) {
			continue
		}
		folds := func(known string) bool { return strings.EqualFold(known, name) }
		if slices.ContainsFunc(knownClaims(), folds) || kind == logoutToken && folds("events") {
			return nil, refuse("a claim's name is that of a known one in other letter case")
		}
	}
	return claims, nil
}

// isLowerCase is the quick answer for nearly every name there is.
func isLowerCase(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 || r >= 'A' && r <= 'Z' })
}

// checkAudience wants this client, alone: a token that is also meant for
// others may have been obtained by them.
func checkAudience(clientID string) func(*jwt) error {
	return func(t *jwt) error {
		if one, ok := t.claims.Text("aud"); ok && one == clientID {
			return nil
		}
		if list, ok := t.claims.Texts("aud"); ok && len(list) == 1 && list[0] == clientID {
			return nil
		}
		return refuse("its audience is not this application alone")
	}
}

// checkAuthorizedParty looks at azp where it is present.
func checkAuthorizedParty(clientID string) func(*jwt) error {
	return func(t *jwt) error {
		if azp, ok := t.claims.Text("azp"); !ok || t.claims.Has("azp") && azp != clientID {
			return refuse("it was issued to another application")
		}
		return nil
	}
}

func checkExpiry(clock func() time.Time) func(*jwt) error {
	return func(t *jwt) error {
		at, present, ok := date(t.claims, "exp")
		if !present || !ok {
			return refuse("its expiry is missing or not a time")
		}
		if !clock().Before(at.Add(maxSkew)) {
			return refuse("it has expired")
		}
		return nil
	}
}

func checkIssuedAt(clock func() time.Time) func(*jwt) error {
	return func(t *jwt) error {
		at, present, ok := date(t.claims, "iat")
		if !present || !ok {
			return refuse("its time of issue is missing or not a time")
		}
		if at.After(clock().Add(maxSkew)) {
			return refuse("it was issued in the future")
		}
		return nil
	}
}

func checkNotBefore(clock func() time.Time) func(*jwt) error {
	return func(t *jwt) error {
		at, present, ok := date(t.claims, "nbf")
		if !ok {
			return refuse("its start of validity is not a time")
		}
		if present && at.After(clock().Add(maxSkew)) {
			return refuse("it is not valid yet")
		}
		return nil
	}
}

// date reads a NumericDate (RFC 7519, section 2): seconds since 1970, whole or
// not. What lies outside the years 1970 to 9999 is a mistake or a trick with
// overflow, not a time.
func date(o providerhttp.Object, name string) (at time.Time, present, ok bool) {
	raw, present := o[name]
	if !present {
		return time.Time{}, false, true
	}
	const endOf9999 = 253402300799
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.IsNaN(seconds) || seconds <= 0 || seconds > endOf9999 {
		return time.Time{}, true, false
	}
	return time.Unix(int64(seconds), 0), true, true
}

// noSubject is what Azure AD B2C puts into everybody's sub where a user flow's
// subject claim is set to "Not supported".
const noSubject = "Not supported currently. Use oid claim."

// checkSubject wants sub: not empty, at most 255 bytes (OpenID Connect Core
// 1.0, section 2), and one person's.
func checkSubject(t *jwt) error {
	sub, ok := t.claims.Text("sub")
	if !ok || sub == "" || len(sub) > 255 {
		return refuse("its subject is missing or not a short string")
	}
	if sub == noSubject {
		return refuse(`its subject is the same for everybody: set the user flow's "Subject (sub) claim" to ObjectID`)
	}
	t.subject = sub
	return nil
}

// checkExpected compares a claim that was read before with one that is known
// already; where none is known every value is as good.
func checkExpected(read func(*jwt) string, want, reason string) func(*jwt) error {
	return func(t *jwt) error {
		if want != "" && read(t) != want {
			return refuse(reason)
		}
		return nil
	}
}
