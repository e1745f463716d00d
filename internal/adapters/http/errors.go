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

// Errors of this package. The others are in domain/errors.go.
var (
	errCrossOrigin = errors.New("request from another origin")
	errInternal    = errors.New("internal error")
	errClientGone  = errors.New("client disconnected")
	errBadForm     = errors.New("malformed form")
	errUnreadable  = errors.New("unreadable input")
	errNotFound    = errors.New("no such page")
	errMethod      = errors.New("method not allowed")

	errLongURL         = errors.New("the address is too long")
	errTooManyFields   = errors.New("too many parameters or form fields")
	errLargeHeader     = errors.New("the header is too large")
	errCookies         = errors.New("too many or too large cookies")
	errMediaType       = errors.New("the body is not a form")
	errTooManyInFlight = errors.New("too many concurrent requests of one client")
	errServerRefused   = errors.New("refused by the server before routing")

	// errAPI means that the API failed. Other errors of a request to the API are
	// errors of the user's token.
	errAPI     = errors.New("the API did not respond")
	errAPIBusy = fmt.Errorf("%w: too many requests are waiting for it", errAPI)
	errAPISlow = fmt.Errorf("%w in time", errAPI)
)

// errorPage is the response to one kind of error. Its texts are constant.
type errorPage struct {
	is     error // for errors.Is
	status int
	// name selects the texts error.NAME.heading and error.NAME.sentence (what
	// happened). The texts .why, .next (what the user can do) and .remedy (what an
	// administrator can do) are optional.
	name       string
	retryAfter time.Duration // Retry-After, 0 for none
	// signInAgain and retry add links to a new sign-in and to the same page.
	signInAgain, retry bool
	// retryPage makes the link of retry lead to the page that required the sign-in.
	// That page starts the sign-in again.
	retryPage bool
	// newTab adds a link that opens the same page in a new tab. In the first tab, a
	// reload then sends the form's entries again.
	newTab bool
	// keepsText means that the provider's error number does not change the heading,
	// the sentence and the next step. The user has already tried the next step that
	// the number's text suggests.
	keepsText bool
	// headingByNumber lets an error number change the heading to that of a refused
	// sign-in, because the number may mean that nobody declined anything.
	headingByNumber bool
	// view replaces the general error page. A viewError replaces both.
	view templates.View
}

func (p errorPage) retryAfterSeconds() string { return strconv.Itoa(int(p.retryAfter / time.Second)) }

// errorTable maps errors to responses. The first matching row applies, so specific
// errors come before general ones.
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
	{is: errStepUpFirst, status: http.StatusUnauthorized, name: "stepup", newTab: true},
	{is: domain.ErrNotRecent, status: http.StatusForbidden, name: "notrecent", retry: true, retryPage: true},
	{is: domain.ErrAuthContextMissing, status: http.StatusForbidden, name: "authcontext", retry: true, retryPage: true},
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

// viewError is an error with its own page.
type viewError struct {
	error
	view templates.View
}

// Unwrap returns the error without its page.
func (e *viewError) Unwrap() error { return e.error }

// The responses to unknown errors and to oversized bodies. Neither has a sentinel
// for a row in the table.
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

// asMaxBytes returns the error of an oversized body in err's tree.
func asMaxBytes(err error) (*http.MaxBytesError, bool) {
	return errors.AsType[*http.MaxBytesError](err)
}

// message returns the key of one text, such as error.NAME.heading.
func (p errorPage) message(part string) templates.Message {
	return templates.Message("error." + p.name + "." + part)
}

// errorTexts are the texts of an error page.
type errorTexts struct {
	heading, sentence, why, next templates.Message
	remedy                       templates.Message
}

// textsOf returns the texts of row, refined by the provider's error number if err
// has a known one. The number changes nothing but texts.
func (a *app) textsOf(row errorPage, err error) errorTexts {
	texts := errorTexts{
		heading: row.message("heading"), sentence: row.message("sentence"),
		why: a.optional(row.message("why")), next: a.optional(row.message("next")),
		remedy: a.optional(row.message("remedy")),
	}
	reported, ok := errors.AsType[*domain.ProviderError](err)
	if !ok {
		return texts
	}
	known, ok := a.pages.Explain(reported.NumberText())
	if !ok {
		return texts
	}
	texts.remedy = known.Remedy
	if row.keepsText {
		return texts
	}
	texts.sentence, texts.why, texts.next = known.Sentence, "", known.Next
	if known.Heading != "" {
		texts.heading = known.Heading
	} else if row.headingByNumber {
		texts.heading = "error.refused.heading"
	}
	return texts
}

// optional returns m if such a text exists, otherwise the empty Message.
func (a *app) optional(m templates.Message) templates.Message {
	if a.pages.Has(m) {
		return m
	}
	return ""
}
