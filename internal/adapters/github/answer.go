package github

import (
	"encoding/json"
	"mime"
	"net/http"

	"webapp/internal/providerhttp"
)

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
