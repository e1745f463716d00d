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

// audited is a world whose audit log and metrics are looked at.
func audited(t *testing.T, more map[string]string) *world {
	env := map[string]string{"LOG_FORMAT": "json", "METRICS_ADDR": "localhost:0"}
	for name, value := range more {
		env[name] = value
	}
	return newWorld(t, env)
}

// since returns the events of a kind after the first n of all.
func (w *world) since(n int, kind ports.AuditKind) (events []map[string]any) {
	for _, e := range w.audits()[n:] {
		if e["kind"] == string(kind) {
			events = append(events, e)
		}
	}
	return events
}

// counter reads one series of the scrape.
func (w *world) counter(series string) float64 {
	w.t.Helper()
	found := regexp.MustCompile("(?m)^" + regexp.QuoteMeta(series) + " (.+)$").FindStringSubmatch(w.scrape())
	require.Len(w.t, found, 2, "no series %s", series)
	n, err := strconv.ParseFloat(found[1], 64)
	require.NoError(w.t, err)
	return n
}

// keyOf is the audit log's name for somebody of Contoso.
func keyOf(username string) string {
	for _, a := range fakeidp.DefaultAccounts() {
		if a.Username == username {
			return "tid:" + a.Home.TenantID + " oid:" + a.Home.ObjectID
		}
	}
	return ""
}

