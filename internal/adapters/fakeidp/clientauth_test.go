package fakeidp_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/fakeidp/clientauth"
	"webapp/internal/test/identitytest"
	"webapp/internal/test/rsakeys"
)

func testCertificate(t *testing.T, until time.Duration) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "client"},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(until),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, rsakeys.Key(0).Public(), rsakeys.Key(0))
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert
}

// draft is an unsigned client assertion that a test changes.
type draft struct {
	header, claims map[string]any
	key            *rsa.PrivateKey
}

func (d draft) sign(t *testing.T) string {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	header, err := json.Marshal(d.header)
	require.NoError(t, err)
	claims, err := json.Marshal(d.claims)
	require.NoError(t, err)
	signed := encode(header) + "." + encode(claims)
	sum := sha256.Sum256([]byte(signed))
	var signature []byte
	if d.header["alg"] == "RS256" {
		signature, err = rsa.SignPKCS1v15(nil, d.key, crypto.SHA256, sum[:])
	} else {
		signature, err = rsa.SignPSS(rand.Reader, d.key, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	}
	require.NoError(t, err)
	return signed + "." + encode(signature)
}

func thumbprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func goodDraft(rp *party, cert *x509.Certificate) draft {
	now := time.Now().Unix()
	return draft{
		header: map[string]any{"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint(cert)},
		claims: map[string]any{
			"aud": rp.config.Endpoint.TokenURL, "iss": rp.config.ClientID, "sub": rp.config.ClientID,
			"jti": rand.Text(), "nbf": now, "iat": now, "exp": now + 300,
		},
		key: rsakeys.Key(0),
	}
}

const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// present sends a token request with this assertion.
func (rp *party) present(assertion, kind string) map[string]any {
	rp.t.Helper()
	form := rp.codeForm()
	form.Del("client_secret")
	form.Set("client_assertion", assertion)
	form.Set("client_assertion_type", kind)
	return rp.postRaw(form, nil)
}

func (rp *party) authenticateBy(auth fakeidp.Authenticator) {
	client := fakeidp.DefaultClient()
	client.Secrets, client.Authenticator = nil, auth
	rp.idp.AddClient(client)
}

func TestCertificateAssertionsAreVerified(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	cert, expired := testCertificate(t, time.Hour), testCertificate(t, -time.Hour)
	rp.authenticateBy(clientauth.NewCertificates(cert, expired))
	other := rsakeys.Key(1)
	now := time.Now().Unix()
	claim := func(name string, value any) func(*draft) { return func(d *draft) { d.claims[name] = value } }
	header := func(name string, value any) func(*draft) { return func(d *draft) { d.header[name] = value } }
	for name, c := range map[string]struct {
		change func(*draft)
		number float64 // 0: accepted
	}{
		"right":                   {func(*draft) {}, 0},
		"with its own chain":      {header("x5c", []string{base64.StdEncoding.EncodeToString(cert.Raw)}), 0},
		"with another chain":      {header("x5c", []string{base64.StdEncoding.EncodeToString(expired.Raw)}), 700027},
		"with an empty chain":     {header("x5c", []string{}), 700027},
		"RS256":                   {header("alg", "RS256"), 700027},
		"none":                    {header("alg", "none"), 700027},
		"without a type":          {func(d *draft) { delete(d.header, "typ") }, 0},
		"not a JWT":               {header("typ", "at+jwt"), 50027},
		"no thumbprint":           {func(d *draft) { delete(d.header, "x5t#S256") }, 700027},
		"unregistered":            {header("x5t#S256", thumbprint(anotherCertificate(t))), 700027},
		"expired certificate":     {header("x5t#S256", thumbprint(expired)), 1000502},
		"another key":             {func(d *draft) { d.key = other }, 700027},
		"the authority's issuer":  {claim("aud", rp.idp.Issuer(fakeidp.ContosoTenantID)), 700023},
		"another client":          {claim("iss", "another"), 700021},
		"another subject":         {claim("sub", "another"), 700021},
		"expired":                 {claim("exp", now-1), 700024},
		"not yet":                 {claim("nbf", now+3600), 700024},
		"for too long":            {claim("exp", now+3600), 700024},
		"without nbf":             {func(d *draft) { delete(d.claims, "nbf") }, 50012},
		"without jti":             {func(d *draft) { delete(d.claims, "jti") }, 50012},
		"claims of another shape": {claim("exp", "soon"), 50027},
	} {
		t.Run(name, func(t *testing.T) {
			d := goodDraft(rp, cert)
			c.change(&d)
			answer := rp.present(d.sign(t), jwtBearer)
			if c.number == 0 {
				require.NotEmpty(t, answer["id_token"], answer)
				return
			}
			assert.Equal(t, []any{c.number}, answer["error_codes"])
			assert.Equal(t, "invalid_client", answer["error"])
		})
	}
	t.Run("used twice", func(t *testing.T) {
		once := goodDraft(rp, cert).sign(t)
		require.NotEmpty(t, rp.present(once, jwtBearer)["id_token"])
		assert.Equal(t, []any{50012.0}, rp.present(once, jwtBearer)["error_codes"])
	})
	t.Run("of another type", func(t *testing.T) {
		answer := rp.present(goodDraft(rp, cert).sign(t), "urn:ietf:params:oauth:client-assertion-type:saml2-bearer")
		assert.Equal(t, []any{9002313.0}, answer["error_codes"])
	})
	t.Run("RS256 where allowed", func(t *testing.T) {
		rp.authenticateBy(clientauth.NewCertificates(cert).AllowRS256())
		d := goodDraft(rp, cert)
		d.header["alg"] = "RS256"
		assert.NotEmpty(t, rp.present(d.sign(t), jwtBearer)["id_token"])
	})
	t.Run("SHA-1 thumbprint, and no nbf", func(t *testing.T) {
		sum := sha1.Sum(cert.Raw)
		old := func() string {
			d := goodDraft(rp, cert)
			delete(d.header, "x5t#S256")
			delete(d.claims, "nbf")
			d.claims["exp"] = float64(time.Now().UnixMilli())/1000 + 599
			d.header["alg"], d.header["x5t"] = "RS256", base64.URLEncoding.EncodeToString(sum[:])
			return d.sign(t)
		}
		assert.NotEmpty(t, rp.present(old(), jwtBearer)["id_token"])
		long := goodDraft(rp, cert)
		delete(long.claims, "nbf")
		long.claims["exp"] = time.Now().Add(11 * time.Minute).Unix()
		assert.Equal(t, []any{700024.0}, rp.present(long.sign(t), jwtBearer)["error_codes"])
		rp.authenticateBy(clientauth.NewCertificates(cert))
		assert.Equal(t, []any{700027.0}, rp.present(old(), jwtBearer)["error_codes"])
	})
}

// anotherCertificate returns an unregistered certificate.
func anotherCertificate(t *testing.T) *x509.Certificate {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	return server.Certificate()
}

func TestFederatedTokensAreVerified(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	cluster, err := identitytest.NewTokenIssuer("https://cluster.example", rsakeys.Key(0), nil)
	require.NoError(t, err)
	impostor, err := identitytest.NewTokenIssuer("https://cluster.example", nil, nil)
	require.NoError(t, err)
	stranger, err := identitytest.NewTokenIssuer("https://stranger.example", rsakeys.Key(0), nil)
	require.NoError(t, err)
	const subject, audience = "system:serviceaccount:a:b", "api://AzureADTokenExchange"
	rp.authenticateBy(clientauth.NewFederated(cluster.Issuer(), subject, audience, cluster.Key()))
	for name, c := range map[string]struct {
		issuer            *identitytest.TokenIssuer
		subject, audience string
		life              time.Duration
		number            float64
		code              string
	}{
		"right":             {cluster, subject, audience, time.Hour, 0, ""},
		"of a day":          {cluster, subject, audience, 24 * time.Hour, 0, ""},
		"another subject":   {cluster, "System:serviceaccount:a:b", audience, time.Hour, 70021, "invalid_request"},
		"another audience":  {cluster, subject, "https://kubernetes.default.svc", time.Hour, 70021, "invalid_request"},
		"another issuer":    {stranger, subject, audience, time.Hour, 70021, "invalid_request"},
		"another's key":     {impostor, subject, audience, time.Hour, 700027, "invalid_client"},
		"expired some time": {cluster, subject, audience, -time.Minute, 700024, "invalid_client"},
	} {
		t.Run(name, func(t *testing.T) {
			token, err := c.issuer.Token(c.subject, c.audience, c.life)
			require.NoError(t, err)
			answer := rp.present(token, jwtBearer)
			if c.number == 0 {
				require.NotEmpty(t, answer["id_token"], answer)
				return
			}
			assert.Equal(t, []any{c.number}, answer["error_codes"])
			assert.Equal(t, c.code, answer["error"])
		})
	}
}

func TestIdentityEndpoint(t *testing.T) {
	tokens, err := identitytest.NewTokenIssuer("https://idp.example/v2.0", rsakeys.Key(0), nil)
	require.NoError(t, err)
	host := httptest.NewServer(&identitytest.IdentityEndpoint{Tokens: tokens, ClientID: "an-identity", PrincipalID: "a-principal", Header: "the-header"})
	defer host.Close()
	vm := url.Values{"resource": {"api://x"}, "client_id": {"an-identity"}, "api-version": {"2018-02-01"}}
	app := maps.Clone(vm)
	app["api-version"] = []string{"2019-08-01"}
	stranger := maps.Clone(vm)
	stranger["client_id"] = []string{"another"}
	for name, c := range map[string]struct {
		path   string
		query  url.Values
		header [2]string
		status int
	}{
		"virtual machine":      {identitytest.PathInstanceMetadata, vm, [2]string{"Metadata", "true"}, 200},
		"without its header":   {identitytest.PathInstanceMetadata, vm, [2]string{}, 400},
		"unknown identity":     {identitytest.PathInstanceMetadata, stranger, [2]string{"Metadata", "true"}, 400},
		"App Service":          {identitytest.PathAppService, app, [2]string{"X-IDENTITY-HEADER", "the-header"}, 200},
		"App Service, guessed": {identitytest.PathAppService, app, [2]string{"X-IDENTITY-HEADER", "a-header"}, 400},
		"elsewhere":            {"/", vm, [2]string{"Metadata", "true"}, 404},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, host.URL+c.path+"?"+c.query.Encode(), nil)
			require.NoError(t, err)
			if c.header[0] != "" {
				request.Header.Set(c.header[0], c.header[1])
			}
			response, err := http.DefaultTransport.RoundTrip(request)
			require.NoError(t, err)
			defer func() { _ = response.Body.Close() }()
			assert.Equal(t, c.status, response.StatusCode)
			var answer map[string]string
			require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
			assert.Equal(t, c.status == 200, answer["access_token"] != "")
		})
	}
}
