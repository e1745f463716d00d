package idtoken

import (
	"crypto/subtle"
	"encoding/base64"
	"math"
	"slices"
	"strconv"
	"time"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/providerhttp"
)

// maxSkew is the largest accepted difference between the provider's clock and this
// one.
const maxSkew = 5 * time.Minute

// checks returns the checks of an ID token's claims in their order. A check that reads
// a claim into the jwt comes before the checks that use the claim.
func (v Verifier) checks() []func(*jwt) error {
	checks := []func(*jwt) error{(*jwt).checkIssuer}
	if v.Authority.Entra() {
		checks = append(checks,
			(*jwt).checkTenant, (*jwt).checkKeyIssuer, (*jwt).checkPolicy, (*jwt).checkVersion, (*jwt).readObjectID, (*jwt).readGroups,
		)
	}
	return append(checks,
		(*jwt).checkAudience,
		(*jwt).checkAuthorizedParty,
		(*jwt).checkExpiry,
		(*jwt).checkIssuedAt,
		(*jwt).checkNotBefore,
		(*jwt).checkNonce,
		(*jwt).checkSubject,
		(*jwt).checkAccessTokenHash,
		(*jwt).readAuthTime,
		(*jwt).readAuthContexts,
		(*jwt).readRoles,
		(*jwt).readDetails,
		// This check is the last one, so ErrTenantNotAllowed means that the token
		// is valid otherwise.
		(*jwt).checkTenantAllowed,
	)
}

// checkIssuer compares iss exactly with the issuer in the metadata, and with the expected
// one. A template for many tenants matches the issuer of any tenant; checkTenant then
// compares the tenant.
func (t *jwt) checkIssuer() error {
	iss, ok := t.claims.Text("iss")
	if !ok || iss == "" || !t.verifier.Issuer.Matches(iss) {
		return providerhttp.Refused("it comes from another issuer")
	}
	if t.want.Issuer != "" && t.want.Issuer != iss {
		return providerhttp.Refused("its issuer is not the expected one")
	}
	t.identity.Issuer = iss
	return nil
}

// checkAudience requires that this client is the only audience: another audience could
// pass the token on. Some OpenID Providers other than Entra always list several audiences.
// Such an ID token must have azp, which checkAuthorizedParty compares (OpenID Connect
// Core 1.0, section 3.1.3.7, points 3 to 5).
func (t *jwt) checkAudience() error {
	audiences, ok := t.claims.TextOrTexts("aud")
	isThis := func(audience string) bool { return sameID(audience, t.verifier.ClientID) }
	several := t.kind == idToken && !t.verifier.Authority.Entra()
	alone := len(audiences) == 1 || several && t.claims.Has("azp")
	if !ok || !alone || !slices.ContainsFunc(audiences, isThis) {
		return providerhttp.Refused("its audience is not this application alone")
	}
	return nil
}

// checkAuthorizedParty compares azp, if it is present, with this client.
func (t *jwt) checkAuthorizedParty() error {
	if azp, ok := t.claims.Text("azp"); !ok || t.claims.Has("azp") && !sameID(azp, t.verifier.ClientID) {
		return providerhttp.Refused("it was issued to another application")
	}
	return nil
}

// sameID compares two application IDs. GUIDs compare without regard to case.
func sameID(a, b string) bool { return authority.FoldGUID(a) == authority.FoldGUID(b) }

// checkExpiry requires exp and a time before it, with maxSkew.
func (t *jwt) checkExpiry() error {
	at, present, ok := date(t.claims, "exp")
	if !present || !ok {
		return providerhttp.Refused("its expiry is missing or not a time")
	}
	if !t.verifier.Clock().Before(at.Add(maxSkew)) {
		return providerhttp.Refused("it has expired")
	}
	return nil
}

// checkIssuedAt requires iat and a time after it, with maxSkew.
func (t *jwt) checkIssuedAt() error {
	at, present, ok := date(t.claims, "iat")
	if !present || !ok {
		return providerhttp.Refused("its time of issue is missing or not a time")
	}
	if at.After(t.verifier.Clock().Add(maxSkew)) {
		return providerhttp.Refused("it was issued in the future")
	}
	return nil
}

