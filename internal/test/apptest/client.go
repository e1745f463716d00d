package apptest

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	webhttp "webapp/internal/adapters/http"
	"webapp/internal/ports"
)

// User is a person who signs in. Users with the same name are the same person.
type User struct {
	// Name is the display name. It is required.
	Name string
	// Username is the claim preferred_username.
	Username string
	// Roles are the app roles.
	Roles []string
	// Groups are the object IDs of the groups.
	Groups []string
	// Tenant is the Entra tenant's ID. The default is DefaultTenant.
	Tenant string
	// Guest means that the person's home is another tenant.
	Guest bool
	// AuthTime is the claim auth_time. The default is the time of the sign-in, and
	// NoAuthTime leaves the claim out.
	AuthTime time.Time
	// AuthContexts is the claim acrs.
	AuthContexts []string
}

// NoAuthTime is the AuthTime of a sign-in whose ID token has no auth_time.
var NoAuthTime = time.Unix(0, 0)

// NeedsPage skips a test that visits an example page which you have removed.
func NeedsPage(t testing.TB, path string) {
	t.Helper()
	path, _, _ = strings.Cut(path, "?")
	if slices.Contains([]string{"/admin", "/call_api", "/fresh", "/groups"}, path) && !HasPage(path) {
		t.Skipf("the example page %s has been removed", path)
	}
}

// HasPage reports whether webhttp.Pages lists a page at path.
func HasPage(path string) bool {
	return slices.ContainsFunc(webhttp.Pages(), func(p webhttp.Page) bool { return p.Path == path })
}

// DefaultTenant is the tenant of a User without one.
const DefaultTenant = "6f1c9a52-0c53-4c0e-9d3b-0d6c8a1f2b3c"

// SignedIn starts the application and returns a client that is signed in. The
// client accepts paths such as "/reports", keeps cookies, and follows redirects
// inside the application. It returns a redirect to another origin as the response.
func SignedIn(t testing.TB, as User, options ...Option) *http.Client {
	t.Helper()
	return New(t, options...).SignIn(as)
}

// SignIn returns a new client that is signed in. It is another browser than other
// clients.
func (a *App) SignIn(as User) *http.Client {
	a.t.Helper()
	require.NotEmpty(a.t, as.Name, "User.Name")
	client := a.Anonymous()
	follow := client.CheckRedirect
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	begun := a.get(client, "/login")
	require.Equal(a.t, http.StatusSeeOther, begun.StatusCode, "start of the sign-in")
	a.Provider.SetGroups(ports.Groups{IDs: as.Groups, AsOf: a.Clock.Now()}, as.Groups)
	done := a.callback(client, a.approve(begun.Header.Get("Location"), as))
	require.Equal(a.t, http.StatusSeeOther, done.StatusCode, "end of the sign-in")
	client.CheckRedirect = follow
	return client
}

// ComeBack completes the sign-in at location, the provider's URL, and returns the
// application's response.
func (a *App) ComeBack(client *http.Client, location string, as User) *http.Response {
	a.t.Helper()
	res, err := client.Get(callbackPath + "?" + a.approve(location, as).Encode())
	require.NoError(a.t, err)
	return res
}

// approve signs a person in at the provider and returns the authorization response.
func (a *App) approve(location string, as User) url.Values {
	id := ports.Identity{
		Subject: "subject-of-" + as.Name, TenantID: cmp.Or(as.Tenant, DefaultTenant), ObjectID: objectID(as.Name),
		Name: as.Name, Username: as.Username, Roles: as.Roles, Guest: as.Guest,
		AuthTime: as.AuthTime, AuthContexts: as.AuthContexts,
	}
	switch {
	case as.AuthTime.IsZero():
		id.AuthTime = a.Clock.Now()
	case as.AuthTime.Equal(NoAuthTime):
		id.AuthTime = time.Time{}
	}
	cb := a.Provider.Approve(location, id)
	return url.Values{"code": {cb.Code}, "state": {cb.State}}
}

// callback sends the authorization response in the response mode.
func (a *App) callback(client *http.Client, answer url.Values) *http.Response {
	a.t.Helper()
	if !a.formPost {
		return a.get(client, callbackPath+"?"+answer.Encode())
	}
	res, err := client.PostForm(callbackPath, answer)
	require.NoError(a.t, err)
	_ = res.Body.Close()
	return res
}

// Anonymous returns a new client without a session.
func (a *App) Anonymous() *http.Client {
	a.t.Helper()
	base, err := url.Parse(a.URL)
	require.NoError(a.t, err)
	jar, err := cookiejar.New(nil)
	require.NoError(a.t, err)
	transport := &http.Transport{}
	a.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport: inside{base, jar, transport},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) >= 10 || r.URL.Host != "" && r.URL.Host != base.Host {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
}

// get returns the response without its body.
func (a *App) get(client *http.Client, path string) *http.Response {
	a.t.Helper()
	res, err := client.Get(path)
	require.NoError(a.t, err)
	_ = res.Body.Close()
	return res
}

// inside is a transport that resolves paths against the application's URL and
// refuses other origins. It keeps the cookies, because http.Client cannot store
// cookies for a URL without a host.
type inside struct {
	base *url.URL
	jar  http.CookieJar
	next http.RoundTripper
}

func (i inside) RoundTrip(r *http.Request) (*http.Response, error) {
	out := r.Clone(r.Context())
	out.URL = i.base.ResolveReference(r.URL)
	if out.URL.Host != i.base.Host {
		return nil, errors.New("apptest: this client sends requests to the application only")
	}
	for _, c := range i.jar.Cookies(out.URL) {
		out.AddCookie(c)
	}
	res, err := i.next.RoundTrip(out)
	if err == nil {
		i.jar.SetCookies(out.URL, res.Cookies())
	}
	return res, err
}

// objectID returns a GUID derived from the name.
func objectID(name string) string {
	h := sha256.Sum256([]byte(name))
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[0:4], h[4:6], h[6:8], h[8:10], h[10:16])
}
