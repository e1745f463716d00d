package http

import (
	"errors"
	"net/http"
	"time"

	"webapp/internal/domain"
)

// Errors that arise at this edge.
var (
	errCrossOrigin = errors.New("request from another origin")
	errInternal    = errors.New("internal error")
	errClientGone  = errors.New("client went away")
	errUnreadable  = errors.New("unreadable input")
)

// answer is what a kind of error looks like from outside. All its text is
// constant.
type answer struct {
	is         error // matched by errors.Is
	status     int
	heading    string
	sentence   string        // what happened
	why        string        // may be empty
	next       string        // what to do
	retryAfter time.Duration // Retry-After, 0 for none
	// signInAgain and retry offer links that start a sign-in, or ask for the
	// same page again.
	signInAgain, retry bool
}

// answers is in order: the first that matches counts, so the particular stands
// before the general.
func answers() []answer {
	return []answer{
		{is: errClientGone, status: 499, heading: "Request cancelled", sentence: "The browser ended the request before the answer was ready."},
		{is: errCrossOrigin, status: http.StatusForbidden, heading: "Request refused",
			sentence: "This request came from another site, so nothing was done.",
			why:      "Only pages of this application may send it.",
			next:     "Open this application and try from there."},
		{is: domain.ErrStoreUnavailable, status: http.StatusServiceUnavailable, heading: "Please try again in a moment",
			sentence: "The place where sessions are kept does not answer. You have not been signed out.",
			next:     "Wait a few seconds and try again.", retryAfter: 5 * time.Second, retry: true},
		{is: domain.ErrBadCallback, status: http.StatusBadRequest, heading: "This sign-in link is not valid",
			sentence: "The answer that came back from the sign-in page is incomplete or was changed.",
			next:     "Start again from the start page.", signInAgain: true},
		{is: domain.ErrSignInExpired, status: http.StatusBadRequest, heading: "The sign-in took too long",
			sentence: "A sign-in has to be finished within 15 minutes.",
			next:     "Sign in again.", signInAgain: true},
		{is: domain.ErrUnknownSignIn, status: http.StatusBadRequest, heading: "This sign-in cannot be finished here",
			sentence: "It was started in another browser, has been used already, or is too old.",
			why:      "Every sign-in works once, and only in the browser that started it. Cookies have to be allowed.",
			next:     "Sign in again.", signInAgain: true},
		{is: domain.ErrTenantNotAllowed, status: http.StatusForbidden, heading: "Your organization cannot sign in here",
			sentence: "You signed in, but this application does not accept accounts of your organization.",
			next:     "Use another account, or ask the administrator of this application to allow your organization.", signInAgain: true},
		{is: domain.ErrDeclined, status: http.StatusForbidden, heading: "Sign-in was cancelled",
			sentence: "You, or an administrator, declined the sign-in or the permissions this application asks for.",
			next:     "If that was not what you wanted, sign in again and accept.", signInAgain: true},
		{is: domain.ErrProviderUnavailable, status: http.StatusServiceUnavailable, heading: "The sign-in service cannot be reached",
			sentence: "The service that signs you in does not answer, or has a problem.",
			why:      "This application is working; people who are signed in stay signed in.",
			next:     "Wait a moment and try again.", retryAfter: 10 * time.Second, retry: true, signInAgain: true},
		{is: domain.ErrTokenRefused, status: http.StatusForbidden, heading: "The sign-in could not be verified",
			sentence: "The sign-in service answered, but its answer did not pass this application's security checks.",
			next:     "Sign in again. If it happens again, give the details below to your administrator.", signInAgain: true},
		{is: domain.ErrProviderRefused, status: http.StatusForbidden, heading: "The sign-in service refused the sign-in",
			sentence: "Your account or this application is not set up for this sign-in.",
			next:     "Try another account, or give the details below to your administrator.", signInAgain: true},
		{is: domain.ErrInteractionRequired, status: http.StatusForbidden, heading: "Please sign in again",
			sentence: "The sign-in service wants to see you before it goes on.",
			next:     "Sign in again; you come back to this page.", signInAgain: true},
		{is: domain.ErrNotSignedIn, status: http.StatusUnauthorized, heading: "Please sign in",
			sentence: "This page needs you to be signed in.", next: "Sign in and try again.", signInAgain: true},
	}
}

// internal is the answer to every error that the table does not know.
func internal() answer {
	return answer{status: http.StatusInternalServerError, heading: "Something went wrong",
		sentence: "This application made a mistake. It has been written to its log.",
		next:     "Try again. If it happens again, give the details below to your administrator.", retry: true}
}

// answerTo finds the answer to err.
func answerTo(err error) answer {
	if _, ok := asMaxBytes(err); ok {
		return answer{status: http.StatusRequestEntityTooLarge, heading: "The request is too large",
			sentence: "The browser sent more than this application accepts.", next: "Start again from the start page."}
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
