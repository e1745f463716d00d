package domain

import (
	"errors"

	"webapp/internal/ports"
)

// Errors of the use cases. Compare with errors.Is; a cause is always wrapped.
var (
	// ErrNotSignedIn: the browser has no session, or its session is over.
	ErrNotSignedIn = errors.New("not signed in")
	// ErrBadCallback: the provider's answer is not of the protocol's form.
	ErrBadCallback = errors.New("malformed sign-in callback")
	// ErrTooManySignIns: more sign-ins have begun at one address than people
	// begin.
	ErrTooManySignIns = errors.New("too many sign-ins begun at one address")
	// ErrTooManyRefusals: the provider has refused more codes that came from one
	// address than people bring.
	ErrTooManyRefusals = errors.New("too many codes refused from one address")
	// ErrUnknownSignIn: no sign-in of that state is pending in this browser.
	// It was never begun here, has been completed, or was begun in another
	// browser.
	ErrUnknownSignIn = errors.New("no such sign-in in this browser")
	// ErrSignInExpired: the sign-in was begun too long ago.
	ErrSignInExpired = errors.New("sign-in took too long")
	// ErrRefreshBusy: another request is renewing this session's tokens and has
	// not finished in time. Trying again in a moment helps.
	ErrRefreshBusy = errors.New("token refresh in progress")
	// ErrSignInLoop: a page keeps asking for a sign-in that has just been done.
	ErrSignInLoop = errors.New("the same page asked for a sign-in too often")
	// ErrConsentRefused: an administrator was asked to consent for everybody, and
	// did not.
	ErrConsentRefused = errors.New("administrator did not consent")
	// ErrUnsupported: the identity provider cannot do this.
	ErrUnsupported = errors.New("not supported by the identity provider")
	// ErrDirectory: the provider's directory did not say which groups the user
	// belongs to. It failed, or its answer is not one.
	ErrDirectory = errors.New("directory lookup failed")
	// ErrDirectoryRefused: the directory does not allow the application to ask
	// which groups the user belongs to.
	ErrDirectoryRefused = errors.New("directory lookup refused")
	// ErrSubjectNotAllowed: the sign-in holds, but the person is not on the list
	// of those who may sign in.
	ErrSubjectNotAllowed = errors.New("subject not allowed")
	// ErrRoleMissing: the user has not the role that a page needs.
	ErrRoleMissing = errors.New("role missing")
)

// Errors of the ports that a caller of the use cases tells apart.
var (
	ErrDeclined            = ports.ErrDeclined
	ErrInteractionRequired = ports.ErrInteractionRequired
	ErrProviderPending     = ports.ErrProviderPending
	ErrProviderRefused     = ports.ErrProviderRefused
	ErrProviderSetup       = ports.ErrProviderSetup
	ErrProviderUnavailable = ports.ErrProviderUnavailable
	ErrTokenRefused        = ports.ErrTokenRefused
	ErrTenantNotAllowed    = ports.ErrTenantNotAllowed
	ErrStoreUnavailable    = ports.ErrStoreUnavailable
)

// ProviderError is what the provider reported, reduced to what is safe to show
// and to log.
type ProviderError = ports.ProviderError

// Callback is what the provider's redirect carried; a stranger's text.
type Callback = ports.Callback

// CodeRefused reports whether err says that the provider refused a callback's
// code. A failure of the provider is no such refusal, and neither are
// invalid_client and unauthorized_client, which are about this application's
// registration (RFC 6749, section 5.2).
func CodeRefused(err error) bool {
	reported, ok := errors.AsType[*ProviderError](err)
	return ok && !errors.Is(err, ErrProviderUnavailable) &&
		reported.Code != "invalid_client" && reported.Code != "unauthorized_client"
}

// SignInFailure is the error of a sign-in that began in this browser and
// failed. It unwraps to the cause.
type SignInFailure struct {
	// ReturnTo is where the person wanted to go: a checked local path, for the
	// link that tries again.
	ReturnTo string
	Cause    error
}

// Error tells the cause.
func (e *SignInFailure) Error() string { return "sign-in failed: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *SignInFailure) Unwrap() error { return e.Cause }

// InteractionRequired is the error of AccessToken where only the person can go
// on, by signing in again with these scopes and claims.
type InteractionRequired struct {
	Scopes []string
	// Claims is a claims request to pass on to SignIn, or empty.
	Claims string
	Cause  error
}

// Error tells the cause.
func (e *InteractionRequired) Error() string {
	if e.Cause == nil {
		return "interactive sign-in required"
	}
	return "interactive sign-in required: " + e.Cause.Error()
}

// Unwrap returns the cause, which may be nil.
func (e *InteractionRequired) Unwrap() error { return e.Cause }

// Is makes every InteractionRequired an ErrInteractionRequired.
func (e *InteractionRequired) Is(target error) bool { return target == ErrInteractionRequired }
