package entra_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
	"webapp/internal/test/logtest"
)

func (w world) tryBegin(ctx context.Context) error {
	_, err := w.provider.Begin(ctx, ports.AuthorizationRequest{State: testState})
	return err
}

func TestDiscoveryIsLazyAndRetried(t *testing.T) {
	w := contoso(t)
	assert.Zero(t, w.idp.Requests(fakeidp.EndpointMetadata), "making the adapter asks nobody")
	w.idp.Down()
	require.ErrorIs(t, w.tryBegin(t.Context()), ports.ErrProviderUnavailable)
	w.idp.Up()
	require.ErrorIs(t, w.tryBegin(t.Context()), ports.ErrProviderUnavailable, "a failure is remembered for a moment")
	w.clock.Advance(time.Second)
	require.NoError(t, w.tryBegin(t.Context()))
	for range 10 {
		w.mustSignIn(t, fakeidp.UserMember)
	}
	assert.Equal(t, 1, w.idp.Requests(fakeidp.EndpointMetadata))
	assert.Equal(t, 1, w.idp.Requests(fakeidp.EndpointKeys))
}

func TestACrowdLoadsOnce(t *testing.T) {
	for name, down := range map[string]bool{"up": false, "down": true} {
		t.Run(name, func(t *testing.T) {
			w := contoso(t)
			if down {
				w.idp.Fail(fakeidp.EndpointMetadata, fakeidp.Fault{Status: 503, Body: "x"})
			}
			var wg sync.WaitGroup
			var begun atomic.Int32
			for range 1000 {
				wg.Go(func() {
					err := w.tryBegin(t.Context())
					if err == nil {
						begun.Add(1)
						return
					}
					assert.ErrorIs(t, err, ports.ErrProviderUnavailable)
				})
			}
			wg.Wait()
			if down {
				assert.Zero(t, begun.Load())
			} else {
				assert.GreaterOrEqual(t, begun.Load(), int32(128), "those who may wait for the load")
				assert.NoError(t, w.tryBegin(t.Context()))
			}
			assert.LessOrEqual(t, w.idp.Requests(fakeidp.EndpointMetadata), 2, "one load, and its one repetition")
		})
	}
}

func TestWaitingEndsWithTheCaller(t *testing.T) {
	w := contoso(t)
	w.idp.Fail(fakeidp.EndpointMetadata, fakeidp.Fault{Hang: true})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := w.tryBegin(ctx)
	require.ErrorIs(t, err, ports.ErrProviderUnavailable)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestASlowProviderEndsAtTheDeadline(t *testing.T) {
	for _, endpoint := range []fakeidp.Endpoint{fakeidp.EndpointMetadata, fakeidp.EndpointKeys, fakeidp.EndpointToken} {
		t.Run(string(endpoint), func(t *testing.T) {
			t.Parallel() // each waits
			w := newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, c *entra.Config) { c.Timeout = 2 * time.Second })
			w.idp.Fail(endpoint, fakeidp.Fault{Hang: true})
			began := time.Now()
			err := w.tryBegin(t.Context())
			if err == nil {
				_, err = w.signIn(t, fakeidp.UserMember)
			}
			require.ErrorIs(t, err, ports.ErrProviderUnavailable)
			assert.Less(t, time.Since(began), 5*time.Second)
			assert.Equal(t, 1, w.idp.Requests(endpoint), "waiting is not begun again")
		})
	}
}

func TestMetadataAreRefreshedInTheBackgroundAndOutliveAnOutage(t *testing.T) {
	w := contoso(t)
	w.mustSignIn(t, fakeidp.UserMember)
	w.clock.Advance(61 * time.Minute)
	w.idp.Fail(fakeidp.EndpointMetadata, fakeidp.Fault{Hang: true})
	require.NoError(t, w.tryBegin(t.Context()), "nobody waits for a refresh while good metadata are there")
	w.idp.Heal()

	w.idp.Fail(fakeidp.EndpointMetadata, fakeidp.Fault{Status: 500, Body: "x"})
	w.idp.Fail(fakeidp.EndpointKeys, fakeidp.Fault{Status: 500, Body: "x"})
	for range 5 {
		w.clock.Advance(25 * time.Hour)
		w.mustSignIn(t, fakeidp.UserMember)
	}
	w.idp.Heal()
	w.clock.Advance(25 * time.Hour)
	before := w.idp.Requests(fakeidp.EndpointMetadata)
	w.mustSignIn(t, fakeidp.UserMember)
	assert.Equal(t, before+1, w.idp.Requests(fakeidp.EndpointMetadata))
}

