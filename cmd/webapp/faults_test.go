package main

import (
	"net/http"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/apptest"
)

// step is the request of a person that makes the program ask somebody.
type step func(headers ...string) reply

// faultPlace is a call of the program to somebody else.
type faultPlace struct {
	name     string
	endpoint fakeidp.Endpoint
	// most is how often one step may ask there.
	most int
	// lead brings a person to the step that asks there.
	lead func(b *browser) step
	// repeat: the step can be taken again as it is. One that is a callback
	// cannot: its state is spent.
	repeat bool
	// signedIn: the person is, before the step and whatever comes of it.
	signedIn bool
	// provider changes the demo provider; nil leaves it as it is.
	provider func(*fakeidp.Config)
	// atAPI: an API fails and not the provider, which is another story to tell.
	atAPI bool
}

// faultPlaces are all of them.
func faultPlaces() []faultPlace {
	return []faultPlace{
		{name: "discovery", endpoint: fakeidp.EndpointMetadata, most: 2, lead: leadToLogin, repeat: true},
		{name: "discovery at the callback", endpoint: fakeidp.EndpointMetadata, most: 2, lead: leadToCallbackAfterStart},
		{name: "pushed request", endpoint: fakeidp.EndpointPushed, most: 1, lead: leadToPush, repeat: true, provider: pushedRequests},
		{name: "keys", endpoint: fakeidp.EndpointKeys, most: 2, lead: leadToCallbackAfterStart},
		{name: "token for a code", endpoint: fakeidp.EndpointToken, most: 1, lead: leadToCallback},
		{name: "token by refresh", endpoint: fakeidp.EndpointToken, most: 2, lead: leadToRefresh, repeat: true, signedIn: true},
		{name: "API", endpoint: fakeidp.EndpointMe, most: 1, lead: leadToAPI, repeat: true, signedIn: true, atAPI: true},
	}
}

// leadToLogin is the first sign-in after a start.
func leadToLogin(b *browser) step {
	b.w.restart()
	return func(headers ...string) reply { return b.get("/login?return_to=/call_api", headers...) }
}

func leadToPush(b *browser) step {
	return func(headers ...string) reply { return b.get("/login?return_to=/call_api", headers...) }
}

func leadToCallback(b *browser) step {
	answer := b.approve(b.begin("/login?return_to=/call_api"), fakeidp.UserMember)
	return func(headers ...string) reply { return b.get(answer.URL(), headers...) }
}

// leadToCallbackAfterStart lets the program start while the person is at the
// provider: what it knew is forgotten.
func leadToCallbackAfterStart(b *browser) step {
	back := leadToCallback(b)
	b.w.restart()
	return back
}

func leadToAPI(b *browser) step {
	apptest.NeedsPage(b.w.t, "/call_api")
	b.mustSignIn(fakeidp.UserMember)
	return func(headers ...string) reply { return b.get("/call_api", headers...) }
}

// leadToRefresh lets the access token end.
func leadToRefresh(b *browser) step {
	ask := leadToAPI(b)
	b.w.clock.advance(66 * time.Minute)
	return ask
}

// checkSuccess judges the answer of a step where nothing fails.
func (p faultPlace) checkSuccess(b *browser, r reply) {
	t := b.w.t
	switch {
	case p.signedIn:
		assert.Equal(t, http.StatusOK, r.StatusCode, r.body)
		assert.Contains(t, r.body, "userPrincipalName")
	case p.repeat:
		assert.Equal(t, http.StatusSeeOther, r.StatusCode, r.body)
		assert.True(t, strings.HasPrefix(r.Header.Get("Location"), b.w.idp.BaseURL()))
	default:
		assert.Equal(t, http.StatusSeeOther, r.StatusCode, r.body)
		assert.Equal(t, "/call_api", r.Header.Get("Location"))
	}
}

// checkFailure judges the page that tells the person.
func (p faultPlace) checkFailure(b *browser, k faultKind, r reply) {
	t := b.w.t
	assert.Regexp(t, `<a [^>]*href="/`, r.body, "a way on")
	if p.signedIn {
		assert.Empty(t, r.Cookies(), "no cookie is taken away")
	}
	if p.atAPI {
		assert.Equal(t, k.apiStatus, r.StatusCode, r.body)
		assert.Contains(t, r.body, k.apiSays)
		assert.NotContains(t, r.body, portal, "what an API says is text and no page")
		return
	}
	assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode, r.body)
	assert.Equal(t, "10", r.Header.Get("Retry-After"))
	assert.Contains(t, r.body, "The sign-in service cannot be reached")
	assert.Contains(t, r.body, "Users who are already signed in stay signed in")
	assert.Contains(t, r.body, `href="/login`, "signing in again is offered")
}

