package entra

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// maxDescriptionBytes bounds how much of an error's description is read.
const maxDescriptionBytes = 4096

// Everything that goes into a ProviderError has one exact form, so that no
// text of the provider's, which can name people, gets through.
var (
	errorCodeForm   = newTextForm(`^[A-Za-z0-9_.-]{1,64}$`)
	numberForm      = newTextForm(`\b(?:AADSTS|AADB2C)[0-9]{4,9}\b`)
	traceForm       = newTextForm(`\bTrace ID: (` + guidText + `)\b`)
	correlationForm = newTextForm(`\bCorrelation ID: (` + guidText + `)\b`)
	timestampForm   = newTextForm(`\bTimestamp: (` + timestampText + `)`)
	anyGUID         = newTextForm(`^` + guidText + `$`)
	anyTimestamp    = newTextForm(`^` + timestampText + `$`)
)

const (
	guidText      = `[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`
	timestampText = `[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}Z`
	// unknownCode stands for an error code that is not worth repeating.
	unknownCode = "unrecognized_error"
)

// kindOf maps an OAuth 2.0 error code to the kind of error it is (RFC 6749,
// sections 4.1.2.1 and 5.2; OpenID Connect Core 1.0, section 3.1.2.6).
// Numbers and texts never decide.
func kindOf(code string) error {
	switch code {
	case "access_denied":
		return ports.ErrDeclined
	case "login_required", "interaction_required", "consent_required", "account_selection_required":
		return ports.ErrInteractionRequired
	case "server_error", "temporarily_unavailable":
		return ports.ErrProviderUnavailable
	}
	return ports.ErrProviderRefused
}

// newProviderError reads an error as both endpoints word it.
func newProviderError(code, description string) *ports.ProviderError {
	e := &ports.ProviderError{Kind: kindOf(code), Code: code}
	if !errorCodeForm.matches(code) {
		e.Code = unknownCode
	}
	description = description[:min(len(description), maxDescriptionBytes)]
	e.Number, e.B2CNumber = findNumber(description)
	e.TraceID = traceForm.submatch(description)
	e.CorrelationID = correlationForm.submatch(description)
	e.Timestamp = timestampForm.submatch(description)
	return e
}

// findNumber returns the first of Microsoft's error numbers in a description, as
// one of Entra or of Azure AD B2C; 0 for none.
func findNumber(description string) (number, b2c int) {
	text := numberForm.find(description)
	if digits, ok := strings.CutPrefix(text, "AADB2C"); ok {
		b2c, _ = strconv.Atoi(digits) // nine digits at the most
		return 0, b2c
	}
	number, _ = strconv.Atoi(strings.TrimPrefix(text, "AADSTS"))
	return number, 0
}

// documentError returns why the provider gave no metadata, or no keys. Its error
// number stays; ports.ErrProviderSetup says that it has refused to give them,
// so that waiting does not help.
func documentError(err error) error {
	answered, ok := errors.AsType[*providerhttp.StatusError](err)
	if !ok {
		return err
	}
	err = &providerhttp.StatusError{Status: answered.Status} // without the body
	if doc, bad := providerhttp.ParseObject(answered.Body); bad == nil && doc.Has("error") {
		said := tokenError(doc)
		said.Kind = ports.ErrProviderUnavailable
		err = said
	}
	switch status := answered.Status; {
	case status < http.StatusBadRequest, status >= http.StatusInternalServerError,
		status == http.StatusRequestTimeout, status == http.StatusTooManyRequests:
		return err
	}
	return providerhttp.Tagged(err, ports.ErrProviderSetup)
}

// unfitDocument is the error of metadata or keys that do not pass a check, with
// reason's constant text. What is not JSON is not the provider's word, as a
// proxy's page: it may pass.
func unfitDocument(body []byte, reason error) error {
	err := providerhttp.Unavailable(reason.Error())
	if !json.Valid(body) {
		return err
	}
	return providerhttp.Tagged(err, ports.ErrProviderSetup)
}

// tokenError reads the token endpoint's error object, which has Entra's
// details as members of their own.
func tokenError(doc providerhttp.Object) *ports.ProviderError {
	code, _ := doc.Text("error")
	description, _ := doc.Text("error_description")
	e := newProviderError(code, description)
	var numbers []json.Number
	if e.NumberText() == "" && json.Unmarshal(doc.Raw("error_codes"), &numbers) == nil && len(numbers) > 0 {
		if n, err := numbers[0].Int64(); err == nil && n > 0 && n < 1e9 {
			e.Number = int(n)
		}
	}
	for name, field := range map[string]struct {
		form textForm
		to   *string
	}{
		"trace_id":       {anyGUID, &e.TraceID},
		"correlation_id": {anyGUID, &e.CorrelationID},
		"timestamp":      {anyTimestamp, &e.Timestamp},
	} {
		if text, ok := doc.Text(name); ok && field.form.matches(text) {
			*field.to = text
		}
	}
	if claims, ok := doc.Text("claims"); ok && len(claims) <= providerhttp.MaxClaims {
		if _, err := providerhttp.ParseObject([]byte(claims)); err == nil {
			e.Claims = claims
		}
	}
	return e
}
