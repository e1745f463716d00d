package main

import (
	"net/http"
	"time"

	"webapp/internal/adapters/fakeidp"
)

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
