package entra_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"software.sslmate.com/src/go-pkcs12"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/fakeidp/clientauth"
	"webapp/internal/ports"
	"webapp/internal/test/identitytest"
	"webapp/internal/test/rsakeys"
)

const (
	clusterIssuer  = "https://oidc.cluster.example/7c1e"
	clusterSubject = "system:serviceaccount:shop:webapp"
	exchange       = "api://AzureADTokenExchange"
	password       = "Pa55-of-the-tests"
)

// credentialWorld returns a world whose application authenticates with auth. If auth
// is nil, it uses the default secret.
func credentialWorld(t testing.TB, auth fakeidp.Authenticator, change func(*fakeidp.Config, *entra.Config)) world {
	t.Helper()
	return newWorld(t, fakeidp.ContosoTenantID, func(f *fakeidp.Config, e *entra.Config) {
		e.Credential.Secret = ""
		if auth != nil {
			f.Clients = []fakeidp.Client{clientWith(auth)}
		}
		change(f, e)
	})
}

func clientWith(auth fakeidp.Authenticator) fakeidp.Client {
	client := fakeidp.DefaultClient()
	client.Secrets, client.Authenticator = nil, auth
	return client
}

func certificateFile(path string) func(*fakeidp.Config, *entra.Config) {
	return func(_ *fakeidp.Config, e *entra.Config) {
		e.Credential.CertificateFile, e.Credential.CertificatePassword = path, password
	}
}

func tokenIssuer(t testing.TB, i int) *identitytest.TokenIssuer {
	t.Helper()
	issuer, err := identitytest.NewTokenIssuer(clusterIssuer, rsakeys.Key(i), newClock().Now)
	require.NoError(t, err)
	return issuer
}

func clusterToken(t testing.TB, issuer *identitytest.TokenIssuer, audience string, life time.Duration) []byte {
	t.Helper()
	token, err := issuer.Token(clusterSubject, audience, life)
	require.NoError(t, err)
	return []byte(token)
}

// TestEachCredentialSignsIn signs in and refreshes with each kind of credential.
func TestEachCredentialSignsIn(t *testing.T) {
	cert := goodPair(t, 0)
	pfx := func(encoder *pkcs12.Encoder, password string) []byte {
		data, err := encoder.Encode(cert.key, cert.cert, nil, password)
		require.NoError(t, err)
		return data
	}
	certificates := func() fakeidp.Authenticator { return clientauth.NewCertificates(cert.cert) }
	cluster := tokenIssuer(t, 1)
	secretFile := func(end string) func(*fakeidp.Config, *entra.Config) {
		return func(_ *fakeidp.Config, e *entra.Config) {
			e.Credential.SecretFile = tempFile(t, []byte(fakeidp.DefaultClientSecret+end))
		}
	}
	for name, c := range map[string]struct {
		auth   fakeidp.Authenticator
		change func(*fakeidp.Config, *entra.Config)
	}{
		"secret":                 {nil, func(_ *fakeidp.Config, e *entra.Config) { e.Credential.Secret = fakeidp.DefaultClientSecret }},
		"secret file":            {nil, secretFile("")},
		"secret file, line end":  {nil, secretFile("\n")},
		"secret file of Windows": {nil, secretFile("\r\n")},
		"PEM":                    {certificates(), certificateFile(tempFile(t, cert.pem(t)))},
		"PEM, key first":         {certificates(), certificateFile(tempFile(t, join(cert.keyPEM(t), cert.certPEM())))},
		"PEM with words between": {certificates(), certificateFile(tempFile(t, join([]byte("Bag Attributes\n"), cert.pem(t))))},
		"PFX":                    {certificates(), certificateFile(tempFile(t, pfx(pkcs12.Modern, password)))},
		"PFX of old":             {certificates(), certificateFile(tempFile(t, pfx(pkcs12.LegacyRC2, password)))},
		"PFX of Key Vault": {certificates(), func(_ *fakeidp.Config, e *entra.Config) {
			e.Credential.CertificateFile = tempFile(t, pfx(pkcs12.Modern, ""))
		}},
		"PFX without any password": {certificates(), func(_ *fakeidp.Config, e *entra.Config) {
			e.Credential.CertificateFile = tempFile(t, pfx(pkcs12.Passwordless, ""))
		}},
		"federated token": {clientauth.NewFederated(clusterIssuer, clusterSubject, exchange, cluster.Key()), func(_ *fakeidp.Config, e *entra.Config) {
			e.Credential.FederatedTokenFile = tempFile(t, clusterToken(t, cluster, exchange, time.Hour))
		}},
		"federated token of any form": {clientauth.NewFederated(clusterIssuer, clusterSubject, "aud", cluster.Key()), func(_ *fakeidp.Config, e *entra.Config) {
			e.Credential.FederatedTokenFile = tempFile(t, append(clusterToken(t, cluster, "aud", time.Hour), '\n'))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := credentialWorld(t, c.auth, c.change)
			in := w.mustSignIn(t, fakeidp.UserMember, apiScope)
			_, err := w.provider.Refresh(t.Context(), ports.RefreshRequest{
				RefreshToken: in.Tokens.RefreshToken, Scopes: []string{apiScope},
				Issuer: in.Identity.Issuer, Subject: in.Identity.Subject, Nonce: in.Tokens.Nonce,
			})
			require.NoError(t, err)
		})
	}
}

