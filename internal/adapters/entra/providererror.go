package entra

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// maxDescriptionBytes bounds how much of an error_description is read.
const maxDescriptionBytes = 4096

// Every value in a ProviderError has an exact form. The adapter drops all other
// text of the provider, because it can name people.
var (
	numberForm      = regexp.MustCompile(`\b(?:AADSTS|AADB2C)[0-9]{4,9}\b`)
	traceForm       = regexp.MustCompile(`\bTrace ID: ([0-9a-fA-F-]+)\b`)
	correlationForm = regexp.MustCompile(`\bCorrelation ID: ([0-9a-fA-F-]+)\b`)
	timestampForm   = regexp.MustCompile(`\bTimestamp: ([0-9-]+[ T][0-9:]+Z)`)
)

// The numbers of Azure AD B2C for a person who cancels and who chose "Forgot your
// password?".
const (
	b2cCancelled = 90091
	b2cForgotten = 90118
)

// isGUID reports whether text is a GUID in any letter case.
func isGUID(text string) bool { return authority.IsGUID(strings.ToLower(text)) }

// isTimestamp reports whether text is a time such as 2026-09-20 18:16:31Z.
func isTimestamp(text string) bool {
	_, err := time.Parse("2006-01-02 15:04:05Z", strings.Replace(text, "T", " ", 1))
	return err == nil && len(text) == len("2006-01-02 15:04:05Z")
}

// CallbackError implements ports.CallbackErrorReader. Anybody can make a link with
// such a callback. CallbackError returns only the codes in the list, so a link
// cannot put its own text on the page.
func (p *Provider) CallbackError(callback ports.Callback) error {
	e := newProviderError(callback.Error, callback.ErrorDescription)
	switch e.Code {
	case "access_denied", "permission_denied", "consent_required", "interaction_required", "login_required",
		"invalid_request", "invalid_client", "unauthorized_client", "invalid_scope", "invalid_resource",
		"server_error", "temporarily_unavailable":
	default:
		e.Code = providerhttp.UnknownErrorCode
	}
	return e
}

// newProviderError reads error and error_description, of a callback or of a
// response.
func newProviderError(code, description string) *ports.ProviderError {
	e := providerhttp.ProviderError(code)
	description = description[:min(len(description), maxDescriptionBytes)]
	number := numberForm.FindString(description)
	if digits, ok := strings.CutPrefix(number, "AADB2C"); ok {
		e.B2CNumber, _ = strconv.Atoi(digits) // nine digits at most
	} else {
		e.Number, _ = strconv.Atoi(strings.TrimPrefix(number, "AADSTS"))
	}
	// B2C reports both with the same code as a refusal (access_denied).
	switch {
	case e.Kind != ports.ErrDeclined:
	case e.B2CNumber == b2cCancelled:
		e.Kind = ports.ErrCancelled
	case e.B2CNumber == b2cForgotten:
		e.Kind = ports.ErrPasswordForgotten
	}
	e.TraceID = firstGroup(traceForm, description, isGUID)
	e.CorrelationID = firstGroup(correlationForm, description, isGUID)
	e.Timestamp = firstGroup(timestampForm, description, isTimestamp)
	return e
}

// firstGroup returns the text of the expression's first group, or "" if it is not valid.
func firstGroup(form *regexp.Regexp, text string, valid func(string) bool) string {
	if found := form.FindStringSubmatch(text); found != nil && valid(found[1]) {
		return found[1]
	}
	return ""
}

// tokenError reads an error response of the token endpoint (RFC 6749, section
// 5.2). Entra's details have members of their own.
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
	for _, member := range []struct {
		name  string
		valid func(string) bool
		to    *string
	}{
		{"trace_id", isGUID, &e.TraceID},
		{"correlation_id", isGUID, &e.CorrelationID},
		{"timestamp", isTimestamp, &e.Timestamp},
	} {
		if text, ok := doc.Text(member.name); ok && member.valid(text) {
			*member.to = text
		}
	}
	if claims, ok := doc.Text("claims"); ok && len(claims) <= providerhttp.MaxClaims {
		if _, err := providerhttp.ParseObject([]byte(claims)); err == nil {
			e.Claims = claims
		}
	}
	return e
}

