package entra

import (
	"net/http"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// groupPage is one page of a person's groups.
type groupPage struct {
	ids  []string
	next string // empty on the last page
}

// errMethod is an answer that wants another method.
var errMethod = providerhttp.Unavailable("the API takes another method")

// readGroupPage reads Graph's answer, whatever it is.
func readGroupPage(got providerhttp.Answer) (groupPage, error) {
	switch {
	case got.Status == http.StatusOK:
		return readGroupIDs(got.Body)
	case got.Status == http.StatusMethodNotAllowed:
		return groupPage{}, errMethod
	case got.Status < http.StatusBadRequest:
		return groupPage{}, &providerhttp.StatusError{Status: got.Status}
	}
	return groupPage{}, graphError(got)
}

// readGroupIDs takes the page as a whole or not at all: an entry that is not
// understood may be the one that counts.
func readGroupIDs(body []byte) (groupPage, error) {
	doc, err := providerhttp.ParseObject(body)
	if err != nil {
		return groupPage{}, refuse("the groups are not a JSON object without duplicates")
	}
	ids, ok := doc.Texts("value")
	if !ok || !doc.Has("value") {
		return groupPage{}, refuse("the groups are not a list of group IDs")
	}
	for i, id := range ids {
		if ids[i] = authority.FoldGUID(id); !authority.IsGUID(ids[i]) {
			return groupPage{}, refuse("the groups are not a list of group IDs")
		}
	}
	next, ok := doc.Text("@odata.nextLink")
	if !ok || doc.Has("@odata.nextLink") && next == "" {
		return groupPage{}, refuse("the next page of groups is not a URL")
	}
	return groupPage{ids: ids, next: next}, nil
}

// graphError reads why the API did not answer as asked: 401 is about the token,
// and only the person can mend it; 403 is about what the application may do.
func graphError(got providerhttp.Answer) error {
	e := &ports.ProviderError{Kind: ports.ErrProviderUnavailable, Code: unknownCode}
	if doc, err := providerhttp.ParseObject(got.Body); err == nil {
		said, _ := doc.Object("error")
		if code, ok := said.Text("code"); ok && errorCodeForm.matches(code) {
			e.Code = code
		}
		inner, _ := said.Object("innerError")
		if id, ok := inner.Text("request-id"); ok && anyGUID.matches(id) {
			e.CorrelationID = id
		}
	}
	switch {
	case got.Status == http.StatusUnauthorized:
		e.Kind = ports.ErrInteractionRequired
		e.Claims, _ = providerhttp.ClaimsChallenge(got.Header.Values("WWW-Authenticate"))
	case got.Status == http.StatusForbidden:
		e.Kind = ports.ErrProviderRefused
	case got.Status >= http.StatusInternalServerError:
		return providerhttp.Transient(e)
	}
	return e
}