func TestUnusableMetadata(t *testing.T) {
	for name, change := range map[string]func(m map[string]any){
		"another issuer":            func(m map[string]any) { m["issuer"] = "https://attacker.example" },
		"no issuer":                 func(m map[string]any) { delete(m, "issuer") },
		"an issuer that is no text": func(m map[string]any) { m["issuer"] = 1 },
		"Issuer in other case":      func(m map[string]any) { m["Issuer"] = m["issuer"]; delete(m, "issuer") },
		"no token endpoint":         func(m map[string]any) { delete(m, "token_endpoint") },
		"plain http elsewhere":      func(m map[string]any) { m["token_endpoint"] = "http://provider.example/token" },
		"a script":                  func(m map[string]any) { m["authorization_endpoint"] = "javascript:alert(1)" },
		"a file":                    func(m map[string]any) { m["jwks_uri"] = "file:///etc/passwd" },
		"a relative URL":            func(m map[string]any) { m["jwks_uri"] = "/keys" },
		"a name and a password":     func(m map[string]any) { m["end_session_endpoint"] = "https://a:b@provider.example/" },
		"only none and HS256":       func(m map[string]any) { m["id_token_signing_alg_values_supported"] = []string{"none", "HS256"} },
		"algorithms are a string":   func(m map[string]any) { m["id_token_signing_alg_values_supported"] = "RS256" },
	} {
		t.Run(name, func(t *testing.T) {
			w := contoso(t)
			w.idp.MutateMetadata(func(_ string, m map[string]any) { change(m) })
			err := w.tryBegin(t.Context())
			require.ErrorIs(t, err, ports.ErrProviderUnavailable)
			assert.NotContains(t, err.Error(), "attacker")
			w.idp.MutateMetadata(nil)
			w.clock.Advance(time.Minute)
			w.mustSignIn(t, fakeidp.UserMember)
		})
	}
}

func TestUnusableAnswers(t *testing.T) {
	for name, fault := range map[string]fakeidp.Fault{
		"a page":          {Status: 200, Body: "<html>adele@contoso.example", ContentType: "text/html"},
		"an array":        {Status: 200, Body: "[]"},
		"duplicates":      {Status: 200, Body: `{"issuer":"a","issuer":"b"}`},
		"a redirect":      {Status: 302, Body: "x"},
		"not found":       {Status: 404, Body: "{}"},
		"cut off":         {Status: 200, Body: `{"issuer":"x"}`, CutAfter: 3},
		"50 MB":           {Status: 200, Body: "{}", Size: 50 << 20},
		"compressed bomb": {Status: 200, Body: "{}", Size: 1 << 30, Gzip: true},
	} {
		for _, endpoint := range []fakeidp.Endpoint{fakeidp.EndpointMetadata, fakeidp.EndpointKeys} {
			t.Run(name+" from "+string(endpoint), func(t *testing.T) {
				w := contoso(t)
				w.idp.Fail(endpoint, fault)
				err := w.provider.Ready(t.Context())
				require.ErrorIs(t, err, ports.ErrProviderUnavailable)
				assertNothingSecret(t, err)
				w.idp.Heal()
				w.clock.Advance(time.Minute)
				require.NoError(t, w.provider.Ready(t.Context()))
			})
		}
	}
}

// TestHugeAnswersTakeLittleMemory counts every allocation, so it does not depend on
// the garbage collector.
func TestHugeAnswersTakeLittleMemory(t *testing.T) {
	w := newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, c *entra.Config) { c.Transport = endless{} })
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	require.ErrorIs(t, w.tryBegin(t.Context()), ports.ErrProviderUnavailable)
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(32<<20))
}

