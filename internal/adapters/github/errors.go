package github

import (
	"fmt"
	"net/http"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// Errors have constant words: what GitHub worded could name people, and what it
// was sent is secret.

func refuse(reason string) error { return fmt.Errorf("%w: %s", ports.ErrTokenRefused, reason) }

// answered returns err, or an error for a status that is not 200.
func answered(status int, err error) error {
	if err == nil && status != http.StatusOK {
		return &providerhttp.StatusError{Status: status}
	}
	return err
}

const maxCode = 64 // bytes

// newProviderError maps an error code of RFC 6749, sections 4.1.2.1 and 5.2, or
// one of GitHub's own, such as bad_verification_code.
func newProviderError(code string) error {
	e := &ports.ProviderError{Kind: ports.ErrProviderRefused, Code: code}
	switch code {
	case "access_denied":
		e.Kind = ports.ErrDeclined
	case "login_required", "interaction_required", "consent_required", "account_selection_required":
		e.Kind = ports.ErrInteractionRequired
	case "server_error", "temporarily_unavailable":
		e.Kind = ports.ErrProviderUnavailable
	}
	if code == "" || len(code) > maxCode || !consistsOf(code, letters+"_") {
		e.Code = "unrecognized_error"
	}
	return e
}