// checkProblem judges what a program is told.
func (p faultPlace) checkProblem(b *browser, r reply) {
	t := b.w.t
	assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode, r.body)
	assert.Equal(t, "application/problem+json", r.Header.Get("Content-Type"))
	assert.Equal(t, "10", r.Header.Get("Retry-After"))
	assert.Contains(t, r.body, `"status":503`)
}

// faultKind is one way in which somebody whom the program asks can fail.
type faultKind struct {
	name string
	// fault says what the endpoint does; elsewhere is an address that is not
	// the provider's. Without it the whole provider is down.
	fault func(w *world, elsewhere string) fakeidp.Fault
	// endless: no answer ever comes, or no end of one, so that a limit of time
	// has to end the call.
	endless bool
	// passing: the second request is answered again.
	passing bool
	// What our page says where it is the API that fails. An answer that cannot
	// be used is an answer all the same, and shown.
	apiStatus int
	apiSays   string
}

// slow names the one kind that brings the right answer, when it is healed.
const slow = "slow"

// slow says whether the right answer comes all the same.
func (k faultKind) slow() bool { return k.name == slow }

// waits says whether whoever asks has to.
func (k faultKind) waits() bool { return k.endless || k.slow() }

// rightAt says whether the person gets what they came for.
func (k faultKind) rightAt(p faultPlace) bool {
	return k.slow() || k.passing && !p.atAPI && p.most > 1
}

// always is a fault that is the same in every world.
func always(f fakeidp.Fault) func(*world, string) fakeidp.Fault {
	return func(*world, string) fakeidp.Fault { return f }
}

const (
	apiSilent  = "The API did not respond"
	apiTooMany = "too many requests"
	apiTrouble = "an internal problem"
	portal     = "<h1>Guest network: please sign in</h1>"
)

// faultKinds are all of them, as the issue names them.
func faultKinds() []faultKind {
	return []faultKind{
		{"down", nil, false, false, 502, apiSilent},
		{"silent", always(fakeidp.Fault{Hang: true}), true, false, 504, apiSilent},
		{slow, always(fakeidp.Fault{Hang: true}), false, false, 200, "userPrincipalName"},
		{"dripping", always(fakeidp.Fault{Drip: 50 * time.Millisecond, Body: `{"`}), true, false, 504, apiSilent},
		{"huge", always(fakeidp.Fault{Size: 50 << 20}), false, false, 200, "beginning"},
		{"bomb", always(fakeidp.Fault{Size: 8 << 20, Gzip: true}), false, false, 200, "beginning"},
		{"huge in JSON", always(fakeidp.Fault{Body: `{"keys":[`, Size: 50 << 20}), false, false, 200, "beginning"},
		{"a page of HTML", always(fakeidp.Fault{Body: portal, ContentType: "text/html"}), false, false, 200, "&lt;h1&gt;Guest network"},
		{"another type", always(fakeidp.Fault{Body: "\x89PNG\x00\xff", ContentType: "image/png"}), false, false, 200, "PNG"},
		{"no JSON", always(fakeidp.Fault{Body: "upstream connect error"}), false, false, 200, "upstream connect error"},
		{"half of a JSON", always(fakeidp.Fault{Body: `{"issuer":"htt`}), false, false, 200, "issuer"},
		{"429", always(fakeidp.Fault{Status: http.StatusTooManyRequests}), false, false, 200, apiTooMany},
		{"429 for a second", always(fakeidp.Fault{Status: http.StatusTooManyRequests, RetryAfter: "1"}), false, false, 200, apiTooMany},
		{"429 for an hour", always(fakeidp.Fault{Status: http.StatusTooManyRequests, RetryAfter: "3600"}), false, false, 200, apiTooMany},
		{"429 until a date", untilDate, false, false, 200, apiTooMany},
		{"500 once", always(fakeidp.Fault{Status: http.StatusInternalServerError, Times: 1}), false, true, 200, apiTrouble},
		{"500", always(fakeidp.Fault{Status: http.StatusInternalServerError, Body: portal, ContentType: "text/html"}), false, false, 200, apiTrouble},
		{"503", always(fakeidp.Fault{Status: http.StatusServiceUnavailable, RetryAfter: "1"}), false, false, 200, apiTrouble},
		{"cut in the middle", always(fakeidp.Fault{Body: `{"issuer":"https://`, CutAfter: 12}), false, false, 502, apiSilent},
		{"redirect elsewhere", redirectElsewhere, false, false, 200, "Redirects are not followed"},
	}
}

// untilDate asks for a second of patience, as a date.
func untilDate(w *world, _ string) fakeidp.Fault {
	at := w.clock.Now().Add(time.Second).UTC().Format(http.TimeFormat)
	return fakeidp.Fault{Status: http.StatusTooManyRequests, RetryAfter: at}
}

func redirectElsewhere(_ *world, elsewhere string) fakeidp.Fault {
	return fakeidp.Fault{Status: http.StatusTemporaryRedirect, Location: elsewhere}
}
