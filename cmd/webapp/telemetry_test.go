package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/session"
	"webapp/internal/adapters/session/memory"
	"webapp/internal/ports"
	"webapp/internal/test/logtest"
)

// scrape returns the metrics.
func (w *world) scrape() string {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.app.telemetry.metrics.NewServer(w.s.Logger(w.logs)).Handler.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(w.t, http.StatusOK, rec.Code)
	return rec.Body.String()
}

// audits returns the lines of the audit log.
func (w *world) audits() []map[string]any {
	w.t.Helper()
	var events []map[string]any
	for line := range strings.Lines(w.logs.String()) {
		var object map[string]any
		require.NoError(w.t, json.Unmarshal([]byte(line), &object), "one object a line: %s", line)
		if object["msg"] == "audit" {
			events = append(events, object)
		}
	}
	return events
}

// secrets returns all secrets after a sign-in of b.
func (w *world) secrets(b *browser) []string {
	list := []string{"@", "eyJ", "contoso.example", "Megan", "Bowen", "Diego", fakeidp.DefaultClientSecret}
	for _, c := range b.cookies() {
		list = append(list, c.Value)
	}
	for _, request := range w.idp.Log(fakeidp.EndpointToken) {
		for _, name := range []string{"code", "code_verifier", "refresh_token", "client_secret"} {
			if v := request.Form.Get(name); v != "" {
				list = append(list, v)
			}
		}
	}
	return list
}

// eventful makes a sign-in, a refusal, a refresh, an outage of the store and of the
// provider, and a sign-out. It returns the browser as it was before the sign-out.
func (w *world) eventful() *browser {
	w.t.Helper()
	b := w.browser()
	b.mustSignIn(fakeidp.UserAdmin)
	refused := w.browser()
	require.Equal(w.t, http.StatusForbidden, refused.callback(refused.approve(refused.begin("/login"), fakeidp.UserRefused)).StatusCode)
	forged := w.browser().get("/getAToken?state=forged&code=adele@contoso.example")
	require.Equal(w.t, http.StatusBadRequest, forged.StatusCode)
	w.clock.Advance(58 * time.Minute) // the access token is about to end, the session is not
	require.Equal(w.t, http.StatusOK, b.get("/call_api").StatusCode)
	w.store.SetDown(true)
	require.Equal(w.t, http.StatusServiceUnavailable, b.get("/").StatusCode)
	w.store.SetDown(false)
	w.browser().do("BREW", "/nowhere/adele@contoso.example", nil)
	before := b.copy()
	require.Equal(w.t, http.StatusSeeOther, b.do(http.MethodPost, "/logout", url.Values{}).StatusCode)
	return before
}

func TestMetricsOfARunningApplication(t *testing.T) {
	w := newWorld(t, map[string]string{"METRICS_ADDR": "localhost:0", "CLIENT_SECRET_EXPIRES": "2027-01-31"})
	b := w.eventful()
	scraped := w.scrape()
	for _, want := range []string{
		`webapp_sign_ins_total{outcome="started",reason=""} 2`,
		`webapp_sign_ins_total{outcome="completed",reason=""} 1`,
		`webapp_sign_ins_total{outcome="refused",reason="sign-in declined"} 1`,
		`webapp_sessions_started_total 1`,
		`webapp_sessions_ended_total{cause="user"} 1`,
		`webapp_sessions_ended_total{cause="limit"} 0`,
		`webapp_token_refreshes_total{outcome="refreshed",reason=""} 1`,
		`webapp_provider_call_duration_seconds_count{endpoint="metadata",outcome="2xx"} 1`,
		`webapp_provider_call_duration_seconds_count{endpoint="keys",outcome="2xx"} 1`,
		`webapp_provider_call_duration_seconds_count{endpoint="token",outcome="2xx"} 2`,
		`webapp_provider_call_duration_seconds_count{endpoint="api",outcome="2xx"} 1`,
		`webapp_session_store_operation_duration_seconds_count{operation="find",outcome="unavailable"} 1`,
		`webapp_http_request_duration_seconds_count{method="GET",route="/getAToken",status="303"} 1`,
		`webapp_http_request_duration_seconds_count{method="GET",route="/getAToken",status="403"} 1`,
		`webapp_http_request_duration_seconds_count{method="GET",route="/getAToken",status="400"} 1`,
		`webapp_http_request_duration_seconds_count{method="GET",route="/",status="503"} 1`,
		`webapp_http_request_duration_seconds_count{method="POST",route="/logout",status="303"} 1`,
		`webapp_http_request_duration_seconds_count{method="other",route="none",status="404"} 1`,
		`webapp_provider_calls_refused_total 0`,
		`webapp_credential_expiry_timestamp_seconds 1.8013536e+09`,
		`webapp_build_info{`, `go_goroutines `, `process_start_time_seconds `,
	} {
		assert.True(t, strings.Contains(scraped, want), "the scrape has %s", want)
	}
	assert.False(t, strings.Contains(scraped, "webapp_sessions_live"), "a store that cannot count says nothing")
	for _, secret := range w.secrets(b) {
		assert.False(t, strings.Contains(scraped, secret), "the scrape has %s", secret)
	}
}

