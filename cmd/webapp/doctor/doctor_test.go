package doctor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/cmd/webapp/config"
	"webapp/cmd/webapp/doctor"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/session/postgres"
	"webapp/internal/adapters/session/sqlite"
	"webapp/internal/ports"
)

var update = flag.Bool("update", false, "write the golden files anew")

// wrongSecret and storePassword must not appear in any output.
const (
	wrongSecret   = "Wr0ng~Secret"
	storePassword = "St0re~Password"
)

// outcomes maps the checks that a fault changes to their new results.
type outcomes map[string]doctor.Status

// cases lists the faults that the doctor finds. Each has a golden file.
var cases = []struct {
	name  string
	fault func(w *world)
	want  outcomes
}{
	{"ok", func(*world) {}, nil},

	{"configuration", func(w *world) {
		w.cfg.Problems = []config.Problem{
			{Name: "AUTHORITY and OIDC_AUTHORITY", Wrong: "are both missing", Remedy: "Set one."},
			{Name: "SESSION_STORE", Wrong: "names no file", Remedy: "Name one."},
		}
		w.cfg.Entra.Authority = ""
	}, outcomes{"configuration": doctor.Failed, "authority-name": doctor.Skipped, "session-store": doctor.Skipped}},
	{"configuration-credential", func(w *world) {
		w.cfg.Problems = []config.Problem{{Name: "CLIENT_SECRET", Wrong: "is missing", Remedy: "Make one."}}
		w.cfg.Entra.Credential.Secret = ""
	}, outcomes{"configuration": doctor.Failed, "credential": doctor.Skipped}},
	{"configuration-dotenv", func(w *world) {
		w.cfg.Problems = []config.Problem{{Name: config.DotEnv, Wrong: "cannot be read", Remedy: "Mend it."}}
	}, outcomes{"configuration": doctor.Failed, "authority-name": doctor.Skipped, "redirect-uri": doctor.Skipped, "session-store": doctor.Skipped, "api": doctor.Skipped}},

	{"authority-unknown-host", func(w *world) { w.host("idp.invalid") }, outcomes{"authority-name": doctor.Failed}},
	{"authority-silent-name-server", func(w *world) { w.host("silent.example") }, outcomes{"authority-name": doctor.Failed}},
	{"authority-refuses-connections", func(w *world) { w.routes[idpHost+":443"] = closedAddress }, outcomes{"authority-connection": doctor.Failed}},
	{"authority-times-out", func(w *world) { w.routes[idpHost+":443"] = nobody }, outcomes{"authority-connection": doctor.Failed}},
	{"authority-breaks-off", func(w *world) { w.idp.Down() }, outcomes{"authority-connection": doctor.Failed}},
	{"authority-unknown-ca", func(w *world) { w.certificate = newAuthority(w.t).issue(w.t, idpHost, -day, day*90) }, outcomes{"authority-connection": doctor.Failed}},
	{"authority-other-name", func(w *world) { w.certificate = w.ca.issue(w.t, "www.example", -day, day*90) }, outcomes{"authority-connection": doctor.Failed}},
	{"authority-certificate-expired", func(w *world) { w.certificate = w.ca.issue(w.t, idpHost, -90*day, -day) }, outcomes{"authority-connection": doctor.Failed}},
	{"authority-certificate-ends-soon", func(w *world) { w.certificate = w.ca.issue(w.t, idpHost, -day, 8*day+time.Hour) }, outcomes{"authority-connection": doctor.Warning}},
	{"authority-without-tls", func(w *world) {
		plain := httptest.NewServer(http.NotFoundHandler())
		w.t.Cleanup(plain.Close)
		w.routes[idpHost+":443"] = plain.Listener.Addr().String()
	}, outcomes{"authority-connection": doctor.Failed}},

	{"authority-behind-dead-proxy", func(w *world) {
		w.proxy = &url.URL{Scheme: "http", Host: "proxy.example:3128", User: url.UserPassword("me", storePassword)}
		w.routes["proxy.example:3128"] = closedAddress
	}, outcomes{"authority-connection": doctor.Failed}},
	{"authority-behind-unknown-proxy", func(w *world) {
		w.proxy = &url.URL{Scheme: "http", Host: "proxy.invalid:3128"}
	}, outcomes{"authority-name": doctor.Failed}},

	{"clock-fast", func(w *world) { w.clock.Advance(10 * time.Minute) }, outcomes{"clock": doctor.Failed}},
	{"clock-slow", func(w *world) { w.clock.Advance(-2 * time.Minute) }, outcomes{"clock": doctor.Warning}},
	{"clock-cached-answer", func(w *world) {
		w.clock.Advance(10 * time.Minute)
		w.front(func(h http.Header) { h.Set("Age", "600") })
	}, nil},
	{"clock-unknown", func(w *world) { w.front(func(h http.Header) { h["Date"] = nil }) }, outcomes{"clock": doctor.Skipped}},

	{"user-flows", func(w *world) { w.b2c(func(http.ResponseWriter, *http.Request) bool { return false }) }, nil},
	{"user-flow-404", func(w *world) {
		w.b2c(func(rw http.ResponseWriter, _ *http.Request) bool { rw.WriteHeader(http.StatusNotFound); return true })
	}, outcomes{"user-flows": doctor.Failed}},
	{"user-flow-without-keys", func(w *world) {
		w.b2c(func(rw http.ResponseWriter, r *http.Request) bool {
			keys := strings.HasSuffix(r.URL.Path, "/keys")
			if keys {
				_, _ = io.WriteString(rw, `{"keys":[]}`)
			}
			return keys
		})
	}, outcomes{"user-flows": doctor.Failed}},
	{"user-flow-of-another-tenant", func(w *world) {
		w.b2c(func(http.ResponseWriter, *http.Request) bool { return false })
		w.idp.MutateMetadata(func(segment string, document map[string]any) {
			if strings.HasSuffix(segment, "profileediting1") {
				document["issuer"] = "https://" + idpHost + "/" + fakeidp.FabrikamTenantID + "/v2.0/"
			}
		})
	}, outcomes{"user-flows": doctor.Failed}},
	{"metadata-404", func(w *world) { w.idp.Fail(fakeidp.EndpointMetadata, fakeidp.Fault{Status: 404}) }, outcomes{"metadata": doctor.Failed}},
	{"metadata-503", func(w *world) { w.idp.Fail(fakeidp.EndpointMetadata, fakeidp.Fault{Status: 503}) }, outcomes{"metadata": doctor.Failed}},
	{"metadata-unknown-tenant", func(w *world) {
		w.cfg.Entra.Authority = "https://" + idpHost + "/99999999-8888-7777-6666-555555555555"
	}, outcomes{"metadata": doctor.Failed}},
	{"metadata-not-json", func(w *world) {
		w.idp.Fail(fakeidp.EndpointMetadata, fakeidp.Fault{Body: "<html>Sign in to the network</html>"})
	}, outcomes{"metadata": doctor.Failed}},
	{"metadata-other-issuer", func(w *world) { w.metadata("issuer", "https://evil.example/\x1b[2Jv2.0") }, outcomes{"metadata": doctor.Failed}},
	{"metadata-other-issuer-oidc", func(w *world) {
		w.anotherProvider()
		w.metadata("issuer", "https://idp.example/other")
	}, outcomes{"metadata": doctor.Failed}},
	{"metadata-endpoint-without-tls", func(w *world) { w.metadata("token_endpoint", "http://idp.example/token") }, outcomes{"metadata": doctor.Failed}},
	{"metadata-other-algorithm", func(w *world) { w.cfg.Entra.SigningAlgorithm = "ES256" }, outcomes{"metadata": doctor.Failed}},
	{"metadata-null-members", func(w *world) {
		w.nullMetadata("end_session_endpoint", "userinfo_endpoint", "prompt_values_supported", "authorization_response_iss_parameter_supported")
	}, nil},
	{"metadata-null-issuer", func(w *world) { w.nullMetadata("issuer") }, outcomes{"metadata": doctor.Failed}},
	{"metadata-null-endpoint", func(w *world) { w.nullMetadata("jwks_uri") }, outcomes{"metadata": doctor.Failed}},
	{"metadata-ed25519", func(w *world) {
		w.cfg.Entra.SigningAlgorithm = "EdDSA"
		w.metadata("id_token_signing_alg_values_supported", []string{"Ed25519"})
		w.idp.MutateKeys(func(_ string, d map[string]any) {
			d["keys"] = []any{map[string]any{ // RFC 8037, A.2
				"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "alg": "Ed25519", "use": nil, "key_ops": nil,
			}}
		})
	}, nil},
	{"pushed-offered", func(w *world) { w.pushing(fakeidp.Config{PushedRequests: true}) }, nil},
	{"pushed-required", func(w *world) { w.pushing(fakeidp.Config{RequirePushedRequests: true}) }, nil},
	{"pushed-off", func(w *world) {
		w.pushing(fakeidp.Config{PushedRequests: true})
		w.cfg.Entra.PushedRequestsOff, w.app.pushed = true, false
	}, nil},
	{"pushed-required-off", func(w *world) {
		w.pushing(fakeidp.Config{RequirePushedRequests: true})
		w.cfg.Entra.PushedRequestsOff = true
	}, outcomes{"metadata": doctor.Failed}},
	{"pushed-without-tls", func(w *world) {
		w.pushing(fakeidp.Config{PushedRequests: true})
		w.metadata("pushed_authorization_request_endpoint", "http://idp.example/par")
	}, outcomes{"metadata": doctor.Failed}},
	{"pushed-required-nowhere", func(w *world) {
		w.metadata("require_pushed_authorization_requests", true)
	}, outcomes{"metadata": doctor.Failed}},
	{"pushed-refused", func(w *world) {
		w.pushing(fakeidp.Config{PushedRequests: true})
		w.idp.Fail(fakeidp.EndpointPushed, fakeidp.Fault{Error: &fakeidp.Error{Number: 50011}})
	}, outcomes{"credential": doctor.Failed}},
	{"pushed-not-there", func(w *world) {
		w.pushing(fakeidp.Config{PushedRequests: true})
		w.idp.Fail(fakeidp.EndpointPushed, fakeidp.Fault{Status: 404})
	}, outcomes{"credential": doctor.Failed}},
	{"revocation-offered", func(w *world) { w.metadata("revocation_endpoint", "https://idp.example/revoke") }, nil},
	{"revocation-off", func(w *world) {
		w.metadata("revocation_endpoint", "https://idp.example/revoke")
		w.cfg.Entra.RevocationOff = true
	}, nil},
	{"revocation-off-without-tls", func(w *world) {
		w.metadata("revocation_endpoint", "http://idp.example/revoke")
		w.cfg.Entra.RevocationOff = true
	}, nil},
	{"revocation-without-tls", func(w *world) {
		w.metadata("revocation_endpoint", "http://idp.example/revoke")
	}, outcomes{"metadata": doctor.Warning}},
	{"metadata-without-sign-out", func(w *world) { w.metadata("end_session_endpoint", nil) }, nil},

	{"keys-none", func(w *world) { w.idp.MutateKeys(func(_ string, d map[string]any) { d["keys"] = []any{} }) }, outcomes{"keys": doctor.Failed}},
	{"keys-of-other-issuers", func(w *world) { w.keyIssuer("https://idp.example/99999999-8888-7777-6666-555555555555/v2.0") }, outcomes{"keys": doctor.Failed}},
	{"keys-without-issuer", func(w *world) {
		w.commonAuthority(fakeidp.ContosoTenantID)
		w.keyIssuer(nil)
	}, outcomes{"keys": doctor.Failed}},
	{"keys-500", func(w *world) { w.idp.Fail(fakeidp.EndpointKeys, fakeidp.Fault{Status: 500}) }, outcomes{"keys": doctor.Failed}},

	{"credential-common", func(w *world) { w.commonAuthority(fakeidp.ContosoTenantID) }, nil},
	{"credential-common-any-tenant", func(w *world) { w.commonAuthority("*") }, outcomes{"credential": doctor.Warning}},
	{"credential-wrong-secret", func(w *world) { w.cfg.Entra.Credential.Secret = wrongSecret }, outcomes{"credential": doctor.Failed}},
	{"credential-expired-secret", func(w *world) {
		client := fakeidp.DefaultClient()
		client.Secrets, client.ExpiredSecrets = []string{"another"}, client.Secrets
		w.idp.AddClient(client)
	}, outcomes{"credential": doctor.Failed}},
	{"credential-missing", func(w *world) { w.tokenError(7000218) }, outcomes{"credential": doctor.Failed}},
	{"credential-public-client", func(w *world) { w.tokenError(700025) }, outcomes{"credential": doctor.Failed}},
	{"credential-not-in-tenant", func(w *world) {
		w.cfg.Entra.ClientID, w.app.clientID = "99999999-8888-7777-6666-555555555555", "99999999-8888-7777-6666-555555555555"
	}, outcomes{"credential": doctor.Failed}},
	{"credential-unknown-tenant", func(w *world) { w.tokenError(90002) }, outcomes{"credential": doctor.Failed}},
	{"credential-certificate", func(w *world) { w.useCertificate(true, 100*day) }, nil},
	{"credential-certificate-unknown", func(w *world) { w.useCertificate(false, 100*day) }, outcomes{"credential": doctor.Failed}},
	{"credential-certificate-expired", func(w *world) { w.useCertificate(true, -time.Hour) }, outcomes{"credential": doctor.Failed}},
	{"credential-certificate-ends-soon", func(w *world) { w.useCertificate(true, 20*day+time.Hour) }, outcomes{"credential": doctor.Warning}},
	{"credential-assertion-out-of-time", func(w *world) { w.tokenError(700024) }, outcomes{"credential": doctor.Failed}},
	{"credential-federation", func(w *world) { w.tokenError(700213) }, outcomes{"credential": doctor.Failed}},
	{"credential-secret-has-ended", func(w *world) { w.cfg.Entra.Credential.SecretExpires = noon.Add(-day) }, outcomes{"credential": doctor.Warning}},
	{"credential-without-role", func(w *world) { w.tokenError(501051) }, nil},
	{"credential-without-right", func(w *world) {
		w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Error: &fakeidp.Error{Code: "unauthorized_client"}})
	}, nil},
	{"credential-odd-answer", func(w *world) { w.tokenError(28003) }, outcomes{"credential": doctor.Warning}},
	{"credential-no-json", func(w *world) { w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Body: "<html>"}) }, outcomes{"credential": doctor.Warning}},
	{"credential-throttled", func(w *world) { w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Status: 429}) }, outcomes{"credential": doctor.Failed}},
	{"credential-connection-breaks", func(w *world) { w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Cut: true}) }, outcomes{"credential": doctor.Failed}},
	{"credential-oidc", func(w *world) { w.anotherProvider() }, nil},
	{"credential-oidc-wrong-secret", func(w *world) {
		w.anotherProvider()
		w.cfg.Entra.Credential.Secret = wrongSecret
		w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Status: 401, Body: `{"error":"invalid_client"}`})
	}, outcomes{"credential": doctor.Failed}},
	{"credential-oidc-unclear", func(w *world) {
		w.anotherProvider()
		w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Status: 400, Body: `{"error":"unauthorized_client"}`})
	}, outcomes{"credential": doctor.Warning}},
	{"credential-oidc-takes-no-certificate", func(w *world) {
		w.anotherProvider()
		w.useCertificate(true, 100*day)
		w.metadata("token_endpoint_auth_methods_supported", []string{"client_secret_post"})
	}, outcomes{"credential": doctor.Failed}},

	{"redirect-localhost", func(w *world) { w.redirectURI("http://localhost:3000/getAToken") }, outcomes{"public-url": doctor.Skipped}},
	{"redirect-other-port", func(w *world) { w.redirectURI("http://localhost:5000/getAToken") }, outcomes{"redirect-uri": doctor.Warning, "public-url": doctor.Skipped}},
	{"redirect-numeric-host", func(w *world) { w.redirectURI("http://127.0.0.1:3000/getAToken") }, outcomes{"redirect-uri": doctor.Warning, "public-url": doctor.Skipped}},
	{"redirect-malformed", func(w *world) {
		w.cfg.Problems = []config.Problem{{Name: "REDIRECT_URI", Wrong: "must use https", Remedy: "Use it."}}
		w.redirectURI("http://app.example.com/getAToken")
	}, outcomes{"configuration": doctor.Failed, "redirect-uri": doctor.Skipped, "credential": doctor.Skipped, "public-url": doctor.Skipped}},

	{"store-unreachable", func(w *world) {
		address := closedAddress
		w.cfg.OpenStore = func(ctx context.Context) (doctor.Store, error) {
			return postgres.Open(ctx, "postgres://me:"+storePassword+"@"+address+"/app", time.Now)
		}
	}, outcomes{"session-store": doctor.Failed}},
	{"store-in-file-unreachable", func(w *world) {
		w.cfg.StoreVariable, w.cfg.KeysInFile = "SESSION_STORE_FILE", 2
		address := closedAddress
		w.cfg.OpenStore = func(ctx context.Context) (doctor.Store, error) {
			return postgres.Open(ctx, "postgres://me:"+storePassword+"@"+address+"/app", time.Now)
		}
	}, outcomes{"session-store": doctor.Failed}},
	{"store-unwritable-file", func(w *world) {
		path := filepath.Join(w.t.TempDir(), "missing", "sessions.db")
		w.cfg.StoreScheme, w.cfg.OpenStore = "sqlite", func(ctx context.Context) (doctor.Store, error) { return sqlite.Open(ctx, path, time.Now) }
	}, outcomes{"session-store": doctor.Failed}},
	{"store-in-memory", func(w *world) { w.cfg.StoreScheme = "memory" }, outcomes{"session-store": doctor.Warning}},
	{"store-slow", func(w *world) { w.store(func(s *oddStore) { s.takes = 80 * time.Millisecond }) }, outcomes{"session-store": doctor.Warning}},
	{"store-loses-records", func(w *world) { w.store(func(s *oddStore) { s.find = ports.ErrNoRecord }) }, outcomes{"session-store": doctor.Failed}},
	{"store-overwrites", func(w *world) { w.store(func(s *oddStore) { s.anyVersion = true }) }, outcomes{"session-store": doctor.Failed}},
	{"store-keeps-deleted", func(w *world) { w.store(func(s *oddStore) { s.keeps = true }) }, outcomes{"session-store": doctor.Failed}},
	{"store-without-index", func(w *world) { w.store(func(s *oddStore) { s.noIndex = true }) }, outcomes{"session-store": doctor.Failed}},
	{"store-fails", func(w *world) { w.store(func(s *oddStore) { s.find = errors.New("odd") }) }, outcomes{"session-store": doctor.Failed}},

	{"app-other-origin", func(w *world) { w.redirectURI("https://www.example.com/getAToken") }, outcomes{"public-url": doctor.Failed}},
	{"app-unknown-host", func(w *world) {
		w.cfg.PublicURL.Host = "app.invalid"
		w.redirectURI("https://app.invalid/getAToken")
	}, outcomes{"public-url": doctor.Failed}},
	{"app-below-a-base-path", func(w *world) {
		w.cfg.BasePath = "/_signin"
		w.serve[appHost+":443"] = http.StripPrefix("/_signin", w.app)
	}, nil},
	{"app-not-below-its-base-path", func(w *world) { w.cfg.BasePath = "/_signin" }, outcomes{"public-url": doctor.Failed}},
	{"app-down", func(w *world) { w.app.before = refuse(http.StatusBadGateway, "") }, outcomes{"public-url": doctor.Failed}},
	{"app-redirected", func(w *world) {
		w.app.before = refuse(http.StatusFound, "/healthz", "Location", "https://elsewhere.example/")
	}, outcomes{"public-url": doctor.Failed}},
	{"app-something-else", func(w *world) { w.app.before = refuse(http.StatusNotFound, "") }, outcomes{"public-url": doctor.Failed}},
	{"app-refuses-connections", func(w *world) { w.routes[appHost+":443"] = closedAddress }, outcomes{"public-url": doctor.Failed}},
	{"app-provider-down", func(w *world) { w.app.before = refuse(http.StatusServiceUnavailable, "/login") }, outcomes{"sign-in": doctor.Failed}},
	{"app-login-answered-by-proxy", func(w *world) { w.app.before = refuse(http.StatusOK, "/login") }, outcomes{"sign-in": doctor.Failed}},
	{"app-other-redirect-uri", func(w *world) { w.app.redirectURI = "http://localhost:3000/getAToken" }, outcomes{"sign-in": doctor.Failed}},
	{"app-client-in-capitals", func(w *world) { w.app.clientID = strings.ToUpper(fakeidp.DefaultClientID) }, nil},
	{"app-other-client", func(w *world) { w.app.clientID = "another" }, outcomes{"sign-in": doctor.Failed}},
	{"app-other-provider", func(w *world) { w.app.authorize = "/common/oauth2/v2.0/authorize" }, outcomes{"sign-in": doctor.Failed}},
	{"proxy-drops-cookies", func(w *world) { w.app.alter = without("Set-Cookie") }, outcomes{"cookies": doctor.Failed}},
	{"proxy-rewrites-cookies", func(w *world) {
		w.app.alter = cookie("__Host-", "", "; Path=/", "; Path=/app; Domain=example.com", "; Secure", "", "; HttpOnly", "", "; SameSite=Lax", "")
	}, outcomes{"cookies": doctor.Failed}},
	{"proxy-grows-cookies", func(w *world) { w.app.alter = cookie(loginCookie, strings.Repeat("x", 5000)) }, outcomes{"cookies": doctor.Failed}},
	{"proxy-refuses-long-callbacks", func(w *world) {
		w.limit(http.StatusRequestURITooLong, func(r *http.Request) int { return len(r.RequestURI) })
	}, outcomes{"sizes": doctor.Failed}},
	{"proxy-refuses-long-cookies", func(w *world) {
		w.limit(http.StatusRequestHeaderFieldsTooLarge, func(r *http.Request) int { return len(r.Header.Get("Cookie")) })
	}, outcomes{"sizes": doctor.Failed}},
	{"proxy-loses-headers", func(w *world) {
		w.app.alter = without("Content-Security-Policy", "X-Request-Id", "Strict-Transport-Security")
	}, outcomes{"headers": doctor.Warning}},
	{"proxy-caches", func(w *world) { w.app.alter = with("Age", "12") }, outcomes{"headers": doctor.Failed}},
	{"proxy-allows-caching", func(w *world) { w.app.alter = with("Cache-Control", "max-age=60") }, outcomes{"headers": doctor.Failed}},
	{"proxy-serves-plain-http", func(w *world) { w.serve[appHost+":80"] = http.HandlerFunc(w.app.ServeHTTP) }, outcomes{"plain-http": doctor.Warning}},
	{"proxy-without-plain-http", func(w *world) { w.routes[appHost+":80"] = closedAddress }, nil},
	{"app-not-asked-for", func(w *world) { w.cfg.PublicURL = nil }, outcomes{"public-url": doctor.Skipped}},

	{"api-none", func(w *world) { w.cfg.Endpoint = "" }, outcomes{"api": doctor.Skipped}},
	{"api-unknown-host", func(w *world) { w.cfg.Endpoint = "https://api.invalid/me" }, outcomes{"api": doctor.Failed}},
	{"api-refuses-connections", func(w *world) { w.routes[apiHost+":443"] = closedAddress }, outcomes{"api": doctor.Failed}},
	{"api-503", func(w *world) {
		w.serve[apiHost+":443"] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })
	}, outcomes{"api": doctor.Warning}},
}

