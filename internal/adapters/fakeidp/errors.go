package fakeidp

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
)

// Error is an error of Entra. A redirect to the client carries it as error,
// error_description, error_uri and error_subcode. A response of the token endpoint
// carries it as JSON members, among them suberror and claims.
type Error struct {
	Number   int    // the AADSTS number
	B2C      bool   // Number is one of Azure AD B2C, with the prefix AADB2C
	Code     string // OAuth 2.0 error code; by default the usual one of Number
	Text     string // error message; by default a general one
	Subcode  string // error_subcode of a redirect, such as "cancel"
	Suberror string // suberror of the token endpoint, such as "bad_token"
	Claims   string // claims challenge of the token endpoint, a JSON object
	Status   int    // HTTP status of the token endpoint; by default the usual one
	OnPage   bool   // show it on a page instead of redirecting to the client
}

// Error returns the number and the text.
func (e *Error) Error() string {
	prefix := "AADSTS"
	if e.B2C {
		prefix = "AADB2C"
	}
	return fmt.Sprintf("%s%d: %s", prefix, e.Number, cmp.Or(e.Text, "The request was refused."))
}

// code returns the OAuth 2.0 error code.
func (e *Error) code() string {
	return cmp.Or(e.Code, usualCode(e.Number))
}

// status returns the HTTP status of the token endpoint.
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

// usualCode returns the OAuth 2.0 error code that Entra sends with an AADSTS
// number.
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

// report is one occurrence of an Error, with the IDs that Entra's support asks for.
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
		correlationID = guid()
	}
	return report{
		Error:         err,
		TraceID:       guid(),
		CorrelationID: correlationID,
		Timestamp:     p.now().UTC().Format(timestampFormat),
		ErrorURI:      p.base() + "/error?code=" + strconv.Itoa(err.Number),
	}
}

// Description returns error_description in Entra's form, or in that of Azure AD B2C.
func (r report) Description() string {
	if r.B2C {
		return fmt.Sprintf("%s\r\nCorrelation ID: %s\r\nTimestamp: %s\r\n", r.Error.Error(), r.CorrelationID, r.Timestamp)
	}
	return fmt.Sprintf("%s Trace ID: %s Correlation ID: %s Timestamp: %s", r.Error.Error(), r.TraceID, r.CorrelationID, r.Timestamp)
}

// body returns the JSON members of a response of the token endpoint.
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
	if r.B2C {
		return map[string]any{"error": r.code(), "error_description": r.Description()}
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

// correlationID returns the request's client-request-id, or "".
func correlationID(r *http.Request) string {
	if id := guidOnly(r.Form.Get("client-request-id")); id != "" {
		return id
	}
	return guidOnly(r.Header.Get("client-request-id"))
}