func TestLiveSessionsWhereTheStoreCounts(t *testing.T) {
	vars := good()
	vars["METRICS_ADDR"] = "localhost:0"
	s, err := load(lookupIn(vars), false)
	require.NoError(t, err)
	store := memory.New(time.Now)
	t.Cleanup(func() { _ = store.Close() })
	logger := s.Logger(io.Discard)
	app, err := wire(s, deps{now: time.Now, store: store, logger: logger})
	require.NoError(t, err)
	scrape := func() string {
		rec := httptest.NewRecorder()
		app.telemetry.metrics.NewServer(logger).Handler.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		return rec.Body.String()
	}
	assert.Contains(t, scrape(), "\nwebapp_sessions_live 0\n")
	for key, ends := range map[string]time.Duration{"live": time.Hour, "has run out": -time.Minute} {
		_, err = store.Create(t.Context(), ports.Record{Key: key, Indexes: []string{"person"}, Expires: time.Now().Add(ends + session.ExpiredRetention)})
		require.NoError(t, err)
	}
	assert.Contains(t, scrape(), "\nwebapp_sessions_live 1\n")
}

func TestAuditLog(t *testing.T) {
	w := newWorld(t, map[string]string{"LOG_FORMAT": "json"})
	b := w.eventful()
	var kinds []string
	for _, e := range w.audits() {
		kinds = append(kinds, e["kind"].(string))
		assert.NotEmpty(t, e["request_id"])
		assert.Equal(t, "INFO", e["level"])
		switch e["kind"] {
		case "sign-in completed", "token refreshed", "session ended":
			assert.Regexp(t, "^tid:[0-9a-f-]{36} oid:[0-9a-f-]{36}$", e["user"])
			assert.Equal(t, fakeidp.ContosoTenantID, e["tenant"])
		}
	}
	assert.Equal(t, []string{
		"sign-in started", "sign-in completed", "sign-in started", "sign-in refused", "sign-in refused", "token refreshed", "session ended",
	}, kinds)
	refused, ended := w.audits()[3], w.audits()[6]
	assert.EqualValues(t, 50105, refused["aadsts"])
	assert.NotEmpty(t, refused["correlation_id"])
	assert.NotEmpty(t, refused["reason"])
	assert.Equal(t, "user", ended["by"])
	assert.EqualValues(t, 1, ended["count"])
	w.requireNoSecretLogged(b)
}

// requireNoSecretLogged checks every line of the log.
func (w *world) requireNoSecretLogged(b *browser) {
	w.t.Helper()
	logs := w.logs.String()
	require.Contains(w.t, logs, "/nowhere", "the request with an e-mail address in its path has been logged")
	for line := range strings.Lines(logs) {
		for _, secret := range w.secrets(b) {
			assert.False(w.t, strings.Contains(line, secret), "%s in %s", secret, line)
		}
	}
}

func TestRequestIDOfATrustedProxyLeadsThroughTheLogs(t *testing.T) {
	w := newWorld(t, map[string]string{"LOG_FORMAT": "json", "TRUSTED_PROXIES": "127.0.0.0/8,::1/128"})
	r := w.browser().get("/login", "X-Request-Id", "edge-4711")
	assert.Equal(t, "edge-4711", r.Header.Get("X-Request-Id"))
	require.NotEmpty(t, w.audits())
	assert.Equal(t, "edge-4711", w.audits()[0]["request_id"])

	stranger := newWorld(t, nil).browser().get("/login", "X-Request-Id", "edge-4711")
	assert.NotEqual(t, "edge-4711", stranger.Header.Get("X-Request-Id"))
}

