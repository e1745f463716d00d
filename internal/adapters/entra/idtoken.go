package entra

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"webapp/internal/ports"
)

// Bounds of an ID token's checks.
const (
	maxIDTokenBytes = 64 << 10
	maxSkew         = 5 * time.Minute
)

// refuse is the error of an answer that did not pass a check. reason is a
// constant text: what the token said stays out of it.
func refuse(reason string) error { return fmt.Errorf("%w: %s", ports.ErrTokenRefused, reason) }

// expectation is what the token must agree with, besides the configuration.
type expectation struct {
	nonce       func(c *idToken) error
	issuer      string // empty: any that fits the metadata
	subject     string // empty: any
	accessToken string
}

// idToken is an ID token under check and, once verify has answered it, a
// verified one.
type idToken struct {
	header header
	key    signingKey
	claims object

	issuer, subject, tenant, objectID string
	name, username, session           string
	loginHint                         string
	roles                             []string
	guest                             bool
}

// verify checks an ID token as a whole (OpenID Connect Core 1.0, section
// 3.1.3.7, and Microsoft's rules for many tenants). The signature comes first,
// so that nothing is read from claims that nobody vouches for.
func (p *Provider) verify(ctx context.Context, m metadata, raw string, want expectation) (*idToken, error) {
	segments, err := splitToken(raw)
	if err != nil {
		return nil, err
	}
	h, err := parseHeader(segments[0], m.algorithms)
	if err != nil {
		return nil, err
	}
	keys, err := p.findKeys(ctx, h)
	if err != nil {
		return nil, err
	}
	payload, key, err := checkSignature(raw, h, keys)
	if err != nil {
		return nil, err
	}
	claims, err := parseClaims(payload)
	if err != nil {
		return nil, err
	}
	token := &idToken{header: h, key: key, claims: claims}
	for _, check := range p.checks(m, want) {
		if err := check(token); err != nil {
			return nil, err
		}
	}
	p.noteOverage(ctx, token)
	return token, nil
}

// checks lists the claims' checks in their order; those that read a claim into
// the token come before those that rely on it.
func (p *Provider) checks(m metadata, want expectation) []func(*idToken) error {
	checks := []func(*idToken) error{
		checkIssuer(m.issuer),
		checkExpected(func(t *idToken) string { return t.issuer }, want.issuer, "its issuer is not the expected one"),
	}
	if p.authority.entra() {
		checks = append(checks,
			checkTenant(m.issuer, p.authority.Kind),
			checkKeyIssuer(m.issuer),
			checkVersion(p.authority.Kind),
			checkObjectID,
		)
	}
	return append(checks,
		checkAudience(p.cfg.ClientID),
		checkAuthorizedParty(p.cfg.ClientID),
		checkExpiry(p.clock),
		checkIssuedAt(p.clock),
		checkNotBefore(p.clock),
		want.nonce,
		checkSubject,
		checkExpected(func(t *idToken) string { return t.subject }, want.subject, "its subject is not the expected one"),
		checkAccessTokenHash(want.accessToken),
		readRoles,
		readDetails,
		// Last, so that "tenant not allowed" is said of good tokens only.
		checkTenantAllowed(p.tenants),
	)
}

// splitToken answers the three segments of a compact JWS (RFC 7515, section
// 7.1). The alphabet is checked here because decoders skip line breaks.
func splitToken(raw string) ([]string, error) {
	if len(raw) > maxIDTokenBytes {
		return nil, refuse("the ID token is too large")
	}
	segments := strings.Split(raw, ".")
	if len(segments) != 3 {
		return nil, refuse("the ID token has not three segments")
	}
	for _, segment := range segments {
		if segment == "" || strings.ContainsFunc(segment, notBase64URL) {
			return nil, refuse("the ID token is not base64url")
		}
		if _, err := base64.RawURLEncoding.Strict().DecodeString(segment); err != nil {
			return nil, refuse("the ID token is not base64url")
		}
	}
	return segments, nil
}

// checkSignature verifies the signature with the provider's keys, by go-jose,
// and answers the signed payload and the key that verified it.
//
// go-oidc's verifier stands on the same call. It would have to run with its
// issuer and expiry checks off (it knows one issuer and no leeway), reads
// claims whatever the case of their names, hides which key verified, and fails
// on _claim_names without _claim_sources, which Entra does send. A test holds
// that it accepts whatever is accepted here.
func checkSignature(raw string, h header, keys []signingKey) ([]byte, signingKey, error) {
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(h.alg)})
	if err != nil {
		return nil, signingKey{}, refuse("the ID token is not a signed JWT")
	}
	for _, key := range keys {
		if payload, err := jws.Verify(key.public); err == nil {
			return payload, key, nil
		}
	}
	return nil, signingKey{}, refuse("the ID token's signature is wrong")
}
