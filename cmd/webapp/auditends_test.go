package main

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// audited returns a world that records its audit log and metrics.
func audited(t *testing.T, more map[string]string) *world {
	env := map[string]string{"LOG_FORMAT": "json", "METRICS_ADDR": "localhost:0"}
	for name, value := range more {
		env[name] = value
	}
	return newWorld(t, env)
}

// since returns the events of a kind, without the first n events.
func (w *world) since(n int, kind ports.AuditKind) (events []map[string]any) {
	for _, e := range w.audits()[n:] {
		if e["kind"] == string(kind) {
			events = append(events, e)
		}
	}
	return events
}

// counter returns the value of one time series.
func (w *world) counter(series string) float64 {
	w.t.Helper()
	found := regexp.MustCompile("(?m)^" + regexp.QuoteMeta(series) + " (.+)$").FindStringSubmatch(w.scrape())
	require.Len(w.t, found, 2, "no series %s", series)
	n, err := strconv.ParseFloat(found[1], 64)
	require.NoError(w.t, err)
	return n
}

// keyOf returns the user's key in the audit log.
func keyOf(username string) string {
	for _, a := range fakeidp.DefaultAccounts() {
		if a.Username == username {
			return "tid:" + a.Home.TenantID + " oid:" + a.Home.ObjectID
		}
	}
	return ""
}

// sessionEnd is one way to end sessions.
type sessionEnd struct {
	env map[string]string
	// prepare brings the browsers to the state before the end.
	prepare func(b, other *browser)
	// end ends the session.
	end   func(b, other *browser)
	by    ports.AuditCause
	count int // 0: nothing has ended
}

func postSessions(b *browser, which string) {
	b.w.t.Helper()
	require.Equal(b.w.t, http.StatusSeeOther, b.do(http.MethodPost, "/sessions", url.Values{"end": {which}}).StatusCode)
}

func logout(b, _ *browser) {
	b.w.t.Helper()
	require.Equal(b.w.t, http.StatusSeeOther, b.do(http.MethodPost, "/logout", url.Values{}).StatusCode)
}

func one(b, _ *browser)      { b.mustSignIn(fakeidp.UserMember) }
func both(b, other *browser) { one(b, nil); one(other, nil) }

// waits returns a function that advances the clock by d and then requests these pages.
func waits(d time.Duration, pages ...string) func(b, other *browser) {
	return func(b, _ *browser) {
		b.w.clock.Advance(d)
		for _, page := range pages {
			assert.NotContains(b.w.t, b.get(page).body, "Welcome ")
		}
	}
}

// active requests pages for the duration d, so that the idle limit does not end the
// session.
func active(d time.Duration) func(b, other *browser) {
	return func(b, _ *browser) {
		one(b, nil)
		for end := b.w.clock.Now().Add(d); b.w.clock.Now().Before(end); {
			b.w.clock.Advance(30 * time.Minute)
			require.True(b.w.t, b.signedIn())
		}
	}
}

// signsOutByToken sends a logout token with these claims of the person on b's page.
func signsOutByToken(claims ...string) func(b, other *browser) {
	return func(b, _ *browser) {
		w, now := b.w, b.w.clock.Now()
		draft := map[string]any{
			"iss": w.idp.Issuer(fakeidp.ContosoTenantID), "aud": fakeidp.DefaultClientID, "jti": "one",
			"iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(),
			"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
		}
		for _, name := range claims {
			draft[name] = claimOn(w.t, b, name)
		}
		token, err := w.idp.Sign(fakeidp.TokenDraft{Header: map[string]any{"typ": "logout+jwt"}, Claims: draft})
		require.NoError(w.t, err)
		form := url.Values{"logout_token": {token}}
		require.Equal(w.t, http.StatusOK, w.browser().do(http.MethodPost, "/backchannel-logout", form).StatusCode)
	}
}

func signsOutByFrame(sid func(b *browser) string) func(b, other *browser) {
	return func(b, _ *browser) {
		require.Equal(b.w.t, http.StatusOK, b.w.browser().get("/frontchannel-logout?sid="+url.QueryEscape(sid(b))).StatusCode)
	}
}

func sidOf(b *browser) string { return claimOn(b.w.t, b, "sid") }

