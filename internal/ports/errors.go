package ports

import (
	"errors"
	"fmt"
)

// Errors of the identity-provider port.
var (
	// ErrProviderUnavailable: the provider could not be reached, took too
	// long, or failed on its side. Trying again later can help.
	ErrProviderUnavailable = errors.New("identity provider unavailable")
	// ErrProviderPending: whether the provider can be reached is not known yet;
	// it is being asked for the first time. It comes with
	// ErrProviderUnavailable.
	ErrProviderPending = errors.New("identity provider not asked yet")
	// ErrProviderSetup: the provider answers, but not as the configuration says:
	// it has no such tenant, or describes itself as another provider. Somebody
	// has to correct something; waiting does not help. It comes with
	// ErrProviderUnavailable.
	ErrProviderSetup = errors.New("identity provider does not fit the configuration")
	// ErrDeclined: the person, or somebody for them, said no (access_denied).
	ErrDeclined = errors.New("sign-in declined")
	// ErrInteractionRequired: only the person can go on, by signing in.
	ErrInteractionRequired = errors.New("interactive sign-in required")
	// ErrAccountGone: the provider says that the person's account, or everything
	// that it granted to the account, is gone: disabled, deleted, revoked or no
	// longer assigned to the application. It comes with ErrInteractionRequired.
	ErrAccountGone = errors.New("account or grant is gone")
	// ErrProviderRefused: the provider refused the request for another reason,
	// most often the application's or the account's registration.
	ErrProviderRefused = errors.New("refused by the identity provider")
	// ErrTokenRefused: the provider's answer did not pass a check here.
	ErrTokenRefused = errors.New("provider's answer refused")
	// ErrTenantNotAllowed: the ID token is good, but its tenant is not on the
	// list of those that may sign in. It comes with ErrTokenRefused; where the
	// tenant is known, as *TenantNotAllowedError.
	ErrTenantNotAllowed = errors.New("tenant not allowed")
	// ErrNoGroupLookup: this provider has no API that tells a person's groups.
	ErrNoGroupLookup = errors.New("provider has no group look-up")
)

// Errors of the session port.
var (
	// ErrNoBrowser: ctx does not stand for a browser; a wiring mistake.
	ErrNoBrowser = errors.New("context carries no browser")
	// ErrNoPendingSignIn: this browser has no pending sign-in of that state.
	ErrNoPendingSignIn = errors.New("no such pending sign-in")
	// ErrPendingSpent: the pending sign-in has been taken before.
	ErrPendingSpent = errors.New("pending sign-in already used")
	// ErrNoOutcome: how the sign-in ended has not been recorded.
	ErrNoOutcome = errors.New("no outcome of this sign-in yet")
	// ErrNoSession: this browser is not signed in.
	ErrNoSession = errors.New("no session")
	// ErrSessionExpired: this browser's session has run out, and the store
	// still knows whose it was. It comes with ErrNoSession.
	ErrSessionExpired = fmt.Errorf("%w: it has run out", ErrNoSession)
	// ErrLeased: somebody else holds the lease.
	ErrLeased = errors.New("lease is held by another")
	// ErrSpent: the one-time identifier has been used before.
	ErrSpent = errors.New("identifier already used")
	// ErrStoreUnavailable: the store could not be reached or took too long.
	ErrStoreUnavailable = errors.New("session store unavailable")
	// ErrNoRecord: the store has no such record.
	ErrNoRecord = errors.New("no such record")
	// ErrRecordExists: the store has a record under that key already.
	ErrRecordExists = errors.New("record exists")
	// ErrRecordChanged: the record has another version by now.
	ErrRecordChanged = errors.New("record changed")
)

// TenantNotAllowedError is the error of an ID token that holds and whose tenant
// is not on the list. It is ErrTokenRefused and ErrTenantNotAllowed.
type TenantNotAllowedError struct {
	// TenantID is the token's verified tid. It is no part of the text.
	TenantID string
}

// Error names the kind alone.
func (e *TenantNotAllowedError) Error() string {
	return fmt.Sprintf("%v: %v", ErrTokenRefused, ErrTenantNotAllowed)
}

// Unwrap returns the kinds.
func (e *TenantNotAllowedError) Unwrap() []error {
	return []error{ErrTokenRefused, ErrTenantNotAllowed}
}

// ProviderError is an error that the provider itself reported, at whichever
// endpoint. It carries only what is safe to show
// and to log: error_description is read for its numbers and dropped, because
// it can name people.
type ProviderError struct {
	// Kind is ErrDeclined (access_denied), ErrInteractionRequired
	// (login_required, interaction_required, consent_required and
	// account_selection_required), ErrProviderUnavailable (server_error and
	// temporarily_unavailable) or, for every other code, ErrProviderRefused;
	// errors.Is finds it.
	Kind error `json:"-"`
	// Code is the OAuth 2.0 error code, such as "access_denied". Decisions
	// rest on it alone. It can come from a stranger: one that does not look like
	// a code is "unrecognized_error" here.
	Code string
	// Number is Entra's error number without its prefix AADSTS, or 0. It is for
	// people and their logs: no caller decides on it.
	Number int
	// B2CNumber is the error number of Azure AD B2C without its prefix AADB2C, or
	// 0. The same number means something else there than in Number.
	B2CNumber int
	// CorrelationID, TraceID and Timestamp are Entra's, for its logs; empty
	// where they were not given in their exact form.
	CorrelationID string
	TraceID       string
	Timestamp     string
	// Claims is a claims challenge to sign in again with, or empty.
	Claims string
}

// Error names the code and number, and nothing that the provider worded.
func (e *ProviderError) Error() string {
	if number := e.NumberText(); number != "" {
		return fmt.Sprintf("%v: %s (%s)", e.Kind, e.Code, number)
	}
	return fmt.Sprintf("%v: %s", e.Kind, e.Code)
}

// NumberText returns the number with its prefix, such as "AADSTS50011"; "" where
// there is none.
func (e *ProviderError) NumberText() string {
	switch {
	case e.Number != 0:
		return fmt.Sprintf("AADSTS%d", e.Number)
	case e.B2CNumber != 0:
		return fmt.Sprintf("AADB2C%d", e.B2CNumber)
	}
	return ""
}

// Unwrap returns the kind.
func (e *ProviderError) Unwrap() error { return e.Kind }