// The metrics listener serves only /metrics and ends with the program. LOG_LEVEL does
// not change the audit log.
func TestMetricsListener(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, stop := contextOf(t)
	logs, out, done := &logtest.Buffer{}, &logtest.Buffer{}, make(chan error, 1)
	env := map[string]string{"LISTEN_ADDR": "localhost:0", "METRICS_ADDR": "localhost:0", "LOG_FORMAT": "json"}
	go func() { done <- run(ctx, []string{"-demo"}, lookupIn(env), out, logs) }()
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "is ready") }, 10*time.Second, time.Millisecond)
	address := regexp.MustCompile(`"metrics are served","address":"([^"]+)"`).FindStringSubmatch(logs.String())
	require.Len(t, address, 2, logs.String())
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{http.MethodGet, "/metrics", 200}, {http.MethodPost, "/metrics", 405}, {http.MethodGet, "/", 404}, {http.MethodGet, "/healthz", 404}, {http.MethodGet, "/debug/pprof/", 404},
	} {
		req, err := http.NewRequest(c.method, "http://"+address[1]+c.path, nil)
		require.NoError(t, err)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		_ = res.Body.Close()
		assert.Equal(t, c.status, res.StatusCode, "%s %s", c.method, c.path)
	}
	http.DefaultClient.CloseIdleConnections()
	requireBoundedConnections(t, address[1])
	stop()
	require.NoError(t, <-done)
	_, err := net.Dial("tcp", address[1])
	assert.Error(t, err, "the listener ends with the process")
	for lines := bufio.NewScanner(strings.NewReader(logs.String())); lines.Scan(); {
		assert.True(t, json.Valid(lines.Bytes()), lines.Text())
	}
}

// requireBoundedConnections opens more connections than the metrics listener accepts.
// The oldest is closed, and a scrape works.
func requireBoundedConnections(t *testing.T, address string) {
	t.Helper()
	const most = 64
	var held []net.Conn
	for range most + 1 {
		conn, err := net.Dial("tcp", address)
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		held = append(held, conn)
	}
	require.NoError(t, held[0].SetReadDeadline(time.Now().Add(3*time.Second))) // less than a silent connection may stay
	_, err := held[0].Read(make([]byte, 1))
	require.Error(t, err)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "it is closed")
	res, err := http.Get("http://" + address + "/metrics")
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode)
	http.DefaultClient.CloseIdleConnections()
}

func TestMetricsAddrInUseIsNamed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	t.Chdir(t.TempDir())
	env := map[string]string{"LISTEN_ADDR": "localhost:0", "METRICS_ADDR": l.Addr().String()}
	err = run(t.Context(), []string{"-demo"}, lookupIn(env), io.Discard, io.Discard)
	assert.ErrorContains(t, err, "METRICS_ADDR")
	assert.Equal(t, 1, exitCode(err))
}

func TestMetricsAddr(t *testing.T) {
	for value, wrong := range map[string]bool{
		"": false, "localhost:9090": false, ":9090": false, "[::1]:9090": false, "0.0.0.0:0": false,
		"9090": true, "localhost": true, "localhost:": true, "localhost:3000": true,
	} {
		vars := good()
		vars["METRICS_ADDR"] = value
		s, err := load(lookupIn(vars), false)
		if wrong {
			assert.ErrorContains(t, err, "METRICS_ADDR", value)
			continue
		}
		require.NoError(t, err, value)
		watched, err := newTelemetry(s, deps{now: time.Now, logger: s.Logger(io.Discard)})
		require.NoError(t, err)
		assert.Equal(t, value != "", watched.metrics != nil, "off by default")
	}
	_, err := load(lookupIn(map[string]string{"METRICS_ADDR": ":9090"}), true)
	assert.ErrorContains(t, err, "METRICS_ADDR", "the demo is for this machine alone")
}

func TestAuditLogDoesNotDependOnLogLevel(t *testing.T) {
	vars := good()
	vars["LOG_LEVEL"] = "error"
	s, err := load(lookupIn(vars), false)
	require.NoError(t, err)
	logs := &logtest.Buffer{}
	p := deps{now: time.Now, logger: s.Logger(logs), audit: s.AuditLogger(logs)}
	watched, err := newTelemetry(s, p)
	require.NoError(t, err)
	watched.audit.Record(t.Context(), ports.AuditEvent{Kind: ports.AuditSignInStarted})
	p.logger.Info("something else")
	assert.Contains(t, logs.String(), `msg=audit kind="sign-in started"`)
	assert.NotContains(t, logs.String(), "something else")
}
