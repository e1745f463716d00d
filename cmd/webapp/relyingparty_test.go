package main

import (
	"encoding/json"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/rsakeys"
)

// TestRelyingParty runs the relying-party tests of the OpenID Foundation's conformance
// suite, by profile and with the suite's names, over real HTTP, against a provider that
// misbehaves as the suite does.
func TestRelyingParty(t *testing.T) {
	for _, profile := range partyProfiles() {
		t.Run(profile.name, func(t *testing.T) {
			for _, c := range profile.tests {
				t.Run(c.name, func(t *testing.T) { c.run(newParty(t, profile.env)) })
			}
		})
	}
}

// partyProfile is one profile of the suite with the configuration of the application.
type partyProfile struct {
	name  string
	env   map[string]string
	tests []partyTest
}

// partyTest is one test of the suite.
type partyTest struct {
	name string
	run  func(*party)
}

func partyProfiles() []partyProfile {
	return []partyProfile{
		{"basic", nil, basicTests()},
		{"form_post", map[string]string{"RESPONSE_MODE": "form_post"}, append(basicTests(), formPostTests()...)},
		{"config", nil, configTests()},
		{"refresh token", map[string]string{"SCOPE": "email", "ENDPOINT": "/oidc/userinfo"}, refreshTests()},
		{"RP-initiated logout", nil, rpLogoutTests()},
		{"front-channel logout", nil, frontChannelTests()},
		{"back-channel logout", map[string]string{"ID_TOKEN_SIGNED_RESPONSE_ALG": "RS256"}, backChannelTests()},
		{"comprehensive", nil, comprehensiveTests()},
	}
}

// party is the application with an OpenID Provider like the suite, and one person's
// browser.
type party struct {
	*world
	b *browser
	// issued has the token responses of the provider, the oldest first.
	issued []map[string]any

	mu sync.Mutex // the application also asks for keys by itself
	// These functions change a token, a document or the key set.
	forge    func(*fakeidp.TokenDraft)
	metadata func(map[string]any)
	keys     func([]any) []any
}

func newParty(t *testing.T, more map[string]string) *party {
	t.Helper()
	env := map[string]string{"OIDC_AUTHORITY": fakeidp.ContosoTenantID, "SCOPE": "", "ENDPOINT": ""}
	for name, value := range more {
		env[name] = value
	}
	p := &party{world: newWorld(t, env)}
	p.b = p.browser()
	p.idp.Mutate(p.issue)
	p.idp.MutateMetadata(p.describe)
	p.idp.MutateKeys(p.publish)
	return p
}

// issue makes tokens as small as the suite's: only the UserInfo endpoint has the
// person's name.
func (p *party) issue(d *fakeidp.TokenDraft) {
	bare := make(map[string]any)
	for _, name := range []string{"iss", "sub", "aud", "iat", "exp", "nonce", "sid"} {
		if value, ok := d.Claims[name]; ok {
			bare[name] = value
		}
	}
	d.Claims = bare
	if forge := locked(p, &p.forge); forge != nil {
		forge(d)
	}
	p.issued = append(p.issued, d.Response)
}

// describe offers every algorithm, as the suite does, also "none".
func (p *party) describe(_ string, document map[string]any) {
	document["id_token_signing_alg_values_supported"] = []string{"none", "HS256", "RS256", "PS256", "ES256", "EdDSA"}
	if metadata := locked(p, &p.metadata); metadata != nil {
		metadata(document)
	}
}

// publish adds keys for other uses to the key set: of another curve, of an unknown
// type, and for encryption.
func (p *party) publish(_ string, document map[string]any) {
	keys := append(document["keys"].([]any),
		p.jwk(`{"kty":"EC","crv":"P-256","use":"sig","kid":"ec"}`, ellipticKey().Public()),
		p.jwk(`{"kty":"RSA","use":"enc","alg":"RSA-OAEP","kid":"enc"}`, rsakeys.Key(1).Public()),
		map[string]any{"kty": "EC", "crv": "secp256k1", "use": "sig", "kid": "k1", "x": "AA", "y": "AA"},
	)
	if change := locked(p, &p.keys); change != nil {
		keys = change(keys)
	}
	document["keys"] = keys
}

func locked[T any](p *party, f *T) T {
	p.mu.Lock()
	defer p.mu.Unlock()
	return *f
}

func (p *party) forging(f func(*fakeidp.TokenDraft)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forge = f
}

func (p *party) describing(f func(map[string]any)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.metadata = f
}

func (p *party) publishing(f func([]any) []any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = f
}

// heal makes the provider behave correctly.
func (p *party) heal() {
	p.forging(nil)
	p.describing(nil)
	p.publishing(nil)
	p.idp.MutateUserInfo(nil)
	p.idp.Heal()
}

// jwk returns a JWK with these members.
func (p *party) jwk(members string, public any) map[string]any {
	p.t.Helper()
	key := publicMembers(p.t, public)
	require.NoError(p.t, json.Unmarshal([]byte(members), &key))
	return key
}