// TestCertificateAssertion checks every member of the assertion.
func TestCertificateAssertion(t *testing.T) {
	cert := goodPair(t, 0)
	w := credentialWorld(t, clientauth.NewCertificates(cert.cert), certificateFile(tempFile(t, cert.pem(t))))
	w.mustSignIn(t, fakeidp.UserMember)
	w.mustSignIn(t, fakeidp.UserMember)
	log := w.idp.Log(fakeidp.EndpointToken)
	form := log[0].Form
	assert.Equal(t, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", form.Get("client_assertion_type"))
	assert.Equal(t, fakeidp.DefaultClientID, form.Get("client_id"))
	assert.False(t, form.Has("client_secret"))
	assert.Empty(t, log[0].Header.Get("Authorization"))

	header, claims, signature := decodeAssertion(t, form.Get("client_assertion"))
	sum := sha256.Sum256(cert.cert.Raw)
	assert.Equal(t, `{"alg":"PS256","typ":"JWT","x5t#S256":"`+base64.RawURLEncoding.EncodeToString(sum[:])+`"}`, header)

	id := regexp.MustCompile(`"jti":"([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})"`).FindStringSubmatch(claims)
	require.NotNil(t, id, claims)
	now := w.clock.Now().Unix()
	assert.Equal(t, fmt.Sprintf(`{"aud":"%s/oauth2/v2.0/token","iss":"%[2]s","sub":"%[2]s","jti":"%[3]s","nbf":%[4]d,"iat":%[4]d,"exp":%[5]d}`,
		w.idp.Authority(fakeidp.ContosoTenantID), fakeidp.DefaultClientID, id[1], now, now+8*60), claims)

	signed := form.Get("client_assertion")
	digest := sha256.Sum256([]byte(signed[:strings.LastIndex(signed, ".")]))
	assert.NoError(t, rsa.VerifyPSS(cert.cert.PublicKey.(*rsa.PublicKey), crypto.SHA256, digest[:], signature, &rsa.PSSOptions{SaltLength: 32}))

	_, second, _ := decodeAssertion(t, log[1].Form.Get("client_assertion"))
	assert.NotEqual(t, claims, second, "each request has a jti of its own")
}

func decodeAssertion(t testing.TB, compact string) (header, claims string, signature []byte) {
	t.Helper()
	var parts [3][]byte
	segments := strings.Split(compact, ".")
	require.Len(t, segments, 3)
	for i, segment := range segments {
		var err error
		parts[i], err = base64.RawURLEncoding.DecodeString(segment)
		require.NoError(t, err)
	}
	return string(parts[0]), string(parts[1]), parts[2]
}

// TestChainIsSent puts the certificates into the file in the wrong order, together
// with an unrelated one.
func TestChainIsSent(t *testing.T) {
	root := certify(t, "root", rsakeys.Key(1), nil, -time.Hour, year)
	middle := certify(t, "middle", rsakeys.Key(2), &root, -time.Hour, year)
	leaf := certify(t, "leaf", rsakeys.Key(0), &middle, -time.Hour, year)
	stranger := certify(t, "stranger", ecKey(t), nil, -time.Hour, year)
	inPEM := join(root.certPEM(), stranger.certPEM(), leaf.keyPEM(t), leaf.certPEM(), middle.certPEM())
	inPFX, err := pkcs12.Modern.Encode(leaf.key, leaf.cert, []*x509.Certificate{root.cert, middle.cert}, password)
	require.NoError(t, err)
	for name, data := range map[string][]byte{"PEM": inPEM, "PFX": inPFX} {
		t.Run(name, func(t *testing.T) {
			w := credentialWorld(t, clientauth.NewCertificates(leaf.cert), certificateFile(tempFile(t, data)))
			w.mustSignIn(t, fakeidp.UserMember)
			header, _, _ := decodeAssertion(t, w.idp.Log(fakeidp.EndpointToken)[0].Form.Get("client_assertion"))
			var want []string
			for _, one := range []pair{leaf, middle, root} {
				want = append(want, `"`+base64.StdEncoding.EncodeToString(one.cert.Raw)+`"`)
			}
			assert.Contains(t, header, `,"x5c":[`+strings.Join(want, ",")+`]}`)
		})
	}
}

// TestFederatedTokenIsSentUnchanged also checks that the file is read before each use.
func TestFederatedTokenIsSentUnchanged(t *testing.T) {
	cluster := tokenIssuer(t, 1)
	first, second := clusterToken(t, cluster, exchange, time.Hour), clusterToken(t, cluster, exchange, 2*time.Hour)
	path := tempFile(t, append(first, '\n'))
	w := credentialWorld(t, clientauth.NewFederated(clusterIssuer, clusterSubject, exchange, cluster.Key()),
		func(_ *fakeidp.Config, e *entra.Config) { e.Credential.FederatedTokenFile = path })
	w.mustSignIn(t, fakeidp.UserMember)
	replace(t, path, second)
	w.mustSignIn(t, fakeidp.UserMember)
	log := w.idp.Log(fakeidp.EndpointToken)
	assert.Equal(t, string(first), log[0].Form.Get("client_assertion"))
	assert.Equal(t, string(second), log[1].Form.Get("client_assertion"))
	assert.Equal(t, fakeidp.DefaultClientID, log[0].Form.Get("client_id"))
}

func TestFederatedCredentialIsAwaited(t *testing.T) {
	cluster := tokenIssuer(t, 1)
	w := credentialWorld(t, clientauth.NewFederated(clusterIssuer, clusterSubject, exchange, cluster.Key()),
		func(_ *fakeidp.Config, e *entra.Config) {
			e.Credential.FederatedTokenFile = tempFile(t, clusterToken(t, cluster, exchange, time.Hour))
		})
	w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Times: 1, Error: &fakeidp.Error{Number: 70021}})
	w.mustSignIn(t, fakeidp.UserMember)
	assert.Equal(t, 2, w.idp.Requests(fakeidp.EndpointToken))

	w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Error: &fakeidp.Error{Number: 70021}})
	_, err := w.signIn(t, fakeidp.UserMember)
	require.ErrorIs(t, err, ports.ErrProviderRefused)
	assert.Equal(t, 4, w.idp.Requests(fakeidp.EndpointToken), "asked again once, and no more")

	w.idp.Heal()
	w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Error: &fakeidp.Error{Number: 700024}})
	_, err = w.signIn(t, fakeidp.UserMember)
	require.ErrorIs(t, err, ports.ErrProviderRefused)
	assert.Equal(t, 5, w.idp.Requests(fakeidp.EndpointToken), "anything else is not asked again")
}