// ends lists all ways to end sessions, and some requests that end none.
func ends() map[string]sessionEnd {
	again := func(b, _ *browser) {
		require.Equal(b.w.t, http.StatusSeeOther, b.signIn(fakeidp.UserMember).StatusCode)
	}
	both3 := func(b, other *browser) { both(b, other); one(b.w.browser(), nil) }
	return map[string]sessionEnd{
		"sign-out":                     {prepare: one, end: logout, by: ports.EndedByUser, count: 1},
		"sign-out without a session":   {prepare: func(_, _ *browser) {}, end: logout},
		"sign-out twice":               {prepare: one, end: func(b, _ *browser) { logout(b, nil); logout(b, nil) }, by: ports.EndedByUser, count: 1},
		"sign-out of a copied session": {prepare: one, end: func(b, _ *browser) { copied := b.copy(); logout(b, nil); logout(copied, nil) }, by: ports.EndedByUser, count: 1},
		"one of the list": {prepare: both, end: func(b, _ *browser) {
			postSessions(b, endValue.FindAllStringSubmatch(b.get("/sessions").body, -1)[0][1])
		}, by: ports.EndedElsewhere, count: 1},
		"an unknown one of the list": {prepare: both, end: func(b, _ *browser) { postSessions(b, "unknown") }},
		"one of somebody else's list": {prepare: both, end: func(b, _ *browser) {
			id := endValue.FindAllStringSubmatch(b.get("/sessions").body, -1)[0][1]
			stranger := b.w.browser()
			stranger.mustSignIn(fakeidp.UserAdmin)
			postSessions(stranger, id)
		}},
		"all others":                    {prepare: both3, end: func(b, _ *browser) { postSessions(b, "others") }, by: ports.EndedElsewhere, count: 2},
		"all others, of which none is":  {prepare: one, end: func(b, _ *browser) { postSessions(b, "others") }},
		"front channel":                 {prepare: one, end: signsOutByFrame(sidOf), by: ports.EndedByFrontChannel, count: 1},
		"front channel, unknown":        {prepare: one, end: signsOutByFrame(func(*browser) string { return "unknown" })},
		"back channel by session":       {prepare: one, end: signsOutByToken("sid", "sub"), by: ports.EndedByBackChannel, count: 1},
		"back channel by person":        {prepare: both, end: signsOutByToken("sub"), by: ports.EndedByBackChannel, count: 2},
		"new sign-in":                   {prepare: one, end: again, by: ports.EndedByNewSignIn, count: 1},
		"new sign-in by form_post":      {env: map[string]string{"RESPONSE_MODE": "form_post"}, prepare: one, end: again, by: ports.EndedByNewSignIn, count: 1},
		"new sign-in after a sign-out":  {prepare: func(b, _ *browser) { one(b, nil); b.w.clock.Advance(time.Minute) }, end: func(b, _ *browser) { logout(b, nil); again(b, nil) }, by: ports.EndedByUser, count: 1},
		"new sign-in over an old one":   {prepare: one, end: func(b, _ *browser) { b.w.clock.Advance(66 * time.Minute); again(b, nil) }, by: ports.EndedByLimit, count: 1},
		"idle limit":                    {prepare: one, end: waits(66*time.Minute, "/", "/", "/sessions"), by: ports.EndedByLimit, count: 1},
		"idle limit, the next morning":  {prepare: one, end: waits(16*time.Hour, "/call_api", "/"), by: ports.EndedByLimit, count: 1},
		"idle limit, then a sign-out":   {prepare: one, end: func(b, _ *browser) { b.w.clock.Advance(66 * time.Minute); logout(b, nil) }, by: ports.EndedByLimit, count: 1},
		"idle limit, a late callback":   {prepare: one, end: waits(66*time.Minute, "/getAToken?state=old&code=old"), by: ports.EndedByLimit, count: 1},
		"idle limit, nobody comes back": {prepare: one, end: waits(2 * time.Hour)},
		"idle limit, forgotten":         {prepare: one, end: waits(26*time.Hour, "/")},
		"a short lifetime":              {env: map[string]string{"SESSION_LIFETIME": "10m"}, prepare: one, end: waits(10*time.Minute, "/"), by: ports.EndedByLimit, count: 1},
		"lifetime":                      {prepare: active(11*time.Hour + 30*time.Minute), end: waits(30*time.Minute, "/", "/"), by: ports.EndedByLimit, count: 1},
		"idle limit, two tabs at once": {prepare: one, end: func(b, _ *browser) {
			b.w.clock.Advance(66 * time.Minute)
			var all sync.WaitGroup
			for range 6 {
				all.Go(func() { b.get("/") })
			}
			all.Wait()
		}, by: ports.EndedByLimit, count: 1},
		"front channel after the limit": {prepare: one, end: func(b, _ *browser) {
			sid := sidOf(b)
			b.w.clock.Advance(66 * time.Minute)
			signsOutByFrame(func(*browser) string { return sid })(b, nil)
			waits(0, "/")(b, nil)
		}, by: ports.EndedByLimit, count: 1},
	}
}

