package domain

import (
	"errors"
	"time"

	"webapp/internal/ports"
)

// Errors of the methods of Service. They wrap their cause, so compare with
// errors.Is.
var (
	// ErrNotSignedIn: the browser has no session, or its session has expired.
	ErrNotSignedIn = errors.New("not signed in")
	// ErrBadCallback: the callback does not have the parameters that the protocol
	// requires.
	ErrBadCallback = errors.New("malformed sign-in callback")
	// ErrTooManySignIns: too many sign-ins have begun from one network.
	ErrTooManySignIns = errors.New("too many sign-ins begun at one address")
	// ErrTooManyRefusals: the provider has refused too many authorization codes
	// from one network.
	ErrTooManyRefusals = errors.New("too many codes refused from one address")
	// ErrUnknownSignIn: this browser has no pending sign-in with that state. The
	// sign-in is already complete, or it began in another browser, or never.
	ErrUnknownSignIn = errors.New("no such sign-in in this browser")
	// ErrSignInExpired: the sign-in began too long ago.
	ErrSignInExpired = errors.New("sign-in took too long")
	// ErrSignInAgain: the person has done something other than a sign-in at the
	// provider, such as choosing a new password, and now has to sign in.
	ErrSignInAgain = errors.New("a sign-in has to follow")
	// ErrRefreshBusy: another request is still refreshing this session's tokens.
	// A try a moment later can succeed.
	ErrRefreshBusy = errors.New("token refresh in progress")
	// ErrSignInLoop: a page asks for a step-up sign-in again and again.
	ErrSignInLoop = errors.New("the same page asked for a sign-in too often")
	// ErrNotRecent: the user's authentication at the provider is older than a page
	// permits, or the ID token does not say when it was (auth_time).
	ErrNotRecent = errors.New("authentication is not recent")
	// ErrAuthContextMissing: the user's sign-in does not satisfy the authentication
	// context that a page requires (acrs).
	ErrAuthContextMissing = errors.New("authentication context is missing")
	// ErrConsentRefused: an administrator did not consent for the organization.
	ErrConsentRefused = errors.New("administrator did not consent")
	// ErrUnsupported: the identity provider does not support this.
	ErrUnsupported = errors.New("not supported by the identity provider")
	// ErrDirectory: the provider's directory failed to return the user's groups.
	ErrDirectory = errors.New("directory lookup failed")
	// ErrDirectoryRefused: the directory does not allow the application to read
	// the user's groups.
	ErrDirectoryRefused = errors.New("directory lookup refused")
	// ErrSubjectNotAllowed: the sign-in is valid, but the person is not one of
	// Config.AllowedSubjects.
	ErrSubjectNotAllowed = errors.New("subject not allowed")
	// ErrRoleMissing: the user does not have the role that a page needs.
	ErrRoleMissing = errors.New("role missing")
	// ErrGroupMissing: the user belongs to none of the demanded groups.
	ErrGroupMissing = errors.New("group missing")
)

// Errors of the ports that the methods of Service return. An inbound adapter
// imports this package and not package ports, so it finds them here.
var (
	ErrDeclined            = ports.ErrDeclined
	ErrPasswordForgotten   = ports.ErrPasswordForgotten
	ErrInteractionRequired = ports.ErrInteractionRequired
	ErrProviderPending     = ports.ErrProviderPending
	ErrProviderRefused     = ports.ErrProviderRefused
	ErrProviderSetup       = ports.ErrProviderSetup
	ErrProviderUnavailable = ports.ErrProviderUnavailable
	ErrTokenRefused        = ports.ErrTokenRefused
	ErrTenantNotAllowed    = ports.ErrTenantNotAllowed
	ErrStoreUnavailable    = ports.ErrStoreUnavailable
)

// Values of the ports that the methods of Service take and return.
type (
	// Callback contains the parameters of the provider's redirect.
	Callback = ports.Callback
	// Claim is one claim of an ID token as text.
	Claim = ports.Claim
	// ProviderError is an error that the provider itself reported.
	ProviderError = ports.ProviderError
	// Flow is something that a person can do at the provider.
	Flow = ports.Flow
)

// The flows other than the sign-in, which is the zero Flow.
const (
	FlowSignUp        = ports.FlowSignUp
	FlowEditProfile   = ports.FlowEditProfile
	FlowResetPassword = ports.FlowResetPassword
)

// CodeRefused reports whether err means that the provider refused an authorization
// code. It returns false if the provider failed, and for invalid_client and
// unauthorized_client, which concern the application's registration (RFC 6749,
// section 5.2).
func CodeRefused(err error) bool {
	reported, ok := errors.AsType[*ProviderError](err)
	return errors.Is(err, ports.ErrCodeRefused) || ok && !errors.Is(err, ErrProviderUnavailable) &&
		reported.Code != "invalid_client" && reported.Code != "unauthorized_client"
}

// SignInFailure is the error of a sign-in that began in this browser.
type SignInFailure struct {
	// ReturnTo is the local path that the person wanted to open. The link to try
	// again contains it.
	ReturnTo string
	Cause    error
}

// Error returns the text of the cause.
func (e *SignInFailure) Error() string { return "sign-in failed: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *SignInFailure) Unwrap() error { return e.Cause }

// InteractionRequired is the error of AccessToken and CheckSignIn if the person has to
// sign in again. Pass it to StepUp.
type InteractionRequired struct {
	// Scopes are the scopes of the API, or none.
	Scopes []string
	// Claims is the claims request of an API (insufficient_claims), or empty.
	Claims string
	// MaxAge and ACRValues are the max_age and acr_values that an API requires
	// (insufficient_user_authentication, RFC 9470, section 3). They are nil if it
	// requires none.
	MaxAge    *time.Duration
	ACRValues []string
	// SignIn is the requirement of a page of this application. If it requires
	// something, Claims and MaxAge come from it.
	SignIn SignInRequirement
	Cause  error
}

// Error returns the text of the cause.
func (e *InteractionRequired) Error() string {
	if e.Cause == nil {
		return "interactive sign-in required"
	}
	return "interactive sign-in required: " + e.Cause.Error()
}

// Unwrap returns the cause, which may be nil.
func (e *InteractionRequired) Unwrap() error { return e.Cause }

// Is reports whether target is ErrInteractionRequired.
func (e *InteractionRequired) Is(target error) bool { return target == ErrInteractionRequired }