func TestFindings(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c.fault(w)
			text, report := w.examine()
			w.assertNothingSecret(text, report)
			golden(t, c.name, text)
			assertOutcomes(t, report, c.want)
		})
	}
}

func TestRefusedConnectionOnWindows(t *testing.T) {
	w := newWorld(t)
	w.routes[apiHost+":443"], w.routes[appHost+":80"] = refusedOnWindows, refusedOnWindows
	text, report := w.examine()
	assert.Contains(t, text, apiHost+":443 refuses connections.")
	assertOutcomes(t, report, outcomes{"api": doctor.Failed}) // plain-http is well
}

// assertOutcomes asserts that every check is ok, except for the checks in want and
// the checks that depend on them.
func assertOutcomes(t *testing.T, report doctor.Report, want outcomes) {
	t.Helper()
	found := outcomes{}
	failed := false
	for _, c := range report.Checks {
		depends := c.Status == doctor.Skipped && want[c.Name] == ""
		if c.Status != doctor.OK && !depends {
			found[c.Name] = c.Status
		}
		if depends {
			assert.NotEmpty(t, want, "%s is skipped without a cause", c.Name)
		}
		failed = failed || c.Status == doctor.Failed
		if c.Status == doctor.Failed || c.Status == doctor.Warning {
			assert.NotEmpty(t, c.Detail, c.Name)
			assert.NotEmpty(t, c.Remedy, c.Name)
		}
	}
	if want == nil {
		want = outcomes{}
	}
	assert.Equal(t, want, found)
	assert.Equal(t, !failed, report.OK)
}

