package entra

import (
	"encoding/json"
	"strconv"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// maxDescriptionBytes bounds how much of an error's description is read.
const maxDescriptionBytes = 4096

// Everything that goes into a ProviderError has one exact form, so that no
// text of the provider's, which can name people, gets through.
var (
	errorCodeForm   = newTextForm(`^[A-Za-z0-9_.-]{1,64}$`)
	numberForm      = newTextForm(`\bAADSTS([0-9]{4,9})\b`)
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
	if number, err := strconv.Atoi(numberForm.submatch(description)); err == nil {
		e.Number = number
	}
	e.TraceID = traceForm.submatch(description)
	e.CorrelationID = correlationForm.submatch(description)
	e.Timestamp = timestampForm.submatch(description)
	return e
}

// tokenError reads the token endpoint's error object, which has Entra's
// details as members of their own.
func tokenError(doc providerhttp.Object) *ports.ProviderError {
	code, _ := doc.Text("error")
	description, _ := doc.Text("error_description")
	e := newProviderError(code, description)
	var numbers []json.Number
	if e.Number == 0 && json.Unmarshal(doc.Raw("error_codes"), &numbers) == nil && len(numbers) > 0 {
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
