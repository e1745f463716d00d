package observe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/domain"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	rec := httptest.NewRecorder()
	m.NewServer(slog.New(slog.DiscardHandler)).Handler.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, rec.Code)
	return rec.Body.String()
}

func has(t *testing.T, scraped, line string) {
	t.Helper()
	assert.True(t, strings.Contains(scraped, line), "the scrape has %s", line)
}

func series(scraped, name string) int {
	n := 0
	for line := range strings.Lines(scraped) {
		if strings.HasPrefix(line, name+"{") {
			n++
		}
	}
	return n
}

func TestAuditLineLeavesOutEmptyFields(t *testing.T) {
	var buf bytes.Buffer
	log := NewAuditLog(slog.New(slog.NewJSONHandler(&buf, nil)), func(context.Context) string { return "4711" })
	log.Record(t.Context(), ports.AuditEvent{
		Kind: ports.AuditSignInRefused, Reason: "declined", Number: 65004, CorrelationID: "c0ffee00-0000-4000-8000-000000000000",
	})
	log.Record(t.Context(), ports.AuditEvent{
		Kind: ports.AuditSessionEnded, User: "tid:t oid:o", Tenant: "t", By: ports.EndedByBackChannel, Count: 3,
	})
	lines := strings.Split(strings.TrimSpace(buf.String()), "\n")
	require.Len(t, lines, 2)
	for i, want := range []string{
		`{"msg":"audit","kind":"sign-in refused","reason":"declined","correlation_id":"c0ffee00-0000-4000-8000-000000000000","request_id":"4711","aadsts":65004,"level":"INFO"}`,
		`{"msg":"audit","kind":"session ended","user":"tid:t oid:o","tenant":"t","by":"back-channel","request_id":"4711","count":3,"level":"INFO"}`,
	} {
		var got map[string]any
		require.NoError(t, json.Unmarshal([]byte(lines[i]), &got))
		delete(got, "time")
		text, err := json.Marshal(got)
		require.NoError(t, err)
		assert.JSONEq(t, want, string(text))
	}
}

func TestSubjectsWithUnusualCharactersAreHashed(t *testing.T) {
	const issuer = "iss:https://id.example.com/x sub:"
	for key, want := range map[string]string{
		"": "",
		"tid:7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b301 oid:0d1e9a54-7c3b-4f28-9e6d-52b8c1a7f490": "tid:7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b301 oid:0d1e9a54-7c3b-4f28-9e6d-52b8c1a7f490",
		issuer + "auth0|5f7c8ec7c33c6c004bbafe82":                                           issuer + "auth0|5f7c8ec7c33c6c004bbafe82",
		issuer + "mQhn9bJ0Vx0+/jk2oW3eHn1sYcL8uQ==":                                         issuer + "mQhn9bJ0Vx0+/jk2oW3eHn1sYcL8uQ==",
		// printf %s 'iss:… sub:…' | sha256sum | cut -c1-32
		issuer + "adele@contoso.example": issuer + "sha256:aab068347ecd6d9c04f371c845f6e9a2",
	} {
		assert.Equal(t, want, loggedUser(key))
	}
	for _, hidden := range []string{"adele%40contoso.example", "adele＠contoso.example", "a\nb", "Adele Vance <adele>", "adele@contoso.example sub:x"} {
		assert.NotContains(t, loggedUser(issuer+hidden), "adele", hidden)
		assert.Contains(t, loggedUser(issuer+hidden), "sha256:", hidden)
	}
	assert.Regexp(t, "^sha256:", loggedUser("iss:https://adele@id.example sub:x"))
}

// Requests cannot create time series without a bound.
func TestLabelsAreBounded(t *testing.T) {
	m := NewMetrics("v1", time.Now)
	for i := range 1000 {
		text := fmt.Sprint("text-", i)
		m.Request(text, "/route", 200+i, time.Millisecond)
		m.Record(t.Context(), ports.AuditEvent{Kind: ports.AuditSignInRefused, Reason: text})
		m.Record(t.Context(), ports.AuditEvent{Kind: ports.AuditRefreshFailed, Reason: text})
		m.Record(t.Context(), ports.AuditEvent{Kind: ports.AuditSessionEnded, By: ports.AuditCause(text), Count: 1})
		m.Record(t.Context(), ports.AuditEvent{Kind: ports.AuditKind(text)})
	}
	scraped := scrape(t, m)
	assert.LessOrEqual(t, series(scraped, "webapp_sign_ins_total"), maxLabelValues+3)
	assert.LessOrEqual(t, series(scraped, "webapp_token_refreshes_total"), maxLabelValues+2)
	assert.LessOrEqual(t, series(scraped, "webapp_sessions_ended_total"), len(causes())+1)
	assert.LessOrEqual(t, series(scraped, "webapp_http_request_duration_seconds_count"), len(statusLabels())+1)
	has(t, scraped, `webapp_sign_ins_total{outcome="refused",reason="other"} 952`)
	has(t, scraped, `webapp_sessions_ended_total{cause="other"} 1000`)
	has(t, scraped, `webapp_http_request_duration_seconds_count{method="other",route="/route",status="200"} 1`)
	has(t, scraped, fmt.Sprintf(`webapp_http_request_duration_seconds_count{method="other",route="/route",status="other"} %d`, 1000-len(statusLabels())))
}