// examine runs the doctor and returns what it prints.
func (w *world) examine() (string, doctor.Report) {
	w.t.Helper()
	w.cfg.Transport = w.start()
	var out bytes.Buffer
	report := doctor.Run(w.t.Context(), w.cfg, func(c doctor.Check) { require.NoError(w.t, doctor.WriteCheck(&out, c)) })
	require.NoError(w.t, report.WriteConclusion(&out))
	return out.String(), report
}

func (w *world) assertNothingSecret(text string, report doctor.Report) {
	w.t.Helper()
	var asJSON bytes.Buffer
	require.NoError(w.t, report.WriteJSON(&asJSON))
	var back doctor.Report
	require.NoError(w.t, json.Unmarshal(asJSON.Bytes(), &back))
	assert.Equal(w.t, report, back)
	for _, secret := range []string{
		fakeidp.DefaultClientSecret, wrongSecret, storePassword, loginState, loginCookie, "eyJ", "PRIVATE KEY", "\x1b",
	} {
		assert.NotContains(w.t, text, secret)
		assert.NotContains(w.t, asJSON.String(), secret)
	}
}

// golden compares text with the golden file. It replaces ports, IDs and times, which
// differ from run to run.
func golden(t *testing.T, name, text string) {
	t.Helper()
	text = filepath.ToSlash(text)
	for pattern, instead := range map[string]string{
		`127\.0\.0\.1:\d+`: "127.0.0.1:PORT",
		`correlation ID [0-9a-f-]{36}, time [0-9 :-]{19}Z`:                  "correlation ID GUID, time TIME",
		regexp.QuoteMeta(filepath.ToSlash(os.TempDir())) + `/[^ ]*/missing`: "DIRECTORY/missing",
	} {
		text = regexp.MustCompile(pattern).ReplaceAllString(text, instead)
	}
	path := filepath.Join("testdata", name+".golden")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update to write it")
	assert.Equal(t, string(want), text)
}