// checkNotBefore requires a time after nbf, if it is present, with maxSkew.
func (t *jwt) checkNotBefore() error {
	at, present, ok := date(t.claims, "nbf")
	if !ok {
		return providerhttp.Refused("its start of validity is not a time")
	}
	if present && at.After(t.verifier.Clock().Add(maxSkew)) {
		return providerhttp.Refused("it is not valid yet")
	}
	return nil
}

// readAuthTime reads auth_time, if it is present, and refuses a time that is more than
// maxSkew in the future. The value 0 means that the provider does not know the time, as in
// tokens of some versions of Keycloak. The domain decides which age is too great.
func (t *jwt) readAuthTime() error {
	if string(t.claims.Raw("auth_time")) == "0" {
		return nil
	}
	at, _, ok := date(t.claims, "auth_time")
	if !ok {
		return providerhttp.Refused("its time of authentication is not a time")
	}
	if at.After(t.verifier.Clock().Add(maxSkew)) {
		return providerhttp.Refused("its time of authentication is in the future")
	}
	t.identity.AuthTime = at
	return nil
}

// date reads a NumericDate (RFC 7519, section 2): seconds since 1970, also fractions. ok
// is false for other types and for times outside the years 1970 to 9999, which could
// overflow.
func date(o providerhttp.Object, name string) (at time.Time, present, ok bool) {
	raw := o.Raw(name)
	if raw == nil {
		return time.Time{}, false, true
	}
	const endOf9999 = 253402300799
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.IsNaN(seconds) || seconds <= 0 || seconds > endOf9999 {
		return time.Time{}, true, false
	}
	return time.Unix(int64(seconds), 0), true, true
}

// checkNonce compares the nonce with that of the sign-in.
func (t *jwt) checkNonce() error {
	if t.want.Refreshed && !t.claims.Has("nonce") {
		return nil
	}
	nonce, ok := t.claims.Text("nonce")
	if !ok || t.want.Nonce == "" || !equalConstantTime(nonce, t.want.Nonce) {
		return providerhttp.Refused("its nonce is not that of this sign-in")
	}
	return nil
}

// noSubject is the sub of every user of an Azure AD B2C user flow whose subject claim is
// set to "Not supported".
const noSubject = "Not supported currently. Use oid claim."

// checkSubject requires a sub that is not empty, has at most 255 bytes (OpenID Connect
// Core 1.0, section 2), belongs to one person and is the expected one.
func (t *jwt) checkSubject() error {
	sub, ok := t.claims.Text("sub")
	if !ok || sub == "" || len(sub) > 255 {
		return providerhttp.Refused("its subject is missing or not a short string")
	}
	if sub == noSubject {
		return providerhttp.Refused(`its subject is the same for everybody: set the user flow's "Subject (sub) claim" to ObjectID`)
	}
	if t.want.Subject != "" && t.want.Subject != sub {
		return providerhttp.Refused("its subject is not the expected one")
	}
	t.identity.Subject = sub
	return nil
}

// checkAccessTokenHash compares at_hash, if it is present, with the access token (OpenID
// Connect Core 1.0, section 3.1.3.6).
func (t *jwt) checkAccessTokenHash() error {
	if !t.claims.Has("at_hash") {
		return nil
	}
	got, ok := t.claims.Text("at_hash")
	if !ok || t.want.AccessToken == "" || !equalConstantTime(got, leftHalfHash(t.header.alg, t.want.AccessToken)) {
		return providerhttp.Refused("its access token hash does not match the access token")
	}
	return nil
}

// leftHalfHash returns the left half of the text's hash. The signature algorithm selects
// the hash function.
func leftHalfHash(alg, text string) string {
	digest := hashOf(alg).New()
	digest.Write([]byte(text))
	sum := digest.Sum(nil)
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

func equalConstantTime(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
