package github

import (
	"bytes"
	"context"
	"encoding/json"
	"mime"
	"net/http"

	"webapp/internal/providerhttp"
)

// maxAnswerBytes bounds an answer; a user has 2 kB.
const maxAnswerBytes = 64 << 10

// ask makes one call and reads its answer.
func (p *Provider) ask(ctx context.Context, req *http.Request) (status int, doc object, err error) {
	req.Header.Set("User-Agent", "webapp") // GitHub's API refuses requests without one
	got, err := p.client.Do(ctx, req)
	if err != nil {
		return 0, nil, err
	}
	switch kind, _, _ := mime.ParseMediaType(got.Header.Get("Content-Type")); {
	case got.Status >= http.StatusInternalServerError, got.Status == http.StatusTooManyRequests:
		return got.Status, nil, answered(got.Status, nil)
	case kind != "application/json" || !json.Valid(got.Body):
		return got.Status, nil, providerhttp.Unavailable("its answer is not JSON") // a proxy's page
	}
	doc, err = parseObject(got.Body)
	return got.Status, doc, err
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
