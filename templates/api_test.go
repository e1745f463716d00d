package templates

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

var _ = addSamples(
	sample{"api", signedIn("/call_api"), API{
		Method: "GET", Endpoint: "https://graph.example/v1.0/me", Status: 200, Took: 184 * time.Millisecond,
		Body: sampleJSON, Truncated: true,
	}},
	sample{"api-failed", signedIn("/call_api"), API{
		Method: "GET", Endpoint: "https://graph.example/v1.0/me", Status: 403, Took: 92 * time.Millisecond,
		Explanation: "api.explain.forbidden",
		Body:        sampleRefused,
	}},
	sample{"api-unreachable", signedIn("/call_api"), API{
		Method: "GET", Endpoint: "https://graph.example/v1.0/me", Took: 10 * time.Second,
		Explanation: "error.api.sentence",
	}},
	sample{"api-waiting", signedIn("/call_api"), API{
		Method: "GET", Endpoint: "https://graph.example/v1.0/me", Took: 5 * time.Second, Explanation: "error.apibusy.sentence",
	}},
)

// sampleJSON is an indented response of an API.
const sampleJSON = `{
  "@odata.context": "https://graph.example/v1.0/$metadata#users/$entity",
  "displayName": "Ada Lovelace",
  "businessPhones": [
    "+44 20 7946 0000"
  ],
  "jobTitle": "Analyst of engines that do not exist yet, and of a few that never will",
  "id": "d0d1d2d3-aaaa-bbbb-cccc-000011112222"
}`

const sampleRefused = `{
  "error": {
    "code": "Authorization_RequestDenied",
    "message": "Insufficient privileges to complete the operation."
  }
}`

func TestMarkupOfAnAPIsResponse(t *testing.T) {
	s := sampleNamed(t, "api")
	page := render(t, mustPages(t, Options{}), s.chrome, s.view)
	assert.Contains(t, page, `tabindex="0" role="region" aria-label=`)
	assert.Contains(t, page, "<pre><code>{\n  &#34;@odata.context&#34;")
}

func TestWordsOfAnAPIsResponse(t *testing.T) {
	p := mustPages(t, Options{})
	requireWords(t, p, "api", []string{"GET https://graph.example/v1.0/me", "200 OK", "184 ms", "Only its beginning is shown"}, []string{"The call failed"})
	requireWords(t, p, "api-failed", []string{"The call failed", "The API recognized you but does not allow this.", "403 Forbidden"}, []string{"Only its beginning"})
	requireWords(t, p, "api-unreachable", []string{"The API did not respond.", "10000 ms"}, []string{"Status", "no body"})
}
