package github

import (
	"encoding/json"
	"fmt"
	"mime"
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

// maxAnswerBytes bounds an answer; a user has 2 kB.
const maxAnswerBytes = 64 << 10

// readAnswer reads the answer to one call, which may have failed with err.
func readAnswer(got providerhttp.Answer, err error) (status int, doc providerhttp.Object, _ error) {
	if err != nil {
		return 0, doc, err
	}
	switch kind, _, _ := mime.ParseMediaType(got.Header.Get("Content-Type")); {
	case got.Status >= http.StatusInternalServerError, got.Status == http.StatusTooManyRequests:
		return got.Status, doc, answered(got.Status, nil)
	case kind != "application/json" || !json.Valid(got.Body):
		return got.Status, doc, providerhttp.Unavailable("its answer is not JSON") // a proxy's page
	}
	if doc, err = providerhttp.ParseObject(got.Body); err != nil {
		return got.Status, doc, refuse("it is no JSON object whose members stand once each")
	}
	return got.Status, doc, nil
}
