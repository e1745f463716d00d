package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
	"webapp/internal/test/apptest"
)

func revocation(c *fakeidp.Config) { c.Revocation = true }

// revoking returns an audited world whose provider has a revocation endpoint.
func revoking(t *testing.T, env map[string]string) *world {
	all := map[string]string{"LOG_FORMAT": "json", "METRICS_ADDR": "localhost:0"}
	for name, value := range env {
		all[name] = value
	}
	return newWorld(t, all, revocation)
}

// revoked waits for all revocations and returns the tokens that the provider got. The
// program revokes nothing afterwards.
func (w *world) revoked() (tokens []string) {
	w.t.Helper()
	w.app.finishRevocations(w.t.Context())
	for _, one := range w.idp.Log(fakeidp.EndpointRevocation) {
		tokens = append(tokens, one.Form.Get("token"))
	}
	for _, token := range tokens {
		assert.NotContains(w.t, w.logs.String(), token)
	}
	return tokens
}

// issued collects the refresh tokens that the provider issues, in order.
func (w *world) issued() func() []string {
	var mu sync.Mutex
	var tokens []string
	w.idp.Mutate(func(d *fakeidp.TokenDraft) {
		mu.Lock()
		defer mu.Unlock()
		token, _ := d.Response["refresh_token"].(string)
		tokens = append(tokens, token)
	})
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), tokens...)
	}
}

// A refresh token is revoked if a person, a signed logout token or a limit ends the
// session. It is not revoked by a new sign-in of the same person or by the front
// channel.
func TestWhichEndsRevokeRefreshTokens(t *testing.T) {
	t.Parallel()
	keeps := map[string]bool{"new sign-in over an old one": true, "front channel after the limit": true}
	for name, c := range ends() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := c.count
			if keeps[name] || c.by == ports.EndedByNewSignIn || c.by == ports.EndedByFrontChannel {
				want = 0
			}
			w := revoking(t, c.env)
			b, other := w.browser(), w.browser()
			c.prepare(b, other)
			before := len(w.audits())
			c.end(b, other)
			require.Equal(t, want, len(w.revoked()))
			assert.EqualValues(t, want, w.counter(`webapp_token_revocations_total{outcome="revoked"}`))
			assert.Zero(t, w.counter(`webapp_token_revocations_total{outcome="failed"}`))
			events := w.since(before, ports.AuditTokenRevoked)
			require.Len(t, events, want)
			for _, e := range events {
				assert.Equal(t, keyOf(fakeidp.UserMember), e["user"])
			}
		})
	}
}

func TestAnotherPersonsSignInRevokesTheToken(t *testing.T) {
	apptest.NeedsPage(t, "/call_api")
	w := revoking(t, nil)
	issued, b := w.issued(), w.browser()
	b.mustSignIn(fakeidp.UserMember)
	b.mustSignIn(fakeidp.UserAdmin)
	require.Len(t, issued(), 2)
	assert.Equal(t, issued()[:1], w.revoked(), "of the first person alone")
	w.clock.Advance(56 * time.Minute)
	require.Equal(t, http.StatusOK, b.get("/call_api").StatusCode, "the second person's token is valid")
	assert.Len(t, issued(), 3)
}

// The person signs out in another tab while a refresh is running.
func TestTheTokenOfALateRefreshIsRevoked(t *testing.T) {
	apptest.NeedsPage(t, "/call_api")
	w := revoking(t, nil)
	issued, b := w.issued(), w.browser()
	b.mustSignIn(fakeidp.UserMember)
	w.clock.Advance(56 * time.Minute)
	met := make(chan struct{})
	w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Hang: true, After: true, Met: func() { close(met) }})
	tab := b.copy()
	answer := inBackground(func(...string) reply { return tab.get("/call_api") })
	<-met
	logout(b, nil)
	w.idp.Heal()
	assert.Equal(t, http.StatusUnauthorized, (<-answer).StatusCode)
	require.Len(t, issued(), 2)
	assert.ElementsMatch(t, issued(), w.revoked())
}

func TestNoTokenIsReadOrRevokedWithoutAnEndpoint(t *testing.T) {
	for name, w := range map[string]*world{
		"Entra has none": audited(t, nil),
		"off":            revoking(t, map[string]string{"TOKEN_REVOCATION": "off"}),
	} {
		t.Run(name, func(t *testing.T) {
			b, other := w.browser(), w.browser()
			both(b, other)
			w.store.Calls()
			postSessions(b, "others")
			for _, call := range w.store.Calls() {
				assert.False(t, call.Method == "Find" && strings.HasSuffix(call.Key, ".tokens"), "a read in vain")
			}
			logout(b, nil)
			assert.Empty(t, w.revoked())
			assert.Empty(t, w.since(0, ports.AuditRevocationFailed))
		})
	}
}