// Each end of sessions is recorded as exactly one event with the person, the cause and
// the number of sessions, and the metrics count it. A request that ends no session
// records none.
func TestEachEndIsAuditedOnce(t *testing.T) {
	t.Parallel()
	for name, c := range ends() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := audited(t, c.env)
			b, other := w.browser(), w.browser()
			c.prepare(b, other)
			before := len(w.audits())
			c.end(b, other)
			events := w.since(before, ports.AuditSessionEnded)
			for _, cause := range []ports.AuditCause{
				ports.EndedByUser, ports.EndedElsewhere, ports.EndedByFrontChannel, ports.EndedByBackChannel, ports.EndedByNewSignIn, ports.EndedByLimit,
			} {
				want := 0
				if cause == c.by {
					want = c.count
				}
				assert.EqualValues(t, want, w.counter(fmt.Sprintf("webapp_sessions_ended_total{cause=%q}", cause)), cause)
			}
			if c.count == 0 {
				assert.Empty(t, events)
				return
			}
			require.Len(t, events, 1)
			assert.Equal(t, string(c.by), events[0]["by"])
			assert.EqualValues(t, c.count, events[0]["count"])
			assert.Equal(t, keyOf(fakeidp.UserMember), events[0]["user"])
			assert.Equal(t, fakeidp.ContosoTenantID, events[0]["tenant"])
			assert.NotContains(t, fmt.Sprint(events[0]), "@")
		})
	}
}

// The sessions that ended are recorded also if the others could not be ended.
func TestEndsBeforeAFailureAreAudited(t *testing.T) {
	w := audited(t, nil)
	b := w.browser()
	for range 3 {
		w.browser().mustSignIn(fakeidp.UserMember)
	}
	b.mustSignIn(fakeidp.UserMember)
	before := len(w.audits())
	w.failDelete(2)
	require.Equal(t, http.StatusServiceUnavailable, b.do(http.MethodPost, "/sessions", url.Values{"end": {"others"}}).StatusCode)
	w.store.SetFault(nil)
	postSessions(b, "others")
	var counts []any
	for _, e := range w.since(before, ports.AuditSessionEnded) {
		assert.Equal(t, keyOf(fakeidp.UserMember), e["user"])
		counts = append(counts, e["count"])
	}
	assert.Equal(t, []any{1.0, 2.0}, counts)
}

// failDelete makes the nth deletion of a session record fail.
func (w *world) failDelete(n int) {
	deletions := 0
	w.store.SetFault(func(call portstest.StoreCall) error {
		if call.Method != "Delete" || strings.Contains(call.Key, ".") {
			return nil
		}
		if deletions++; deletions != n {
			return nil
		}
		return errCut
	})
}

// All time series exist from the start, so that the first event is an increase.
func TestAuditMetricsBeginAtZero(t *testing.T) {
	w := audited(t, nil)
	for _, reason := range []string{"malformed sign-in callback", "sign-in declined", "tenant not allowed", "internal error"} {
		assert.Zero(t, w.counter(fmt.Sprintf(`webapp_sign_ins_total{outcome="refused",reason=%q}`, reason)))
	}
	w.browser().get("/getAToken?code=c")
	assert.EqualValues(t, 1, w.counter(`webapp_sign_ins_total{outcome="refused",reason="malformed sign-in callback"}`))
}
