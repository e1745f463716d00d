package http

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"webapp/internal/domain"
	"webapp/templates"
)

// Errors that arise in this package. Those of the domain stand in domain/errors.go.
var (
	errCrossOrigin = errors.New("request from another origin")
	errInternal    = errors.New("internal error")
	errClientGone  = errors.New("client went away")
	errBadForm     = errors.New("malformed form")
	errUnreadable  = errors.New("unreadable input")
	errNotFound    = errors.New("no such page")
	errMethod      = errors.New("method not allowed")

	errLongURL       = errors.New("the address is too long")
	errTooManyFields = errors.New("too many parameters or form fields")
	errLargeHeader   = errors.New("the header is too large")
	errCookies       = errors.New("too many or too large cookies")
	errMediaType     = errors.New("the body is no plain form")
	// errTooManyInFlight: the client has too many requests under way.
	errTooManyInFlight = errors.New("too many requests of one client at once")
	// errServerRefused: the server refused the request before it reached a handler.
	errServerRefused = errors.New("refused by the server before it was read")

	// errAPI says that the API itself failed. Other errors of a call are about
	// the user's token.
	errAPI     = errors.New("the API did not answer")
	errAPIBusy = fmt.Errorf("%w: it has not been asked", errAPI)
	errAPISlow = fmt.Errorf("%w in time", errAPI)
)

// errorPage describes the response to one kind of error. All its text is
// constant.
type errorPage struct {
	is     error // matched by errors.Is
	status int
	// name leads to the texts error.NAME.heading, .sentence (what happened)
	// and, if there are any, .why, .next (what to do) and .remedy (what an
	// administrator can do).
	name       string
	retryAfter time.Duration // Retry-After, 0 for none
	// signInAgain and retry offer links that start a sign-in, or ask for the
	// same page again.
	signInAgain, retry bool
	// keepsText: the provider's error number changes only the remedy, because
	// the person has already done what the number's text suggests.
	keepsText bool
	// headingByNumber: an error number changes the heading, because the person
	// need not have said no.
	headingByNumber bool
	// view replaces the general error page. An error may bring its own.
	view templates.View
}

func (p errorPage) retryAfterSeconds() string { return strconv.Itoa(int(p.retryAfter / time.Second)) }

// errorTable is in order: the first row that matches counts, so the particular
// stands before the general.
var errorTable = []errorPage{
	{is: errClientGone, status: 499, name: "cancelled"},
	{is: errNotFound, status: http.StatusNotFound, name: "notfound", view: templates.NotFound{}},
	{is: errMethod, status: http.StatusMethodNotAllowed, name: "method", view: templates.MethodNotAllowed{}},
	{is: errCrossOrigin, status: http.StatusForbidden, name: "origin"},
	{is: domain.ErrStoreUnavailable, status: http.StatusServiceUnavailable, name: "store",
		retryAfter: 5 * time.Second, retry: true},
	{is: domain.ErrRefreshBusy, status: http.StatusServiceUnavailable, name: "busy",
		retryAfter: 5 * time.Second, retry: true},
	{is: domain.ErrTooManySignIns, status: http.StatusTooManyRequests, name: "toomany",
		retryAfter: 10 * time.Second, signInAgain: true},
	{is: domain.ErrTooManyRefusals, status: http.StatusTooManyRequests, name: "toomanyrefused",
		retryAfter: time.Minute, signInAgain: true},
	{is: errTooManyInFlight, status: http.StatusServiceUnavailable, name: "crowded",
		retryAfter: 5 * time.Second, retry: true},
	{is: errLongURL, status: http.StatusRequestURITooLong, name: "longurl"},
	{is: errTooManyFields, status: http.StatusBadRequest, name: "fields"},
	{is: errCookies, status: http.StatusRequestHeaderFieldsTooLarge, name: "cookies"},
	{is: errLargeHeader, status: http.StatusRequestHeaderFieldsTooLarge, name: "toolarge"},
	{is: errMediaType, status: http.StatusUnsupportedMediaType, name: "mediatype"},
	{is: errBadForm, status: http.StatusBadRequest, name: "form"},
	{is: domain.ErrSignInLoop, status: http.StatusForbidden, name: "loop", keepsText: true},
	{is: domain.ErrRoleMissing, status: http.StatusForbidden, name: "role"},
	{is: domain.ErrConsentRefused, status: http.StatusForbidden, name: "consent", keepsText: true},
	{is: domain.ErrNotSignedIn, status: http.StatusUnauthorized, name: "anonymous", signInAgain: true},
	{is: domain.ErrBadCallback, status: http.StatusBadRequest, name: "callback", signInAgain: true},
	{is: domain.ErrSignInExpired, status: http.StatusBadRequest, name: "expired", signInAgain: true},
	{is: domain.ErrUnknownSignIn, status: http.StatusBadRequest, name: "unknown", signInAgain: true},
	{is: domain.ErrTenantNotAllowed, status: http.StatusForbidden, name: "tenant", signInAgain: true},
	{is: domain.ErrSubjectNotAllowed, status: http.StatusForbidden, name: "subject", signInAgain: true},
	{is: domain.ErrDeclined, status: http.StatusForbidden, name: "declined", signInAgain: true, headingByNumber: true},
	{is: domain.ErrDirectoryRefused, status: http.StatusForbidden, name: "directoryrefused"},
	{is: domain.ErrDirectory, status: http.StatusServiceUnavailable, name: "directory",
		retryAfter: 10 * time.Second, retry: true},
	{is: domain.ErrProviderSetup, status: http.StatusServiceUnavailable, name: "setup", retryAfter: time.Minute},
	{is: domain.ErrProviderUnavailable, status: http.StatusServiceUnavailable, name: "unavailable",
		retryAfter: 10 * time.Second, retry: true, signInAgain: true},
	{is: domain.ErrTokenRefused, status: http.StatusForbidden, name: "unverified", signInAgain: true},
	{is: domain.ErrProviderRefused, status: http.StatusForbidden, name: "refused", signInAgain: true},
	{is: domain.ErrInteractionRequired, status: http.StatusForbidden, name: "interaction", signInAgain: true},
	{is: domain.ErrUnsupported, status: http.StatusNotImplemented, name: "unsupported"},
	{is: errAPIBusy, status: http.StatusServiceUnavailable, name: "apibusy", retryAfter: 10 * time.Second, retry: true},
	{is: errAPISlow, status: http.StatusGatewayTimeout, name: "api", retry: true},
	{is: errAPI, status: http.StatusBadGateway, name: "api", retry: true},
}