// The person is signed out, whatever the provider responds. The failure is logged once,
// and the request is not repeated.
func TestARevocationThatFailsIsLogged(t *testing.T) {
	for name, c := range map[string]struct {
		fault  fakeidp.Fault
		reason string
		logged string
	}{
		"invalid token":    {fakeidp.Fault{Status: 400, Body: `{"error":"invalid_token"}`}, "refused by the identity provider", "invalid_token"},
		"unsupported type": {fakeidp.Fault{Status: 400, Body: `{"error":"unsupported_token_type"}`}, "refused by the identity provider", "unsupported_token_type"},
		"wrong secret":     {fakeidp.Fault{Error: &fakeidp.Error{Number: 7000215}}, "refused by the identity provider", "AADSTS7000215"},
		"for a moment":     {fakeidp.Fault{Status: 503, RetryAfter: "1"}, "identity provider unavailable", "status 503"},
		"HTML":             {fakeidp.Fault{Status: 200, Body: "<p>", ContentType: "text/html"}, "identity provider unavailable", "HTML"},
		"huge":             {fakeidp.Fault{Size: 50 << 20, Gzip: true}, "identity provider unavailable", "too large"},
		"cut":              {fakeidp.Fault{CutAfter: 1, Body: "{}"}, "identity provider unavailable", "identity provider unavailable"},
		"a redirect":       {fakeidp.Fault{Status: 302, Location: "/"}, "identity provider unavailable", "status 302"},
	} {
		t.Run(name, func(t *testing.T) {
			w := revoking(t, nil)
			b := w.browser()
			b.mustSignIn(fakeidp.UserMember)
			w.idp.Fail(fakeidp.EndpointRevocation, c.fault)
			logout(b, nil)
			assert.False(t, b.signedIn())
			require.Len(t, w.revoked(), 1)
			events := w.since(0, ports.AuditRevocationFailed)
			require.Len(t, events, 1)
			assert.Equal(t, c.reason, events[0]["reason"])
			assert.Equal(t, keyOf(fakeidp.UserMember), events[0]["user"])
			assert.NotEmpty(t, events[0]["request_id"], "that of the sign-out")
			assert.Contains(t, w.logs.String(), c.logged)
			assert.EqualValues(t, 1, w.counter(`webapp_token_revocations_total{outcome="failed"}`))
		})
	}
}

// Nobody waits for a revocation endpoint that never responds, and it does not delay
// sign-ins. The request ends after five seconds.
func TestNobodyWaitsForARevocation(t *testing.T) {
	t.Parallel()
	w := revoking(t, nil)
	met := make(chan struct{}, 100)
	w.idp.Fail(fakeidp.EndpointRevocation, fakeidp.Fault{Hang: true, Met: func() { met <- struct{}{} }})
	b := w.browser()
	for range 20 {
		w.browser().mustSignIn(fakeidp.UserMember)
	}
	b.mustSignIn(fakeidp.UserMember)
	began := time.Now()
	postSessions(b, "others")
	logout(b, nil)
	for range 16 {
		<-met
	}
	b.mustSignIn(fakeidp.UserMember)
	assert.Empty(t, w.since(0, ports.AuditRevocationFailed), "all of this was faster than the time limit of %v", time.Since(began))
	assert.Equal(t, 16, w.idp.Requests(fakeidp.EndpointRevocation), "no more at once")
	w.revoked()
	assert.Len(t, w.since(0, ports.AuditRevocationFailed), 21)
	assert.EqualValues(t, 21, w.counter(`webapp_token_revocations_total{outcome="failed"}`))
}

// While the store is down, nobody is signed out, and no token is revoked.
func TestAStoreThatIsDownRevokesNothing(t *testing.T) {
	w := revoking(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	w.store.SetDown(true)
	assert.Equal(t, http.StatusServiceUnavailable, b.do(http.MethodPost, "/logout", nil).StatusCode)
	w.store.SetDown(false)
	assert.True(t, b.signedIn())
	assert.Empty(t, w.revoked())
}

// A logout token that ends a hundred sessions revokes a hundred tokens.
func TestALogoutTokenRevokesEverySession(t *testing.T) {
	t.Parallel()
	w := revoking(t, nil)
	b := w.browser()
	for range ports.MaxSessions - 1 {
		w.browser().mustSignIn(fakeidp.UserMember)
	}
	b.mustSignIn(fakeidp.UserMember)
	signsOutByToken("sub")(b, nil)
	different := map[string]bool{}
	for _, token := range w.revoked() {
		different[token] = true
	}
	assert.Len(t, different, ports.MaxSessions)
}