// The statuses with a label value of their own are those that the HTTP adapter uses,
// and the 204 of forward authentication.
func TestStatusLabelsAreThoseOfTheHTTPAdapter(t *testing.T) {
	codes := map[string]int{}
	for code := 100; code < 600; code++ {
		codes["Status"+strings.NewReplacer(" ", "", "-", "").Replace(http.StatusText(code))] = code
	}
	files, err := filepath.Glob(filepath.Join("..", "http", "*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	answered := map[int]string{http.StatusNoContent: "204"}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, found := range regexp.MustCompile(`http\.(Status[A-Z]\w+)`).FindAllSubmatch(text, -1) {
			name := string(found[1])
			if slices.Contains([]string{"StatusText", "StatusMultipleChoices", "StatusSwitchingProtocols"}, name) || strings.HasSuffix(file, "_test.go") {
				continue // a function, and statuses with which no page responds
			}
			require.NotZero(t, codes[name], name)
			answered[codes[name]] = strconv.Itoa(codes[name])
		}
	}
	assert.Equal(t, answered, statusLabels())
}

// The first event of each kind is an increase, because its series already exists.
func TestExpectedSeriesStartAtZero(t *testing.T) {
	m := NewMetrics("v1", time.Now)
	m.ExpectReasons(domain.AuditReasons())
	scraped := scrape(t, m)
	for _, reason := range domain.AuditReasons() {
		has(t, scraped, fmt.Sprintf("webapp_sign_ins_total{outcome=%q,reason=%q} 0", outcomeRefused, reason))
		has(t, scraped, fmt.Sprintf("webapp_token_refreshes_total{outcome=%q,reason=%q} 0", outcomeFailed, reason))
	}
	for _, cause := range causes() {
		has(t, scraped, fmt.Sprintf("webapp_sessions_ended_total{cause=%q} 0", cause))
	}
	assert.Less(t, len(domain.AuditReasons()), maxLabelValues/2)
	for _, outcome := range []string{outcomeRevoked, outcomeFailed} {
		has(t, scraped, fmt.Sprintf("webapp_token_revocations_total{outcome=%q} 0", outcome))
	}
	m.Record(t.Context(), ports.AuditEvent{Kind: ports.AuditTokenRevoked})
	m.Record(t.Context(), ports.AuditEvent{Kind: ports.AuditRevocationFailed, Reason: domain.ErrProviderUnavailable.Error()})
	m.Record(t.Context(), ports.AuditEvent{Kind: ports.AuditSignInRefused, Reason: domain.ErrBadCallback.Error()})
	m.Record(t.Context(), ports.AuditEvent{Kind: ports.AuditSessionEnded, By: ports.EndedByNewSignIn, Count: 1})
	m.Record(t.Context(), ports.AuditEvent{Kind: ports.AuditSignInRefused, Reason: "something new"})
	scraped = scrape(t, m)
	has(t, scraped, `webapp_sign_ins_total{outcome="refused",reason="malformed sign-in callback"} 1`)
	has(t, scraped, `webapp_sessions_ended_total{cause="new sign-in"} 1`)
	has(t, scraped, `webapp_sign_ins_total{outcome="refused",reason="something new"} 1`)
	has(t, scraped, `webapp_token_revocations_total{outcome="revoked"} 1`)
	has(t, scraped, `webapp_token_revocations_total{outcome="failed"} 1`)
}