// anEnd is a way in which a session ends.
type anEnd struct {
	env map[string]string
	// lead brings people to where it happens, in b and other browsers.
	lead func(b, other *browser)
	// end is what ends it.
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

// waits is a browser that comes back so much later, to these pages.
func waits(d time.Duration, pages ...string) func(b, other *browser) {
	return func(b, _ *browser) {
		b.w.clock.advance(d)
		for _, page := range pages {
			assert.NotContains(b.w.t, b.get(page).body, "Welcome ")
		}
	}
}

// active keeps the session from running idle, until d has passed.
func active(d time.Duration) func(b, other *browser) {
	return func(b, _ *browser) {
		one(b, nil)
		for end := b.w.clock.Now().Add(d); b.w.clock.Now().Before(end); {
			b.w.clock.advance(30 * time.Minute)
			require.True(b.w.t, b.signedIn())
		}
	}
}

// signsOutByToken is a back-channel logout of whom b's page names.
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

// ends are all ways in which sessions end, and those in which nothing does.
func ends() map[string]anEnd {
	again := func(b, _ *browser) {
		require.Equal(b.w.t, http.StatusSeeOther, b.signIn(fakeidp.UserMember).StatusCode)
	}
	both3 := func(b, other *browser) { both(b, other); one(b.w.browser(), nil) }
	return map[string]anEnd{
		"sign-out":                     {lead: one, end: logout, by: ports.EndedByUser, count: 1},
		"sign-out without a session":   {lead: func(_, _ *browser) {}, end: logout},
		"sign-out twice":               {lead: one, end: func(b, _ *browser) { logout(b, nil); logout(b, nil) }, by: ports.EndedByUser, count: 1},
		"sign-out of a copied session": {lead: one, end: func(b, _ *browser) { copied := b.copy(); logout(b, nil); logout(copied, nil) }, by: ports.EndedByUser, count: 1},
		"one of the list": {lead: both, end: func(b, _ *browser) {
			postSessions(b, endValue.FindAllStringSubmatch(b.get("/sessions").body, -1)[0][1])
		}, by: ports.EndedElsewhere, count: 1},
		"an unknown one of the list": {lead: both, end: func(b, _ *browser) { postSessions(b, "unknown") }},
		"one of somebody else's list": {lead: both, end: func(b, _ *browser) {
			id := endValue.FindAllStringSubmatch(b.get("/sessions").body, -1)[0][1]
			stranger := b.w.browser()
			stranger.mustSignIn(fakeidp.UserAdmin)
			postSessions(stranger, id)
		}},
		"all others":                    {lead: both3, end: func(b, _ *browser) { postSessions(b, "others") }, by: ports.EndedElsewhere, count: 2},
		"all others, of which none is":  {lead: one, end: func(b, _ *browser) { postSessions(b, "others") }},
		"front channel":                 {lead: one, end: signsOutByFrame(sidOf), by: ports.EndedByFrontChannel, count: 1},
		"front channel, unknown":        {lead: one, end: signsOutByFrame(func(*browser) string { return "unknown" })},
		"back channel by session":       {lead: one, end: signsOutByToken("sid", "sub"), by: ports.EndedByBackChannel, count: 1},
		"back channel by person":        {lead: both, end: signsOutByToken("sub"), by: ports.EndedByBackChannel, count: 2},
		"new sign-in":                   {lead: one, end: again, by: ports.EndedByNewSignIn, count: 1},
		"new sign-in by form_post":      {env: map[string]string{"RESPONSE_MODE": "form_post"}, lead: one, end: again, by: ports.EndedByNewSignIn, count: 1},
		"new sign-in after a sign-out":  {lead: func(b, _ *browser) { one(b, nil); b.w.clock.advance(time.Minute) }, end: func(b, _ *browser) { logout(b, nil); again(b, nil) }, by: ports.EndedByUser, count: 1},
		"new sign-in over an old one":   {lead: one, end: func(b, _ *browser) { b.w.clock.advance(66 * time.Minute); again(b, nil) }, by: ports.EndedByLimit, count: 1},
		"idle limit":                    {lead: one, end: waits(66*time.Minute, "/", "/", "/sessions"), by: ports.EndedByLimit, count: 1},
		"idle limit, the next morning":  {lead: one, end: waits(16*time.Hour, "/call_api", "/"), by: ports.EndedByLimit, count: 1},
		"idle limit, then a sign-out":   {lead: one, end: func(b, _ *browser) { b.w.clock.advance(66 * time.Minute); logout(b, nil) }, by: ports.EndedByLimit, count: 1},
		"idle limit, a late callback":   {lead: one, end: waits(66*time.Minute, "/getAToken?state=old&code=old"), by: ports.EndedByLimit, count: 1},
		"idle limit, nobody comes back": {lead: one, end: waits(2 * time.Hour)},
		"idle limit, forgotten":         {lead: one, end: waits(26*time.Hour, "/")},
		"a short lifetime":              {env: map[string]string{"SESSION_LIFETIME": "10m"}, lead: one, end: waits(10*time.Minute, "/"), by: ports.EndedByLimit, count: 1},
		"lifetime":                      {lead: active(11*time.Hour + 30*time.Minute), end: waits(30*time.Minute, "/", "/"), by: ports.EndedByLimit, count: 1},
		"idle limit, two tabs at once": {lead: one, end: func(b, _ *browser) {
			b.w.clock.advance(66 * time.Minute)
			var all sync.WaitGroup
			for range 6 {
				all.Go(func() { b.get("/") })
			}
			all.Wait()
		}, by: ports.EndedByLimit, count: 1},
		"front channel after the limit": {lead: one, end: func(b, _ *browser) {
			sid := sidOf(b)
			b.w.clock.advance(66 * time.Minute)
			signsOutByFrame(func(*browser) string { return sid })(b, nil)
			waits(0, "/")(b, nil)
		}, by: ports.EndedByLimit, count: 1},
	}
}

// Each way in which sessions end is exactly one event: of whom, by what, how
// many; and counts as much. Where nothing ends there is none.
func TestEachEndIsAuditedOnce(t *testing.T) {
	t.Parallel()
	for name, c := range ends() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := audited(t, c.env)
			b, other := w.browser(), w.browser()
			c.lead(b, other)
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

// What has ended is recorded also where the rest could not be ended.
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

// failDelete makes the nth deletion of a session fail.
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

// An event that is there for the first time is an increase.
func TestAuditMetricsBeginAtZero(t *testing.T) {
	w := audited(t, nil)
	for _, reason := range []string{"malformed sign-in callback", "sign-in declined", "tenant not allowed", "internal error"} {
		assert.Zero(t, w.counter(fmt.Sprintf(`webapp_sign_ins_total{outcome="refused",reason=%q}`, reason)))
	}
	w.browser().get("/getAToken?code=c")
	assert.EqualValues(t, 1, w.counter(`webapp_sign_ins_total{outcome="refused",reason="malformed sign-in callback"}`))
}
