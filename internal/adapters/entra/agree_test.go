package entra_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	jose "github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/entra/credential"
	"webapp/internal/ports"
	"webapp/internal/test/rsakeys"
)

const stubIssuer = "https://provider.example"

// stub is an OpenID Provider with a key of any type. It signs every token that a test
// gives it. It is a Transport and needs no network.
type stub struct {
	alg     string
	private crypto.Signer
	idToken string
}

func (s *stub) RoundTrip(r *http.Request) (*http.Response, error) {
	var document any
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		document = map[string]any{
			"issuer": stubIssuer, "authorization_endpoint": stubIssuer + "/authorize", "token_endpoint": stubIssuer + "/token",
			"jwks_uri": stubIssuer + "/keys", "id_token_signing_alg_values_supported": []string{s.alg},
		}
	case "/keys":
		document = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: s.private.Public(), KeyID: "k", Use: "sig"}}}
	default:
		document = map[string]any{"id_token": s.idToken}
	}
	body, err := json.Marshal(document)
	return &http.Response{StatusCode: http.StatusOK, Header: make(http.Header), Body: io.NopCloser(bytes.NewReader(body)), Request: r}, err
}

// sign returns a signed token. It leaves out header members that are nil.
func (s *stub) sign(t *testing.T, header, claims map[string]any) string {
	t.Helper()
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", "k")
	for name, value := range header {
		if options.ExtraHeaders[jose.HeaderKey(name)] = value; value == nil {
			delete(options.ExtraHeaders, jose.HeaderKey(name))
		}
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(s.alg), Key: s.private}, options)
	require.NoError(t, err)
	payload, err := json.Marshal(claims)
	require.NoError(t, err)
	jws, err := signer.Sign(payload)
	require.NoError(t, err)
	compact, err := jws.CompactSerialize()
	require.NoError(t, err)
	return compact
}

func signers(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	var err error
	keys := map[string]crypto.Signer{}
	for _, alg := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"} {
		keys[alg] = rsakeys.Key(0)
	}
	for alg, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		keys[alg], err = ecdsa.GenerateKey(curve, rand.Reader)
		require.NoError(t, err)
	}
	_, keys["EdDSA"], err = ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return keys
}

// goodForms are the ways in which a valid token can differ from the usual one, as
// changes to its header and claims. A claim that is nil is left out.
func goodForms() map[string]struct{ header, claims map[string]any } {
	type changes = map[string]any
	return map[string]struct{ header, claims map[string]any }{
		"plain":               {},
		"no typ":              {header: changes{"typ": nil}},
		"typ in lower case":   {header: changes{"typ": "jwt"}},
		"no kid":              {header: changes{"kid": nil}},
		"a header more":       {header: changes{"extra": "x"}},
		"aud is a list":       {claims: changes{"aud": []string{"client"}}},
		"azp":                 {claims: changes{"azp": "client"}},
		"no nbf":              {claims: changes{"nbf": nil}},
		"an escaped subject":  {claims: changes{"sub": "a\"\\\u00e9\u2028<>&"}},
		"claims nobody knows": {claims: changes{"Extension": map[string]any{"A": 1, "a": []any{nil, true, 1.5}}}},
		"groups elsewhere": {claims: changes{"_claim_names": map[string]any{"groups": "src1"},
			"_claim_sources": map[string]any{"src1": map[string]any{"endpoint": "https://graph.windows.net/x"}}}},
	}
}

func changed(plain, changes map[string]any) map[string]any {
	plain = maps.Clone(plain)
	for name, value := range changes {
		if plain[name] = value; value == nil {
			delete(plain, name)
		}
	}
	return plain
}

// agreement is one provider with the two verifiers of its tokens.
type agreement struct {
	*stub
	ours   *entra.Provider
	theirs *oidc.IDTokenVerifier
	now    time.Time
}

func newAgreement(t *testing.T, alg string, private crypto.Signer) agreement {
	t.Helper()
	a := agreement{stub: &stub{alg: alg, private: private}, now: newClock().Now()}
	clock := func() time.Time { return a.now }
	var err error
	a.ours, err = entra.New(entra.Config{
		Issuer: stubIssuer, ClientID: "client", Credential: credential.Config{Secret: "secret"}, RedirectURI: redirectURI, Clock: clock, Transport: a.stub,
	})
	require.NoError(t, err)
	a.theirs = oidc.NewVerifier(stubIssuer, &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{private.Public()}},
		&oidc.Config{ClientID: "client", Now: clock, SupportedSigningAlgs: []string{alg}})
	return a
}

// TestGoOIDCAgrees compares with an independent verifier: each form of a valid token
// with each algorithm.
func TestGoOIDCAgrees(t *testing.T) {
	for alg, private := range signers(t) {
		a := newAgreement(t, alg, private)
		for name, form := range goodForms() {
			t.Run(alg+"/"+name, func(t *testing.T) {
				begun, err := a.ours.Begin(t.Context(), ports.AuthorizationRequest{State: testState})
				require.NoError(t, err)
				u, err := url.Parse(begun.URL)
				require.NoError(t, err)
				at := a.now.Unix()
				a.idToken = a.sign(t, form.header, changed(map[string]any{
					"iss": stubIssuer, "sub": "subject", "aud": "client", "iat": at, "nbf": at, "exp": at + 3600, "nonce": u.Query().Get("nonce"),
				}, form.claims))
				in, err := a.ours.Complete(t.Context(), ports.Callback{State: testState, Code: "code"}, begun.Secret)
				require.NoError(t, err)
				token, err := a.theirs.Verify(t.Context(), a.idToken)
				require.NoError(t, err)
				assert.Equal(t, token.Issuer, in.Identity.Issuer)
				assert.Equal(t, token.Subject, in.Identity.Subject)
				assert.Equal(t, token.Nonce, in.Tokens.Nonce)
			})
		}
	}
}

// TestGoOIDCAgreesOnLogoutTokens compares the verification of logout tokens.
func TestGoOIDCAgreesOnLogoutTokens(t *testing.T) {
	for alg, private := range signers(t) {
		a := newAgreement(t, alg, private)
		for name, form := range goodForms() {
			if strings.HasPrefix(name, "groups") {
				continue
			}
			t.Run(alg+"/"+name, func(t *testing.T) {
				at := a.now.Unix()
				raw := a.sign(t, form.header, changed(map[string]any{
					"iss": stubIssuer, "sub": "subject", "sid": "session", "aud": "client", "iat": at, "exp": at + 120, "jti": "id",
					"events": map[string]any{logoutEvent: map[string]any{}},
				}, form.claims))
				said, err := a.ours.VerifyLogoutToken(t.Context(), raw)
				require.NoError(t, err)
				token, err := a.theirs.VerifyLogout(t.Context(), raw)
				require.NoError(t, err)
				assert.Equal(t, []string{token.TokenID, token.Issuer, token.Subject, token.SessionID},
					[]string{said.ID, said.Issuer, said.Subject, said.ProviderSession})
			})
		}
	}
}