func TestStoreOperationsAreTimedByOutcome(t *testing.T) {
	clock := portstest.NewClock(time.Now())
	m := NewMetrics("v1", clock.Now)
	inner := &slowStore{clock: clock}
	s := Store(inner, m, nil)
	for _, err := range []error{nil, ports.ErrNoRecord, ports.ErrRecordExists, ports.ErrRecordChanged,
		fmt.Errorf("%w: down", ports.ErrStoreUnavailable), context.DeadlineExceeded, fmt.Errorf("x: %w", context.Canceled)} {
		inner.err = err
		_, got := s.Find(t.Context(), "k")
		assert.Equal(t, err, got, "errors pass unchanged")
		_, _ = s.Create(t.Context(), ports.Record{})
		_, _ = s.Replace(t.Context(), ports.Record{}, 1)
		_ = s.Delete(t.Context(), "k", 1)
		_, _ = s.Keys(t.Context(), "i")
	}
	scraped := scrape(t, m)
	for _, op := range []string{"create", "find", "replace", "delete", "keys"} {
		for outcome, n := range map[string]int{"answered": 4, "unavailable": 2, "canceled": 1} {
			labels := fmt.Sprintf(`{operation="%s",outcome="%s"`, op, outcome)
			has(t, scraped, fmt.Sprintf("webapp_session_store_operation_duration_seconds_count%s} %d\n", labels, n))
			has(t, scraped, fmt.Sprintf("webapp_session_store_operation_duration_seconds_bucket%s,le=\"0.01\"} 0\n", labels))
			has(t, scraped, fmt.Sprintf("webapp_session_store_operation_duration_seconds_bucket%s,le=\"0.025\"} %d\n", labels, n))
		}
	}
}

// slowStore is a store whose operations take 20 ms.
type slowStore struct {
	clock *portstest.Clock
	err   error
}

func (s *slowStore) work() error { s.clock.Advance(20 * time.Millisecond); return s.err }

func (s *slowStore) Create(context.Context, ports.Record) (ports.Version, error) { return 1, s.work() }
func (s *slowStore) Find(context.Context, string) (ports.Record, error) {
	return ports.Record{}, s.work()
}
func (s *slowStore) Replace(context.Context, ports.Record, ports.Version) (ports.Version, error) {
	return 1, s.work()
}
func (s *slowStore) Delete(context.Context, string, ports.Version) error { return s.work() }
func (s *slowStore) Keys(context.Context, string) ([]string, error)      { return nil, s.work() }

type readySlowStore struct{ *slowStore }

func (readySlowStore) Ready(context.Context) error { return errors.New("not yet") }

func TestStoreKeepsOptionalInterfaces(t *testing.T) {
	m := NewMetrics("v1", time.Now)
	plain := &slowStore{}
	assert.Same(t, plain, Store(plain, nil, nil), "what is off is not there")
	_, ok := Store(plain, m, nil).(ports.StoreReadiness)
	assert.False(t, ok)
	ready, ok := Store(readySlowStore{plain}, m, nil).(ports.StoreReadiness)
	require.True(t, ok)
	assert.EqualError(t, ready.Ready(t.Context()), "not yet")
}

// dripping sends the header at once and takes a while for the body.
type dripping struct {
	clock *portstest.Clock
	err   error
	body  io.Reader
}

func (d *dripping) RoundTrip(*http.Request) (*http.Response, error) {
	if d.err != nil {
		return nil, d.err
	}
	return &http.Response{StatusCode: http.StatusBadRequest, Body: io.NopCloser(d)}, nil
}

func (d *dripping) Read(p []byte) (int, error) {
	d.clock.Advance(3 * time.Second)
	return d.body.Read(p)
}

func TestCallsAreTimedToTheLastByte(t *testing.T) {
	clock := portstest.NewClock(time.Now())
	m := NewMetrics("v1", clock.Now)
	base := &dripping{clock: clock, body: strings.NewReader("x")}
	transport := Transport(base, func(context.Context) string { return "token" }, m, nil)
	res, err := transport.RoundTrip(httptest.NewRequest(http.MethodPost, "https://id.example/token", nil))
	require.NoError(t, err)
	_, err = io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	scraped := scrape(t, m)
	has(t, scraped, `webapp_provider_call_duration_seconds_count{endpoint="token",outcome="4xx"} 1`)
	has(t, scraped, `webapp_provider_call_duration_seconds_bucket{endpoint="token",outcome="4xx",le="5"} 0`)
	has(t, scraped, `webapp_provider_call_duration_seconds_bucket{endpoint="token",outcome="4xx",le="10"} 1`)
}