// The golden file of a removed case must be removed too.
func TestEveryGoldenFileIsUsed(t *testing.T) {
	known := map[string]bool{}
	for _, c := range cases {
		assert.False(t, known[c.name], "%s is there twice", c.name)
		known[c.name] = true
	}
	files, err := filepath.Glob(filepath.Join("testdata", "*.golden"))
	require.NoError(t, err)
	for _, file := range files {
		assert.True(t, known[strings.TrimSuffix(filepath.Base(file), ".golden")], file)
	}
}

// Names below .invalid never exist (RFC 6761). DNS servers say so in different ways.
func TestTheSystemsResolver(t *testing.T) {
	w := newWorld(t)
	w.cfg.LookupHost = nil
	w.host("idp.invalid")
	w.cfg.PublicURL, w.cfg.Endpoint = nil, ""
	_, report := w.examine()
	assert.Equal(t, doctor.Failed, report.Checks[1].Status)
	assert.Contains(t, report.Checks[1].Summary, "idp.invalid")
}

// After the context ends, Run returns at once, with a result for every check.
func TestTheEndOfPatience(t *testing.T) {
	w := newWorld(t)
	w.idp.Fail(fakeidp.EndpointMetadata, fakeidp.Fault{Hang: true})
	w.cfg.Transport = w.start()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	report := doctor.Run(ctx, w.cfg, func(doctor.Check) {})
	w.idp.Heal()
	assert.Less(t, time.Since(began), 10*time.Second)
	assert.False(t, report.OK)
	assert.Len(t, report.Checks, 16)
}

// The doctor deletes its record from the store.
func TestNothingIsLeftInTheStore(t *testing.T) {
	w := newWorld(t)
	var kept *oddStore
	w.store(func(s *oddStore) { kept = s })
	w.examine()
	assert.Zero(t, kept.Len())
}