// TestOtherProviders checks private_key_jwt at other providers than Entra.
func TestOtherProviders(t *testing.T) {
	cert := goodPair(t, 0)
	for name, c := range map[string]struct {
		methods, algs any
		alg           string // "": refused
		text          string
	}{
		"no algorithms listed":   {[]string{"private_key_jwt"}, nil, "PS256", ""},
		"PS256 among others":     {[]string{"private_key_jwt"}, []string{"ES256", "RS256", "PS256"}, "PS256", ""},
		"RS256 alone":            {[]string{"private_key_jwt"}, []string{"RS256"}, "RS256", ""},
		"none that the key does": {[]string{"private_key_jwt"}, []string{"ES256"}, "", "PS256"},
		"no assertions":          {[]string{"client_secret_post"}, nil, "", "private_key_jwt"},
		"nothing said":           {nil, nil, "", "private_key_jwt"},
	} {
		t.Run(name, func(t *testing.T) {
			w := credentialWorld(t, clientauth.NewCertificates(cert.cert).AllowRS256(), func(_ *fakeidp.Config, e *entra.Config) {
				e.Issuer, e.Credential.CertificateFile = "self", tempFile(t, cert.pem(t))
			})
			w.idp.MutateMetadata(func(_ string, m map[string]any) {
				m["token_endpoint_auth_methods_supported"], m["token_endpoint_auth_signing_alg_values_supported"] = c.methods, c.algs
				for name, value := range map[string]any{"token_endpoint_auth_methods_supported": c.methods, "token_endpoint_auth_signing_alg_values_supported": c.algs} {
					if value == nil {
						delete(m, name)
					}
				}
			})
			_, err := w.signIn(t, fakeidp.UserMember)
			if c.alg == "" {
				require.ErrorIs(t, err, ports.ErrProviderRefused)
				assert.ErrorContains(t, err, c.text)
				assert.Zero(t, w.idp.Requests(fakeidp.EndpointToken), "the code is not posted without a proof")
				return
			}
			require.NoError(t, err)
			header, _, _ := decodeAssertion(t, w.idp.Log(fakeidp.EndpointToken)[0].Form.Get("client_assertion"))
			assert.Contains(t, header, `{"alg":"`+c.alg+`"`)
		})
	}
}