func TestFailedCallsByOutcome(t *testing.T) {
	m := NewMetrics("v1", time.Now)
	for err, outcome := range map[error]string{
		context.DeadlineExceeded: "timeout", context.Canceled: "canceled", io.ErrUnexpectedEOF: "failed", http.ErrHandlerTimeout: "failed",
	} {
		base := &dripping{err: err}
		_, got := Transport(base, func(context.Context) string { return "" }, m, nil).RoundTrip(httptest.NewRequest(http.MethodGet, "/", nil))
		assert.Equal(t, err, got)
		has(t, scrape(t, m), `webapp_provider_call_duration_seconds_count{endpoint="other",outcome="`+outcome+`"}`)
	}
	base := &dripping{}
	assert.Same(t, base, Transport(base, nil, nil, nil), "what is off is not there")
}

func TestRefusedCallsAreCounted(t *testing.T) {
	m, full := NewMetrics("v1", time.Now), errors.New("full")
	base := &dripping{}
	assert.Same(t, base, (*Metrics)(nil).CountRefused(base, full), "what is off is not there")
	counted := m.CountRefused(base, full)
	for _, err := range []error{full, io.EOF, fmt.Errorf("x: %w", full), nil} {
		base.err = err
		_, got := counted.RoundTrip(httptest.NewRequest(http.MethodGet, "/", nil))
		assert.Equal(t, err, got)
	}
	has(t, scrape(t, m), "webapp_provider_calls_refused_total 2\n")
}

func TestGaugesWithoutAValueAreAbsent(t *testing.T) {
	m := NewMetrics("v1", time.Now)
	known, failing := false, error(errors.New("down"))
	m.WatchCredential(func() (time.Time, bool) { return time.Unix(1_800_000_000, 0), known })
	m.WatchSessions(func(context.Context) (int, error) { return 7, failing })
	scraped := scrape(t, m)
	assert.NotContains(t, scraped, "webapp_credential_expiry_timestamp_seconds")
	assert.NotContains(t, scraped, "webapp_sessions_live")
	known, failing = true, nil
	scraped = scrape(t, m)
	has(t, scraped, "webapp_credential_expiry_timestamp_seconds 1.8e+09")
	has(t, scraped, "webapp_sessions_live 7")
}

// While the store hangs, a scrape returns all other metrics, and all scrapes
// together make one call to the store.
func TestAScrapeDoesNotWaitForAHangingStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMetrics("v1", time.Now)
		hanging, asked := make(chan struct{}), atomic.Int32{}
		m.WatchSessions(func(context.Context) (int, error) {
			asked.Add(1)
			<-hanging
			return 7, nil
		})
		var all sync.WaitGroup
		for range maxScrapes {
			all.Go(func() {
				began := time.Now()
				scraped := scrape(t, m)
				assert.LessOrEqual(t, time.Since(began), countPatience)
				assert.NotContains(t, scraped, "webapp_sessions_live")
				has(t, scraped, "webapp_build_info{")
			})
		}
		all.Wait()
		assert.EqualValues(t, 1, asked.Load())
		close(hanging)
		synctest.Wait()
		has(t, scrape(t, m), "webapp_sessions_live 7")
		assert.EqualValues(t, 2, asked.Load())
	})
}

func TestSamplers(t *testing.T) {
	for name, ok := range map[string]bool{
		"": true, "always_on": true, "always_off": true, "traceidratio": true, "parentbased_always_on": true,
		"parentbased_always_off": true, "parentbased_traceidratio": true, "jaeger_remote": false, "ALWAYS_ON": false,
	} {
		_, err := ParseSampler(name, "0.5")
		assert.Equal(t, ok, err == nil, name)
	}
	for arg, ok := range map[string]bool{"": true, "0": true, "1": true, "1.1": false, "-1": false, "NaN": false, "half": false} {
		_, err := ParseSampler("traceidratio", arg)
		assert.Equal(t, ok, err == nil, arg)
	}
}

func BenchmarkStoreFind(b *testing.B) {
	inner := &fastStore{}
	for name, s := range map[string]ports.SessionStore{"bare": inner, "watched": Store(inner, NewMetrics("v1", time.Now), nil)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = s.Find(b.Context(), "k")
			}
		})
	}
}

type fastStore struct{ ports.SessionStore }

func (fastStore) Find(context.Context, string) (ports.Record, error) { return ports.Record{}, nil }

func BenchmarkRequest(b *testing.B) {
	m := NewMetrics("v1", time.Now)
	b.ReportAllocs()
	for b.Loop() {
		m.Request(http.MethodGet, "/", http.StatusOK, time.Millisecond)
	}
}
