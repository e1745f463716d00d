package http

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"webapp/internal/domain"
	"webapp/templates"
)

// Errors that arise at this edge.
var (
	errCrossOrigin = errors.New("request from another origin")
	errInternal    = errors.New("internal error")
	errClientGone  = errors.New("client went away")
	errBadForm     = errors.New("malformed form")
	errUnreadable  = errors.New("unreadable input")
	errDirectory   = errors.New("directory lookup failed")
	errNotFound    = errors.New("no such page")
	errMethod      = errors.New("method not allowed")
)

// answer is what a kind of error looks like from outside. All its text is
// constant.
type answer struct {
	is     error // matched by errors.Is
	status int
	// name leads to the texts error.NAME.heading, .sentence (what happened)
	// and, where there are, .why, .next (what to do) and .remedy (what an
	// administrator can do).
	name       string
	retryAfter time.Duration // Retry-After, 0 for none
	// signInAgain and retry offer links that start a sign-in, or ask for the
	// same page again.
	signInAgain, retry bool
	// page stands in place of the error page. An error may bring its own.
	page templates.View
}

func (a answer) retryAfterSeconds() string { return strconv.Itoa(int(a.retryAfter / time.Second)) }

// answers is in order: the first that matches counts, so the particular stands
// before the general.
func answers() []answer {
	return []answer{
		{is: errClientGone, status: 499, name: "cancelled"},
		{is: errNotFound, status: http.StatusNotFound, name: "notfound", page: templates.NotFound{}},
		{is: errMethod, status: http.StatusMethodNotAllowed, name: "method", page: templates.MethodNotAllowed{}},
		{is: errCrossOrigin, status: http.StatusForbidden, name: "origin"},
		{is: domain.ErrStoreUnavailable, status: http.StatusServiceUnavailable, name: "store",
			retryAfter: 5 * time.Second, retry: true},
		{is: domain.ErrRefreshBusy, status: http.StatusServiceUnavailable, name: "busy",
			retryAfter: 5 * time.Second, retry: true},
		{is: domain.ErrTooManySignIns, status: http.StatusTooManyRequests, name: "toomany",
			retryAfter: 10 * time.Second, signInAgain: true},
		{is: errCrowded, status: http.StatusServiceUnavailable, name: "crowded",
			retryAfter: 5 * time.Second, retry: true},
		{is: errLongURL, status: http.StatusRequestURITooLong, name: "longurl"},
		{is: errTooManyFields, status: http.StatusBadRequest, name: "fields"},
		{is: errCookies, status: http.StatusRequestHeaderFieldsTooLarge, name: "cookies"},
		{is: errLargeHeader, status: http.StatusRequestHeaderFieldsTooLarge, name: "toolarge"},
		{is: errMediaType, status: http.StatusUnsupportedMediaType, name: "mediatype"},
		{is: errBadForm, status: http.StatusBadRequest, name: "form"},
		{is: domain.ErrSignInLoop, status: http.StatusForbidden, name: "loop"},
		{is: domain.ErrRoleMissing, status: http.StatusForbidden, name: "role"},
		{is: domain.ErrBadCallback, status: http.StatusBadRequest, name: "callback", signInAgain: true},
		{is: domain.ErrSignInExpired, status: http.StatusBadRequest, name: "expired", signInAgain: true},
		{is: domain.ErrUnknownSignIn, status: http.StatusBadRequest, name: "unknown", signInAgain: true},
		{is: domain.ErrTenantNotAllowed, status: http.StatusForbidden, name: "tenant", signInAgain: true},
		{is: domain.ErrDeclined, status: http.StatusForbidden, name: "declined", signInAgain: true},
		{is: errDirectory, status: http.StatusServiceUnavailable, name: "directory",
			retryAfter: 10 * time.Second, retry: true},
		{is: domain.ErrProviderUnavailable, status: http.StatusServiceUnavailable, name: "unavailable",
			retryAfter: 10 * time.Second, retry: true, signInAgain: true},
		{is: domain.ErrTokenRefused, status: http.StatusForbidden, name: "unverified", signInAgain: true},
		{is: domain.ErrProviderRefused, status: http.StatusForbidden, name: "refused", signInAgain: true},
		{is: domain.ErrInteractionRequired, status: http.StatusForbidden, name: "interaction", signInAgain: true},
		{is: domain.ErrUnsupported, status: http.StatusNotImplemented, name: "unsupported"},
		{is: domain.ErrNotSignedIn, status: http.StatusUnauthorized, name: "anonymous", signInAgain: true},
		{is: errAPIBusy, status: http.StatusServiceUnavailable, name: "apibusy", retryAfter: 10 * time.Second, retry: true},
		{is: errAPISlow, status: http.StatusGatewayTimeout, name: "api", retry: true},
		{is: errAPI, status: http.StatusBadGateway, name: "api", retry: true},
	}
}

// shownError is an error that brings its page.
type shownError struct {
	error
	page templates.View
}

// Unwrap returns the error without its page.
func (e *shownError) Unwrap() error { return e.error }

// internal is the answer to every error that the table does not know.
func internal() answer {
	return answer{status: http.StatusInternalServerError, name: "internal", retry: true}
}

func tooLarge() answer {
	return answer{status: http.StatusRequestEntityTooLarge, name: "toolarge"}
}

// answerTo finds the answer to err.
func answerTo(err error) answer {
	if _, ok := asMaxBytes(err); ok {
		return tooLarge()
	}
	for _, a := range answers() {
		if errors.Is(err, a.is) {
			return a
		}
	}
	return internal()
}

// asMaxBytes finds the error of a body that was too large.
func asMaxBytes(err error) (*http.MaxBytesError, bool) {
	return errors.AsType[*http.MaxBytesError](err)
}
