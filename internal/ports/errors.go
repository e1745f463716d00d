package ports

import (
	"errors"
	"fmt"
)

// Errors of the identity provider port.
var (
	// ErrProviderUnavailable: the provider could not be reached, took too long,
	// or failed. A later try can succeed.
	ErrProviderUnavailable = errors.New("identity provider unavailable")
	// ErrProviderPending: the first request to the provider is still running.
	// errors.Is also matches ErrProviderUnavailable.
	ErrProviderPending = errors.New("first request to the identity provider is still running")
	// ErrProviderSetup: the provider responds but does not match the
	// configuration. For example, it has no such tenant, or its metadata names
	// another issuer. Waiting does not help; somebody has to correct the
	// configuration. errors.Is also matches ErrProviderUnavailable.
	ErrProviderSetup = errors.New("identity provider does not fit the configuration")
	// ErrDeclined: the person or an administrator declined the sign-in
	// (access_denied).
	ErrDeclined = errors.New("sign-in declined")
	// ErrCancelled: the person cancelled at the provider. The application shows the
	// page that they came from, and no error. errors.Is also matches ErrDeclined.
	ErrCancelled = fmt.Errorf("%w: cancelled", ErrDeclined)
	// ErrPasswordForgotten: the person has forgotten the password, and the provider
	// leaves the next step to the application. errors.Is also matches ErrDeclined.
	ErrPasswordForgotten = fmt.Errorf("%w: password forgotten", ErrDeclined)
	// ErrInteractionRequired: the person has to sign in again.
	ErrInteractionRequired = errors.New("interactive sign-in required")
	// ErrAccountGone: the provider reports that the account is disabled, deleted
	// or no longer assigned to the application, or that its grant was revoked.
	// errors.Is also matches ErrInteractionRequired.
	ErrAccountGone = errors.New("account or grant is gone")
	// ErrProviderRefused: the provider refused the request for another reason,
	// usually because of the registration of the application or the account.
	ErrProviderRefused = errors.New("refused by the identity provider")
	// ErrCodeRefused: the provider, or a firewall in front of it, did not accept the
	// authorization code and sent no OAuth 2.0 error. errors.Is also matches
	// ErrProviderUnavailable.
	ErrCodeRefused = errors.New("authorization code was not accepted")
	// ErrTokenRefused: a check here refused the provider's callback, response or
	// token.
	ErrTokenRefused = errors.New("provider's response refused")
	// ErrTenantNotAllowed: the ID token is valid, but its tenant is not one of the
	// allowed tenants. errors.Is also matches ErrTokenRefused. If the tenant is
	// known, the error is a *TenantNotAllowedError.
	ErrTenantNotAllowed = errors.New("tenant not allowed")
	// ErrNoGroupLookup: the provider has no API that returns a person's groups.
	ErrNoGroupLookup = errors.New("provider has no group look-up")
)

// Errors of the session ports.
var (
	// ErrNoBrowser: the context carries no browser. The program is wired
	// incorrectly.
	ErrNoBrowser = errors.New("context carries no browser")
	// ErrNoPendingSignIn: this browser has no pending sign-in with that state.
	ErrNoPendingSignIn = errors.New("no such pending sign-in")
	// ErrPendingSpent: the pending sign-in was taken before.
	ErrPendingSpent = errors.New("pending sign-in already used")
	// ErrNoOutcome: the outcome of the sign-in is not recorded.
	ErrNoOutcome = errors.New("no outcome of this sign-in yet")
	// ErrNoSession: this browser is not signed in.
	ErrNoSession = errors.New("no session")
	// ErrSessionExpired: this browser's session has expired, and the store still
	// has it. errors.Is also matches ErrNoSession.
	ErrSessionExpired = fmt.Errorf("%w: expired", ErrNoSession)
	// ErrLeased: another request has the lease.
	ErrLeased = errors.New("lease is held by another")
	// ErrSpent: the one-time identifier was used before.
	ErrSpent = errors.New("identifier already used")
)

// Errors of the session store port.
var (
	// ErrStoreUnavailable: the store could not be reached or took too long.
	ErrStoreUnavailable = errors.New("session store unavailable")
	// ErrNoRecord: the store has no such record.
	ErrNoRecord = errors.New("no such record")
	// ErrRecordExists: the store already has a record with that key.
	ErrRecordExists = errors.New("record exists")
	// ErrRecordChanged: the record has another version now.
	ErrRecordChanged = errors.New("record changed")
)

// TenantNotAllowedError says which tenant is not allowed. errors.Is matches
// ErrTokenRefused and ErrTenantNotAllowed.
type TenantNotAllowedError struct {
	// TenantID is the verified claim tid. Error does not contain it.
	TenantID string
}

// Error returns a constant text.
func (e *TenantNotAllowedError) Error() string {
	return fmt.Sprintf("%v: %v", ErrTokenRefused, ErrTenantNotAllowed)
}

// Unwrap returns ErrTokenRefused and ErrTenantNotAllowed.
func (e *TenantNotAllowedError) Unwrap() []error {
	return []error{ErrTokenRefused, ErrTenantNotAllowed}
}

// ProviderError is an error that the provider itself reported, at any of its
// endpoints. It contains only values that are safe to show and to log. The
// adapter reads the numbers in error_description and drops the text, which can
// name people.
type ProviderError struct {
	// Kind is the sentinel that Unwrap returns: ErrDeclined, ErrCancelled or
	// ErrPasswordForgotten for access_denied; ErrInteractionRequired for
	// login_required, interaction_required, consent_required and
	// account_selection_required; ErrProviderUnavailable for server_error and
	// temporarily_unavailable; and ErrProviderRefused for every other code.
	Kind error `json:"-"`
	// Code is the OAuth 2.0 error code, such as "access_denied". The application
	// makes all decisions by this code. Anybody can send a callback with an error;
	// text that is not a valid code becomes "unrecognized_error".
	Code string
	// Number is Entra's error number without the prefix AADSTS, or 0. It is for
	// people and logs; callers make no decision by it.
	Number int
	// B2CNumber is the error number of Azure AD B2C without the prefix AADB2C, or
	// 0. The same value means something else in Number.
	B2CNumber int
	// CorrelationID, TraceID and Timestamp identify the error in Entra's own
	// logs. They are empty if the provider did not send them in their exact form.
	CorrelationID string
	TraceID       string
	Timestamp     string
	// Claims is the claims request for the next sign-in, or empty.
	Claims string
}

// Error returns the kind, the code and the number. It contains no text of the
// provider's own.
func (e *ProviderError) Error() string {
	if number := e.NumberText(); number != "" {
		return fmt.Sprintf("%v: %s (%s)", e.Kind, e.Code, number)
	}
	return fmt.Sprintf("%v: %s", e.Kind, e.Code)
}

// NumberText returns the number with its prefix, such as "AADSTS50011", or "" if
// the error has no number.
func (e *ProviderError) NumberText() string {
	switch {
	case e.Number != 0:
		return fmt.Sprintf("AADSTS%d", e.Number)
	case e.B2CNumber != 0:
		return fmt.Sprintf("AADB2C%d", e.B2CNumber)
	}
	return ""
}

// Unwrap returns Kind.
func (e *ProviderError) Unwrap() error { return e.Kind }