// endless responds to every request with blanks that never end.
type endless struct{}

func (endless) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: make(http.Header), Body: endless{}, Request: r}, nil
}

func (endless) Close() error { return nil }

func (endless) Read(b []byte) (int, error) {
	return copy(b, strings.Repeat(" ", len(b))), nil
}

// followed fails the test if a redirect is followed.
type followed struct {
	t    *testing.T
	hops int
}

func (f *followed) RoundTrip(r *http.Request) (*http.Response, error) {
	f.hops++
	assert.NotEqual(f.t, "attacker.example", r.URL.Host)
	return &http.Response{
		StatusCode: http.StatusFound, Header: http.Header{"Location": {"https://attacker.example/"}}, Body: http.NoBody, Request: r,
	}, nil
}

func TestRedirectsAreRefused(t *testing.T) {
	f := &followed{t: t}
	w := newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, c *entra.Config) { c.Transport = f })
	require.ErrorIs(t, w.tryBegin(t.Context()), ports.ErrProviderUnavailable)
	assert.Equal(t, 1, f.hops)
}

// A provider that refuses to send its metadata, or sends those of another, is not
// down. The log and the caller get its number or the reason.
func TestAProviderThatDoesNotFit(t *testing.T) {
	unknown := `{"error":"invalid_tenant","error_description":"AADSTS90002: Tenant adele@contoso.example not found. Trace ID: x","error_codes":[90002]}`
	for name, c := range map[string]struct {
		fault  fakeidp.Fault
		setup  bool
		number string
	}{
		"unknown tenant":     {fakeidp.Fault{Status: 400, Body: unknown}, true, "AADSTS90002"},
		"B2C":                {fakeidp.Fault{Status: 404, Body: `{"error":"invalid_request","error_description":"AADB2C90047: no"}`}, true, "AADB2C90047"},
		"no word of why":     {fakeidp.Fault{Status: 404, Body: "x"}, true, ""},
		"another provider's": {fakeidp.Fault{Status: 200, Body: `{"issuer":"https://evil.example"}`}, true, ""},
		"throttled":          {fakeidp.Fault{Status: 429, Body: `{"error":"temporarily_unavailable","error_description":"AADSTS90055: no"}`}, false, "AADSTS90055"},
		"in trouble":         {fakeidp.Fault{Status: 503, Body: `{"error":"server_error","error_description":"AADSTS90033: no"}`}, false, "AADSTS90033"},
		"a proxy's page":     {fakeidp.Fault{Status: 200, Body: "<html>"}, false, ""},
		"a redirect":         {fakeidp.Fault{Status: 302, Body: "x", Location: "/elsewhere"}, false, ""},
	} {
		for _, endpoint := range []fakeidp.Endpoint{fakeidp.EndpointMetadata, fakeidp.EndpointKeys} {
			if endpoint == fakeidp.EndpointKeys && name == "another provider's" {
				c.fault.Body = `{"keys":[]}`
			}
			t.Run(name+" "+string(endpoint), func(t *testing.T) {
				var log logtest.Buffer
				w := newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, e *entra.Config) {
					e.Logger = slog.New(slog.NewTextHandler(&log, nil))
				})
				w.idp.Fail(endpoint, c.fault)
				err := w.provider.Ready(t.Context())
				require.ErrorIs(t, err, ports.ErrProviderUnavailable)
				assert.Equal(t, c.setup, errors.Is(err, ports.ErrProviderSetup), err)
				assert.Contains(t, log.String(), "webapp doctor")
				assertNothingSecret(t, err)
				assert.NotContains(t, log.String(), "adele@")
				if c.number != "" {
					e, ok := errors.AsType[*ports.ProviderError](err)
					require.True(t, ok)
					assert.Equal(t, c.number, e.NumberText())
					assert.Contains(t, err.Error(), c.number)
					assert.Contains(t, log.String(), c.number)
				}
				w.idp.Heal()
				w.clock.Advance(time.Minute)
				require.NoError(t, w.provider.Ready(t.Context()), "it heals by itself")
			})
		}
	}
}