// viewError is an error with a page of its own.
type viewError struct {
	error
	page templates.View
}

// Unwrap returns the error without its page.
func (e *viewError) Unwrap() error { return e.error }

// Errors that have no row in the table.
var (
	internalPage = errorPage{status: http.StatusInternalServerError, name: "internal", retry: true}
	tooLargePage = errorPage{status: http.StatusRequestEntityTooLarge, name: "toolarge"}
)

// errorPageFor returns the response to err.
func errorPageFor(err error) errorPage {
	if _, ok := asMaxBytes(err); ok {
		return tooLargePage
	}
	for _, p := range errorTable {
		if errors.Is(err, p.is) {
			return p
		}
	}
	return internalPage
}

// asMaxBytes finds the error of a body that is too large.
func asMaxBytes(err error) (*http.MaxBytesError, bool) {
	return errors.AsType[*http.MaxBytesError](err)
}

// message returns the name of one text of a kind of error.
func (p errorPage) message(part string) templates.Message {
	return templates.Message("error." + p.name + "." + part)
}

// wording is what an error page says, apart from its numbers.
type wording struct {
	heading, sentence, why, next templates.Message
	remedy                       templates.Message
}

// wording returns the words for an error: those of its kind, made more exact by
// a provider's error number that we know. The number changes words only; the
// kind decides everything else.
func (a *app) wording(row errorPage, err error) wording {
	w := wording{
		heading: row.message("heading"), sentence: row.message("sentence"),
		why: a.optional(row.message("why")), next: a.optional(row.message("next")),
		remedy: a.optional(row.message("remedy")),
	}
	reported, ok := errors.AsType[*domain.ProviderError](err)
	if !ok {
		return w
	}
	known, ok := a.pages.Explain(reported.NumberText())
	if !ok {
		return w
	}
	w.remedy = known.Remedy
	if row.keepsText {
		return w
	}
	w.sentence, w.why, w.next = known.Sentence, "", known.Next
	if known.Heading != "" {
		w.heading = known.Heading
	} else if row.headingByNumber {
		w.heading = "error.refused.heading"
	}
	return w
}

// optional returns m if such a text exists, otherwise the empty Message.
func (a *app) optional(m templates.Message) templates.Message {
	if a.pages.Has(m) {
		return m
	}
	return ""
}
