package fakeidp

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
)

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
