package github

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"time"
)

// Bounds of one call.
const (
	callLimit      = 10 * time.Second
	maxAnswerBytes = 64 << 10 // a user has 2 kB
)

// newClient returns a client that follows no redirect: an answer from elsewhere
// would be an answer of somebody who was not asked, and the secret or the token
// would go there.
func newClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     transport,
		Timeout:       callLimit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ask makes one call, whose time limit covers the body too.
func (p *Provider) ask(req *http.Request) (status int, doc object, err error) {
	req.Header.Set("User-Agent", "webapp") // GitHub's API refuses who has none
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, nil, networkError(req.Context(), err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes+1))
	switch kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); {
	case err != nil:
		return 0, nil, networkError(req.Context(), err)
	case resp.StatusCode >= http.StatusInternalServerError, resp.StatusCode == http.StatusTooManyRequests:
		return resp.StatusCode, nil, answered(resp.StatusCode, nil)
	case len(body) > maxAnswerBytes:
		return resp.StatusCode, nil, unavailable("its answer is too large")
	case kind != "application/json" || !json.Valid(body):
		return resp.StatusCode, nil, unavailable("its answer is not JSON") // a proxy's page
	}
	doc, err = parseObject(body)
	return resp.StatusCode, doc, err
}

// object is a JSON object with each member as it stands.
type object map[string]json.RawMessage

// parseObject reads valid JSON. A member that stands twice, which two readers
// can read differently, is refused.
func parseObject(body []byte) (object, error) {
	in := json.NewDecoder(bytes.NewReader(body))
	if opening, err := in.Token(); err != nil || opening != json.Delim('{') {
		return nil, refuse("it is no JSON object")
	}
	doc := object{}
	for in.More() {
		var value json.RawMessage
		name, err := in.Token()
		if err == nil {
			err = in.Decode(&value)
		}
		text, ok := name.(string)
		if err != nil || !ok || doc[text] != nil {
			return nil, refuse("it is no JSON object whose members stand once each")
		}
		doc[text] = value
	}
	return doc, nil
}

// text returns the member of that name, and "" where there is none or it is no
// string.
func (o object) text(name string) (text string) {
	if json.Unmarshal(o[name], &text) != nil {
		return ""
	}
	return text
}