var (
	// errGrantEnded: the refresh token is not valid any more.
	errGrantEnded = errors.New("grant has ended")
	// errAccountGone: Entra reports that the account is gone or its grants are
	// revoked.
	errAccountGone = errors.New("account gone")
)

// tokenEndpointError returns the error for an error response of the token
// endpoint. A status that says that the provider failed decides before the error
// code. A refresh looks for errGrantEnded and errAccountGone.
func tokenEndpointError(status int, doc providerhttp.Object) error {
	e := tokenError(doc)
	suberror, _ := doc.Text("suberror")
	switch {
	case status >= http.StatusInternalServerError:
		e.Kind = ports.ErrProviderUnavailable
		return providerhttp.Transient(e)
	case status == http.StatusTooManyRequests:
		e.Kind = ports.ErrProviderUnavailable
		return e
	case status == http.StatusBadRequest && e.Code == "invalid_grant" && saysAccountGone(doc):
		return providerhttp.Tagged(e, errAccountGone)
	case suberror == "bad_token" || suberror == "token_expired":
		return providerhttp.Tagged(e, errGrantEnded)
	}
	return e
}

// saysAccountGone reports whether error_codes has one of Entra's numbers for an
// account that is disabled (50057), does not exist (50034) or is not assigned to
// the application (50105), or for a grant that was revoked, as by a new password
// (50173). It does not read the text, which can name a number for other reasons.
func saysAccountGone(doc providerhttp.Object) bool {
	var numbers []int
	return json.Unmarshal(doc.Raw("error_codes"), &numbers) == nil && slices.ContainsFunc(numbers, func(n int) bool {
		return n == 50057 || n == 50034 || n == 50105 || n == 50173
	})
}

// codeError returns the error for a code that was not redeemed. errors.Is also
// matches ports.ErrCodeRefused if the response has a 4xx status and no OAuth 2.0
// error, as a firewall's has. It does not match for a status about the endpoint,
// the time or the rate.
func codeError(err error) error {
	failed, ok := errors.AsType[*providerhttp.StatusError](err)
	if !ok || failed.Status < http.StatusBadRequest || failed.Status >= http.StatusInternalServerError {
		return err
	}
	switch failed.Status {
	case http.StatusNotFound, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return err
	}
	return providerhttp.Tagged(err, ports.ErrCodeRefused)
}

// documentError returns the error for a failed request for the metadata or the
// keys. It keeps the provider's error number. errors.Is also matches
// ports.ErrProviderSetup if the provider refused the request, so that waiting does
// not help.
func documentError(err error) error {
	failed, ok := errors.AsType[*providerhttp.StatusError](err)
	if !ok {
		return err
	}
	err = &providerhttp.StatusError{Status: failed.Status} // without the body
	if doc, bad := providerhttp.ParseObject(failed.Body); bad == nil && doc.Has("error") {
		e := tokenError(doc)
		e.Kind = ports.ErrProviderUnavailable
		err = e
	}
	switch status := failed.Status; {
	case status < http.StatusBadRequest, status >= http.StatusInternalServerError,
		status == http.StatusRequestTimeout, status == http.StatusTooManyRequests:
		return err
	}
	return providerhttp.Tagged(err, ports.ErrProviderSetup)
}

// refusedDocument returns the error for metadata or keys that a check refused.
// reason has a constant text. A body that is not JSON comes from somebody else,
// such as a proxy, so that a later request may succeed; any other body also
// matches ports.ErrProviderSetup.
func refusedDocument(body []byte, reason error) error {
	err := providerhttp.Unavailable(reason.Error())
	if !json.Valid(body) {
		return err
	}
	return providerhttp.Tagged(err, ports.ErrProviderSetup)
}
