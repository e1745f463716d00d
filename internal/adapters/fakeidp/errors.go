package fakeidp

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
)

// Error is an error in Entra's form. As a callback parameter it becomes error,
// error_description, error_uri and error_subcode; at the token endpoint the
// JSON members of the same names, with suberror and claims besides.
type Error struct {
	Number   int    // the AADSTS number
	Code     string // OAuth 2.0 error code; empty takes the usual one of Number
	Text     string // what happened; empty takes a general text
	Subcode  string // error_subcode of a callback, such as "cancel"
	Suberror string // suberror of the token endpoint, such as "bad_token"
	Claims   string // claims challenge of the token endpoint, a JSON object
	Status   int    // HTTP status of the token endpoint; 0 takes the usual one
	OnPage   bool   // shown by the provider in place of a redirect to the client
}

// Error names the number and the text.
func (e *Error) Error() string {
	return fmt.Sprintf("AADSTS%d: %s", e.Number, cmp.Or(e.Text, "The request was refused."))
}

// code is the OAuth 2.0 code, by default that which usually goes with the number.
func (e *Error) code() string {
	return cmp.Or(e.Code, usualCode(e.Number))
}

// status is the HTTP status of the token endpoint's answer.
func (e *Error) status() int {
	switch {
	case e.Status != 0:
		return e.Status
	case e.code() == codeInvalidClient:
		return http.StatusUnauthorized
	}
	return http.StatusBadRequest
}

func newError(number int, format string, args ...any) *Error {
	return &Error{Number: number, Text: fmt.Sprintf(format, args...)}
}

func missing(name string) *Error {
	return newError(900144, "The request body must contain the following parameter: '%s'.", name)
}

func (e *Error) withCode(code string) *Error {
	e.Code = code
	return e
}

func (e *Error) withSuberror(suberror string) *Error {
	e.Suberror = suberror
	return e
}

func (e *Error) onPage() *Error {
	e.OnPage = true
	return e
}

// OAuth 2.0 and OpenID Connect error codes (RFC 6749, sections 4.1.2.1 and
// 5.2; OpenID Connect Core 1.0, section 3.1.2.6).
const (
	codeAccessDenied        = "access_denied"
	codeConsentRequired     = "consent_required"
	codeInteractionRequired = "interaction_required"
	codeInvalidClient       = "invalid_client"
	codeInvalidGrant        = "invalid_grant"
	codeInvalidRequest      = "invalid_request"
	codeInvalidScope        = "invalid_scope"
	codeLoginRequired       = "login_required"
	codeServerError         = "server_error"
	codeUnauthorizedClient  = "unauthorized_client"
	codeUnavailable         = "temporarily_unavailable"
)

// usualCode is the OAuth 2.0 code that Entra sends with an AADSTS number.
func usualCode(number int) string {
	switch number {
	case 65004, 50105, 51004, 53003, 50020, 50034:
		return codeAccessDenied
	case 50058, 16002:
		return codeLoginRequired
	case 16000, 50072, 50074, 50076, 50079, 53000, 53001, 53002:
		return codeInteractionRequired
	case 65001, 90094, 90095:
		return codeConsentRequired
	case 7000215, 7000218, 7000222, 700021, 700023, 700024, 700025, 700027, 50012, 50027, 1000502, 700211, 700212, 700213:
		return codeInvalidClient
	case 700016, 700011, 50194:
		return codeUnauthorizedClient
	case 70011, 28000, 28003, 700022:
		return codeInvalidScope
	case 900144, 9002313, 70021, 50011, 900971, 9002325, 501471, 90023, 90014, 50146:
		return codeInvalidRequest
	case 90002, 90038, 900439:
		return "invalid_tenant"
	case 700054:
		return "unsupported_response_type"
	case 70003:
		return "unsupported_grant_type"
	case 90033, 90055, 50196:
		return codeUnavailable
	case 90000, 50033:
		return codeServerError
	}
	return codeInvalidGrant
}

// report is one occurrence of an Error, with the identifiers by which Entra's
// support would find it in the logs.
type report struct {
	*Error
	TraceID       string
	CorrelationID string
	Timestamp     string
	ErrorURI      string
}

const timestampFormat = "2006-01-02 15:04:05Z"

func (p *Provider) report(err *Error, correlationID string) report {
	if correlationID == "" {
		correlationID = p.guid()
	}
	return report{
		Error:         err,
		TraceID:       p.guid(),
		CorrelationID: correlationID,
		Timestamp:     p.now().UTC().Format(timestampFormat),
		ErrorURI:      p.base() + "/error?code=" + strconv.Itoa(err.Number),
	}
}

// Description is error_description in Entra's form.
func (r report) Description() string {
	return fmt.Sprintf("%s Trace ID: %s Correlation ID: %s Timestamp: %s", r.Error.Error(), r.TraceID, r.CorrelationID, r.Timestamp)
}

// body is the token endpoint's answer.
func (r report) body() map[string]any {
	body := map[string]any{
		"error":             r.code(),
		"error_description": r.Description(),
		"error_codes":       []int{r.Number},
		"timestamp":         r.Timestamp,
		"trace_id":          r.TraceID,
		"correlation_id":    r.CorrelationID,
		"error_uri":         r.ErrorURI,
	}
	if r.Suberror != "" {
		body["suberror"] = r.Suberror
	}
	if r.Claims != "" {
		body["claims"] = r.Claims
	}
	return body
}

var guidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func guidOnly(s string) string {
	if guidForm.MatchString(s) {
		return s
	}
	return ""
}

// correlationID is the client's own identifier of the request, where it sent one.
func correlationID(r *http.Request) string {
	if id := guidOnly(r.Form.Get("client-request-id")); id != "" {
		return id
	}
	return guidOnly(r.Header.Get("client-request-id"))
}
