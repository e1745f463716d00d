package entra

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

var _ ports.GroupLookup = (*Provider)(nil)

// Bounds of one look-up of groups.
const (
	lookupBudget  = 20 * time.Second // with all its pages
	maxGroupPages = 200
)

// memberObjects is Microsoft Graph's answer to "in which groups am I, through
// others too"; with securityEnabledOnly it would leave Microsoft 365 groups out.
const (
	memberObjectsPath = "/v1.0/me/getMemberObjects"
	memberObjectsBody = `{"securityEnabledOnly":false}`
)

// MemberGroups asks the cloud's Microsoft Graph for the person's groups.
func (p *Provider) MemberGroups(ctx context.Context, accessToken string) ([]string, error) {
	base := p.graphBase()
	if base == "" {
		return nil, ports.ErrNoGroupLookup
	}
	if accessToken == "" || providerhttp.HasControl(accessToken) {
		return nil, &ports.ProviderError{Kind: ports.ErrInteractionRequired, Code: "invalid_token"}
	}
	ctx, cancel := context.WithTimeout(ctx, lookupBudget)
	defer cancel()
	var found []string
	page := groupPage{next: base + memberObjectsPath}
	for n := range maxGroupPages {
		var err error
		if page, err = p.askGroups(ctx, page.next, accessToken, n > 0); err != nil {
			return nil, err
		}
		if found = append(found, page.ids...); len(found) > ports.MaxMemberGroups {
			return nil, refuse("the groups are too many")
		}
		if page.next == "" {
			slices.Sort(found)
			return slices.Compact(found), nil
		}
		if !sameOrigin(page.next, base) {
			// The token goes with the request: it stays where it is meant for.
			return nil, refuse("the next page of groups is elsewhere")
		}
	}
	return nil, refuse("the groups have too many pages")
}

// graphBase is the scheme and host of the cloud's Graph, or "" where none is
// known. A provider on this machine (the demo, a test) may have its Graph on
// this machine too, by default at the provider itself.
func (p *Provider) graphBase() string {
	if host := p.authority.GraphHost(); host != "" {
		return "https://" + host
	}
	if !p.authority.Entra() || !p.authority.OnLoopback() {
		return ""
	}
	if p.cfg.GraphBase != "" {
		return strings.TrimSuffix(p.cfg.GraphBase, "/")
	}
	return p.authority.Origin()
}

// sameOrigin says whether link is an absolute URL of exactly this scheme and
// host.
func sameOrigin(link, base string) bool {
	u, err := url.Parse(link)
	return err == nil && u.User == nil && u.Fragment == "" && u.Scheme+"://"+u.Host == base
}

// askGroups asks for one page, and once more where that may help. A further
// page is fetched by GET, as OData has it, and by POST where the API insists.
func (p *Provider) askGroups(ctx context.Context, target, accessToken string, further bool) (groupPage, error) {
	method := http.MethodPost
	if further {
		method = http.MethodGet
	}
	page, err := p.askGroupsOnce(ctx, method, target, accessToken)
	if errors.Is(err, errMethod) {
		method = http.MethodPost
		page, err = p.askGroupsOnce(ctx, method, target, accessToken)
	}
	if p.client.WaitToRetry(ctx, err) {
		page, err = p.askGroupsOnce(ctx, method, target, accessToken)
	}
	return page, err
}

func (p *Provider) askGroupsOnce(ctx context.Context, method, target, accessToken string) (groupPage, error) {
	body := memberObjectsBody
	if method == http.MethodGet {
		body = ""
	}
	req, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		return groupPage{}, refuse("the next page of groups is elsewhere")
	}
	req.Header.Set("Authorization", "Bearer "+accessToken)
	req.Header.Set("Accept", "application/json")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	got, err := p.client.Do(providerhttp.WithEndpoint(ctx, providerhttp.EndpointGraph), req)
	if err != nil {
		return groupPage{}, err
	}
	page, err := readGroupPage(got)
	return page, providerhttp.WithRetryAfter(err, got, p.clock())
}

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