// TestCertificateOutOfItsTime checks that an expired certificate is logged and used:
// the clock may be wrong.
func TestCertificateOutOfItsTime(t *testing.T) {
	for name, cert := range map[string]pair{
		"expired on 2026-11-22": certify(t, "old", rsakeys.Key(0), nil, -year, -24*time.Hour),
		"not valid before":      certify(t, "new", rsakeys.Key(0), nil, time.Hour, year),
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			w := credentialWorld(t, clientauth.NewCertificates(cert.cert), func(_ *fakeidp.Config, e *entra.Config) {
				e.Credential.CertificateFile, e.Logger = tempFile(t, cert.pem(t)), slog.New(slog.NewTextHandler(&log, nil))
			})
			assert.Contains(t, log.String(), "level=WARN")
			assert.Contains(t, log.String(), name)
			_, err := w.signIn(t, fakeidp.UserMember)
			var refused *ports.ProviderError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, 1000502, refused.Number)
		})
	}
}

func TestCredentialExpiry(t *testing.T) {
	cert := goodPair(t, 0)
	path := tempFile(t, cert.pem(t))
	w := credentialWorld(t, clientauth.NewCertificates(cert.cert), certificateFile(path))
	end, known := w.provider.CredentialExpiry()
	assert.True(t, known)
	assert.Equal(t, cert.cert.NotAfter, end)
	longer := certify(t, "longer", rsakeys.Key(1), nil, -time.Hour, 2*year)
	replace(t, path, longer.pem(t))
	end, _ = w.provider.CredentialExpiry()
	assert.Equal(t, longer.cert.NotAfter, end, "also where nobody signs in")

	w = contoso(t)
	_, known = w.provider.CredentialExpiry()
	assert.False(t, known)
	said := time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
	w = newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, e *entra.Config) { e.Credential.SecretExpires = said })
	end, known = w.provider.CredentialExpiry()
	assert.True(t, known)
	assert.Equal(t, said, end)
}

func TestSmallKey(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	config := goodConfig()
	config.Credential.Secret, config.Credential.CertificateFile = "", tempFile(t, certify(t, "small", small, nil, -time.Hour, year).pem(t))
	_, err = entra.New(config)
	assert.ErrorContains(t, err, "CertificateFile holds an RSA key of 1024 bits")
}
