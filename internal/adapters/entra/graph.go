package entra

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// Bounds of one request for a person's groups.
const (
	groupsTimeout = 20 * time.Second // for all pages together
	maxGroupPages = 200
)

// The method getMemberObjects of Microsoft Graph returns all groups that contain the
// person, directly or through other groups. With securityEnabledOnly it would leave
// out Microsoft 365 groups.
const (
	memberObjectsPath = "/v1.0/me/getMemberObjects"
	memberObjectsBody = `{"securityEnabledOnly":false}`
)

// MemberGroups returns the IDs of the person's groups. It asks the Microsoft Graph
// of the authority's cloud.
func (p *Provider) MemberGroups(ctx context.Context, accessToken string) ([]string, error) {
	base := p.graphBase()
	if base == "" {
		return nil, ports.ErrNoGroupLookup
	}
	if accessToken == "" || providerhttp.HasControl(accessToken) {
		return nil, &ports.ProviderError{Kind: ports.ErrInteractionRequired, Code: "invalid_token"}
	}
	ctx, cancel := context.WithTimeout(ctx, groupsTimeout)
	defer cancel()
	var found []string
	page := groupPage{next: base + memberObjectsPath}
	for n := range maxGroupPages {
		var err error
		if page, err = p.requestGroups(ctx, page.next, accessToken, n > 0); err != nil {
			return nil, err
		}
		if found = append(found, page.ids...); len(found) > ports.MaxMemberGroups {
			return nil, providerhttp.Refused("the groups are too many")
		}
		if page.next == "" {
			slices.Sort(found)
			return slices.Compact(found), nil
		}
		if !sameOrigin(page.next, base) {
			// The access token must not go to another server.
			return nil, providerhttp.Refused("the next page of groups is elsewhere")
		}
	}
	return nil, providerhttp.Refused("the groups have too many pages")
}

// graphBase returns the scheme and host of the cloud's Microsoft Graph, or "" if it
// is not known. For a provider on this machine (the demo, a test) it is
// Config.GraphBase, or the provider itself.
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

// sameOrigin reports whether link is an absolute URL with exactly the scheme and
// host of base.
func sameOrigin(link, base string) bool {
	u, err := url.Parse(link)
	return err == nil && u.User == nil && u.Fragment == "" && u.Scheme+"://"+u.Host == base
}

// requestGroups requests one page. It repeats the request once with POST if the API
// refuses GET, and once after a temporary failure. OData says that further pages
// are requested with GET.
func (p *Provider) requestGroups(ctx context.Context, target, accessToken string, further bool) (groupPage, error) {
	method := http.MethodPost
	if further {
		method = http.MethodGet
	}
	page, err := p.requestGroupsOnce(ctx, method, target, accessToken)
	if errors.Is(err, errMethod) {
		method = http.MethodPost
		page, err = p.requestGroupsOnce(ctx, method, target, accessToken)
	}
	if p.client.WaitToRetry(ctx, err) {
		page, err = p.requestGroupsOnce(ctx, method, target, accessToken)
	}
	return page, err
}

func (p *Provider) requestGroupsOnce(ctx context.Context, method, target, accessToken string) (groupPage, error) {
	body := memberObjectsBody
	if method == http.MethodGet {
		body = ""
	}
	req, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		return groupPage{}, providerhttp.Refused("the next page of groups is elsewhere")
	}
	req.Header.Set("Authorization", "Bearer "+accessToken)
	req.Header.Set("Accept", "application/json")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	response, err := p.client.Do(providerhttp.WithEndpoint(ctx, providerhttp.EndpointGraph), req)
	if err != nil {
		return groupPage{}, err
	}
	page, err := readGroupPage(response)
	return page, providerhttp.WithRetryAfter(err, response, p.clock())
}

// groupPage is one page of a person's groups.
type groupPage struct {
	ids  []string
	next string // empty on the last page
}

// errMethod says that the API refuses the method.
var errMethod = providerhttp.Unavailable("the API takes another method")

// readGroupPage reads a response of Microsoft Graph.
func readGroupPage(response providerhttp.Response) (groupPage, error) {
	switch {
	case response.Status == http.StatusOK:
		return readGroupIDs(response.Body)
	case response.Status == http.StatusMethodNotAllowed:
		return groupPage{}, errMethod
	case response.Status < http.StatusBadRequest:
		return groupPage{}, &providerhttp.StatusError{Status: response.Status}
	}
	return groupPage{}, graphError(response)
}

// readGroupIDs reads the IDs of a page. One malformed ID refuses the whole page:
// rights depend on the groups.
func readGroupIDs(body []byte) (groupPage, error) {
	doc, err := providerhttp.ParseObject(body)
	if err != nil {
		return groupPage{}, providerhttp.Refused("the groups are not a JSON object without duplicates")
	}
	ids, ok := doc.Texts("value")
	if !ok || !doc.Has("value") {
		return groupPage{}, providerhttp.Refused("the groups are not a list of group IDs")
	}
	for i, id := range ids {
		if ids[i] = authority.FoldGUID(id); !authority.IsGUID(ids[i]) {
			return groupPage{}, providerhttp.Refused("the groups are not a list of group IDs")
		}
	}
	next, ok := doc.Text("@odata.nextLink")
	if !ok || doc.Has("@odata.nextLink") && next == "" {
		return groupPage{}, providerhttp.Refused("the next page of groups is not a URL")
	}
	return groupPage{ids: ids, next: next}, nil
}

// graphCodeForm matches an error code of Microsoft Graph, such as
// Authorization_RequestDenied.
var graphCodeForm = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

// graphError returns the error for an error response of Microsoft Graph. After 401
// the person has to sign in again. 403 means that the application lacks a
// permission.
func graphError(response providerhttp.Response) error {
	e := providerhttp.ProviderError("")
	e.Kind = ports.ErrProviderUnavailable
	if doc, err := providerhttp.ParseObject(response.Body); err == nil {
		reported, _ := doc.Object("error")
		if code, ok := reported.Text("code"); ok && len(code) <= 64 && graphCodeForm.MatchString(code) {
			e.Code = code
		}
		inner, _ := reported.Object("innerError")
		if id, ok := inner.Text("request-id"); ok && isGUID(id) {
			e.CorrelationID = id
		}
	}
	switch {
	case response.Status == http.StatusUnauthorized:
		e.Kind = ports.ErrInteractionRequired
		challenge, _ := providerhttp.ReadChallenge(response.Header.Values("WWW-Authenticate"))
		e.Claims = challenge.Claims
	case response.Status == http.StatusForbidden:
		e.Kind = ports.ErrProviderRefused
	case response.Status >= http.StatusInternalServerError:
		return providerhttp.Transient(e)
	}
	return e
}
