package forwardauth_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/forwardauth"
	webhttp "webapp/internal/adapters/http"
	"webapp/internal/ports"
	"webapp/internal/test/apptest"
)

const (
	engineers = "a1000001-4d2e-4b91-8c05-3fa9c0000001"
	managers  = "a1000002-4d2e-4b91-8c05-3fa9c0000002"
	others    = "a1000003-4d2e-4b91-8c05-3fa9c0000003"
)

// start serves Path for proxies on loopback, where the tests' clients are.
func start(t testing.TB, more ...apptest.Option) *apptest.App {
	t.Helper()
	options := append([]apptest.Option{apptest.WithAPI("http://127.0.0.1:1/", "User.Read"), func(c *webhttp.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	}}, more...)
	return apptest.New(t, append(options, mounted)...)
}

// mounted serves Path, as the list mounts of cmd/webapp does.
func mounted(c *webhttp.Config) {
	config := forwardauth.Config{Origin: c.PublicOrigin, Proxies: c.TrustedProxies, RecordError: webhttp.RecordError}
	apptest.WithMount(forwardauth.Path, config.Handler)(c)
}

// reply is a response with its body.
type reply struct {
	*http.Response
	body string
}

// ask sends a request with pairs of header names and values.
func ask(t testing.TB, client *http.Client, method, path string, headers ...string) reply {
	t.Helper()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	req, err := http.NewRequest(method, path, nil)
	require.NoError(t, err)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header[headers[i]] = append(req.Header[headers[i]], headers[i+1])
	}
	res, err := client.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return reply{res, string(body)}
}

// verify sends a GET that no page of a proxy caused, and checks the rules for every
// response: no cookie, no caching.
func verify(t testing.TB, client *http.Client, query string, headers ...string) reply {
	t.Helper()
	r := ask(t, client, http.MethodGet, "/verify"+query, headers...)
	assert.Empty(t, r.Header.Values("Set-Cookie"), "no cookie is set or deleted")
	assert.Equal(t, []string{"no-store"}, r.Header.Values("Cache-Control"))
	if r.StatusCode != http.StatusNoContent {
		for name := range r.Header {
			assert.False(t, strings.HasPrefix(name, "X-Auth-Request-"), "only 204 has headers about a person")
		}
	}
	return r
}

// tellTale are the six headers of a 204.
func tellTale(r reply) map[string][]string {
	told := map[string][]string{}
	for name, values := range r.Header {
		if short, ok := strings.CutPrefix(name, "X-Auth-Request-"); ok {
			told[short] = values
		}
	}
	return told
}

// signInWith signs a person in whose ID token has these groups. all are the groups in
// the directory.
func signInWith(t testing.TB, app *apptest.App, who ports.Identity, inToken ports.Groups, all ...string) *http.Client {
	t.Helper()
	client := app.Anonymous()
	begun := ask(t, client, http.MethodGet, "/login")
	app.Provider.SetGroups(inToken, all)
	cb := app.Provider.Approve(begun.Header.Get("Location"), who)
	done := ask(t, client, http.MethodGet, "/getAToken?code="+cb.Code+"&state="+cb.State)
	require.Equal(t, http.StatusSeeOther, done.StatusCode)
	return client
}

func ada() ports.Identity {
	return ports.Identity{TenantID: "t1", ObjectID: "o1", Name: "Ada Lovelace", Username: "ada@contoso.example", Roles: []string{"Admin", "Reader"}}
}

func TestASignedInPersonPassesWithSixHeaders(t *testing.T) {
	app := start(t)
	client := signInWith(t, app, ada(), ports.Groups{IDs: []string{engineers, managers}, AsOf: app.Clock.Now()})
	r := verify(t, client, "")
	assert.Equal(t, http.StatusNoContent, r.StatusCode)
	assert.Empty(t, r.body)
	assert.Equal(t, map[string][]string{
		"User": {"tid:t1%20oid:o1"}, "Name": {"Ada%20Lovelace"}, "Preferred-Username": {"ada@contoso.example"},
		"Roles": {"Admin,Reader"}, "Groups": {engineers + "," + managers}, "Groups-Complete": {"true"},
	}, tellTale(r))
}

func TestAPersonWithoutAnythingHasSixHeadersToo(t *testing.T) {
	app := start(t)
	client := signInWith(t, app, ports.Identity{Issuer: "https://idp.example", Subject: "s"}, ports.Groups{})
	r := verify(t, client, "")
	assert.Equal(t, http.StatusNoContent, r.StatusCode)
	assert.Equal(t, map[string][]string{
		"User": {"iss:https://idp.example%20sub:s"}, "Name": {""}, "Preferred-Username": {""},
		"Roles": {""}, "Groups": {""}, "Groups-Complete": {"false"},
	}, tellTale(r))
}

// The bytes outside 0x21-0x7E, the percent sign and the comma are encoded before
// lists are joined, so that no name adds a role or a line.
func TestValuesArePercentEncoded(t *testing.T) {
	app := start(t)
	client := signInWith(t, app, ports.Identity{
		Subject: "a,b", Name: "Zoë, 100 %\r\nX-Auth-Request-Roles: Admin\x00\x7f~!", Username: "日", Roles: []string{"Admin,Root", "Reader", "50%"},
	}, ports.Groups{})
	r := verify(t, client, "")
	assert.Equal(t, http.StatusNoContent, r.StatusCode)
	assert.Equal(t, map[string][]string{
		"User": {"iss:https://provider.example%20sub:a%2Cb"},
		"Name": {"Zo%C3%AB%2C%20100%20%25%0D%0AX-Auth-Request-Roles:%20Admin%00%7F~!"}, "Preferred-Username": {"%E6%97%A5"},
		"Roles": {"Admin%2CRoot,Reader,50%25"}, "Groups": {""}, "Groups-Complete": {"false"},
	}, tellTale(r))
}

// groupIDs returns n group IDs.
func groupIDs(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = engineers[:len(engineers)-3] + string(rune('0'+i/100)) + string(rune('0'+i/10%10)) + string(rune('0'+i%10))
	}
	return ids
}

func TestGroupsWithoutADemand(t *testing.T) {
	app := start(t)
	now := app.Clock.Now()
	for name, c := range map[string]struct {
		inToken  ports.Groups
		groups   string
		complete string
	}{
		"none":             {ports.Groups{AsOf: now}, "", "true"},
		"fifty":            {ports.Groups{IDs: groupIDs(50), AsOf: now}, strings.Join(groupIDs(50), ","), "true"},
		"fifty-one":        {ports.Groups{IDs: groupIDs(51), AsOf: now}, "", "false"},
		"too many":         {ports.Groups{Overage: true}, "", "false"},
		"the token is mum": {ports.Groups{}, "", "false"},
	} {
		t.Run(name, func(t *testing.T) {
			client := signInWith(t, app, ada(), c.inToken, engineers)
			r := verify(t, client, "")
			assert.Equal(t, http.StatusNoContent, r.StatusCode)
			assert.Equal(t, c.groups, r.Header.Get("X-Auth-Request-Groups"))
			assert.Equal(t, c.complete, r.Header.Get("X-Auth-Request-Groups-Complete"))
			assert.Zero(t, app.Provider.GroupLookups(), "nobody demands a group")
		})
	}
}

func TestDemands(t *testing.T) {
	app := start(t)
	client := signInWith(t, app, ada(), ports.Groups{IDs: []string{engineers, managers}, AsOf: app.Clock.Now()})
	const any = engineers + "," + managers
	for query, c := range map[string]struct {
		status int
		groups string
	}{
		"":                          {204, any},
		"?":                         {204, any},
		"?role=Admin":               {204, any},
		"?role=Root&role=Reader":    {204, any},
		"?role=Root":                {403, ""},
		"?role=admin":               {403, ""}, // roles are exact
		"?role=Admin,Reader":        {403, ""},
		"?role=Admin%20":            {403, ""},
		"?role=Admin%00":            {403, ""},
		"?role=":                    {403, ""},
		"?role":                     {403, ""},
		"?role=&role=Admin":         {403, ""}, // one is empty
		"?group=" + engineers:       {204, engineers},
		"?group=" + others:          {403, ""},
		"?group=":                   {403, ""},
		"?group=&group=" + managers: {403, ""},
		"?group=" + managers + "&group=" + others + "&group=" + engineers + "&group=" + managers: {204, managers + "," + engineers},
		"?group=" + strings.ToUpper(managers):                                                    {204, managers},
		"?role=Admin&group=" + managers:                                                          {204, managers},
		"?group=" + managers + "&role=Admin":                                                     {204, managers},
		"?role=Admin&group=" + others:                                                            {403, ""},
		"?role=Root&group=" + managers:                                                           {403, ""},
		"?role=Root&role=Admin&group=" + managers:                                                {204, managers},
		"?rôle=Admin":                  {400, ""},
		"?Role=Admin":                  {400, ""},
		"?roles=Admin":                 {400, ""},
		"?role[]=Admin":                {400, ""},
		"?role=Admin&groups=" + others: {400, ""},
		"?group=" + managers + "&x":    {400, ""},
		"?=":                           {400, ""},
		"?role=Admin;group=" + others:  {400, ""},
		"?role=%zz":                    {400, ""},
		"?role=Admin&%zz=1":            {400, ""},
		"?role=Admin&role=" + strings.Repeat("x", 20<<10): {204, any},
		"?role=Admin" + strings.Repeat("&role=x", 99):     {204, any},
		"?role=Admin" + strings.Repeat("&role=x", 100):    {400, ""}, // as with every query
	} {
		r := verify(t, client, query)
		what := query[:min(len(query), 120)]
		assert.Equal(t, c.status, r.StatusCode, what)
		assert.Equal(t, c.groups, r.Header.Get("X-Auth-Request-Groups"), what)
		if c.status == http.StatusNoContent {
			assert.Len(t, tellTale(r), 6, what)
			assert.Equal(t, strings.Contains(query, "group=") == (r.Header.Get("X-Auth-Request-Groups-Complete") == "false"), true, what)
		}
	}
	assert.Equal(t, http.StatusBadRequest, verify(t, app.Anonymous(), "?roles=Admin").StatusCode, "a mistake shows before anybody signs in")
	assert.Equal(t, http.StatusUnauthorized, verify(t, app.Anonymous(), "?role=Admin").StatusCode)
}

func TestGroupsThatAreTooManyForTheToken(t *testing.T) {
	app := start(t)
	client := signInWith(t, app, ada(), ports.Groups{IDs: []string{others}, Overage: true}, engineers, managers)
	r := verify(t, client, "?group="+managers+"&group="+others)
	assert.Equal(t, http.StatusNoContent, r.StatusCode)
	assert.Equal(t, managers, r.Header.Get("X-Auth-Request-Groups"), "the directory has it, and not the token")
	assert.Equal(t, "false", r.Header.Get("X-Auth-Request-Groups-Complete"))
	assert.Equal(t, http.StatusForbidden, verify(t, client, "?group="+others).StatusCode)
	assert.Equal(t, http.StatusForbidden, verify(t, client, "?role=Root&group="+managers).StatusCode)
	assert.Empty(t, verify(t, client, "").Header.Get("X-Auth-Request-Groups"), "without a demand they are the token's")
	assert.Equal(t, 1, app.Provider.GroupLookups())

	app.Clock.Advance(16 * time.Minute)
	app.Provider.Down(true)
	r = verify(t, client, "?group="+managers)
	assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode)
	assert.NotEmpty(t, r.Header.Get("Retry-After"))
	assert.Equal(t, http.StatusNoContent, verify(t, client, "?role=Admin").StatusCode, "a role does not depend on the directory")
	assert.Equal(t, http.StatusForbidden, verify(t, client, "?role=Root&group="+managers).StatusCode)
	app.Provider.Down(false)
	assert.Equal(t, http.StatusNoContent, verify(t, client, "?group="+managers).StatusCode)
}

// Without a token for the directory nobody can ask it.
func TestADirectoryThatCannotBeAsked(t *testing.T) {
	app := start(t)
	client := signInWith(t, app, ada(), ports.Groups{Overage: true}, managers)
	app.Clock.Advance(56 * time.Minute)
	app.Provider.RevokeRefreshTokens()
	verify(t, client, "") // prolongs the session
	app.Clock.Advance(56 * time.Minute)
	r := verify(t, client, "?group="+managers)
	assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode)
	assert.NotEmpty(t, r.Header.Get("Retry-After"))
}

// The look-up finds out that the account is gone. The session ends, and no cookie is
// deleted.
func TestAnAccountThatIsGone(t *testing.T) {
	app := start(t)
	client := signInWith(t, app, ada(), ports.Groups{Overage: true}, managers)
	app.Clock.Advance(57 * time.Minute)
	app.Provider.DisableAccounts()
	assert.Equal(t, http.StatusUnauthorized, verify(t, client, "?group="+managers).StatusCode)
	assert.Equal(t, http.StatusUnauthorized, verify(t, client, "").StatusCode)
}

func TestMethodsAndPaths(t *testing.T) {
	app := start(t)
	client := signInWith(t, app, ada(), ports.Groups{})
	for _, who := range []*http.Client{client, app.Anonymous()} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "get"} {
			r := ask(t, who, method, "/verify", "X-Http-Method-Override", "GET", "X-Forwarded-Method", "GET")
			assert.Equal(t, http.StatusMethodNotAllowed, r.StatusCode, method)
			assert.NotEmpty(t, r.Header.Get("Allow"), method)
			assert.Empty(t, tellTale(r), method)
		}
		for _, path := range []string{"/verify/", "/verify/x", "/verify//", "/Verify", "/verify.", "/verify;x", "/%76erify/x"} {
			assert.Equal(t, http.StatusNotFound, ask(t, who, http.MethodGet, path).StatusCode, path)
		}
	}
	r := ask(t, client, http.MethodHead, "/verify?role=Admin")
	assert.Equal(t, http.StatusNoContent, r.StatusCode)
	assert.Len(t, tellTale(r), 6)
	r = ask(t, app.Anonymous(), http.MethodHead, "/verify")
	assert.Equal(t, http.StatusUnauthorized, r.StatusCode)
	assert.Empty(t, r.body)
}

// Sign-out in another tab or from another browser counts at the very next request.
func TestSignOutIsFinal(t *testing.T) {
	app := start(t)
	client := signInWith(t, app, ada(), ports.Groups{})
	phone := signInWith(t, app, ada(), ports.Groups{})
	require.Equal(t, http.StatusNoContent, verify(t, client, "").StatusCode)
	res, err := client.Post("/logout", "application/x-www-form-urlencoded", nil)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, http.StatusUnauthorized, verify(t, client, "").StatusCode)
	assert.Equal(t, http.StatusNoContent, verify(t, phone, "").StatusCode)
}

// The deletion cookie of an expired session belongs to a response for the browser.
func TestAnExpiredSessionIsNobodys(t *testing.T) {
	app := start(t)
	client := signInWith(t, app, ada(), ports.Groups{})
	app.Clock.Advance(61 * time.Minute)
	for range 2 {
		assert.Equal(t, http.StatusUnauthorized, verify(t, client, "").StatusCode)
	}
	r := ask(t, client, http.MethodGet, "/sessions")
	assert.Equal(t, http.StatusUnauthorized, r.StatusCode)
	assert.Contains(t, r.Header.Get("Set-Cookie"), "Max-Age=0", "the page deletes it, and the audit log reports the end")
}

// A person who works in the protected application all day stays signed in, up to the
// limit of the session.
func TestRequestsProlongTheSession(t *testing.T) {
	app := start(t)
	client := signInWith(t, app, ada(), ports.Groups{})
	for range 13 {
		app.Clock.Advance(55 * time.Minute)
		require.Equal(t, http.StatusNoContent, verify(t, client, "").StatusCode)
	}
	app.Clock.Advance(6 * time.Minute)
	assert.Equal(t, http.StatusUnauthorized, verify(t, client, "").StatusCode, "twelve hours are over")
}

// Only the request's own log line names the cause, so that an operator finds it.
func TestAFailureIsInTheLogLineOfTheRequest(t *testing.T) {
	var log bytes.Buffer
	app := start(t, func(c *webhttp.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	client := signInWith(t, app, ada(), ports.Groups{Overage: true}, managers)
	app.Clock.Advance(57 * time.Minute)
	app.Provider.Down(true)
	app.Clock.Advance(time.Minute)
	log.Reset()
	verify(t, client, "?group="+managers)
	verify(t, client, "?roles=Admin")
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	require.Len(t, lines, 2)
	assert.Contains(t, lines[0], "level=ERROR")
	assert.Contains(t, lines[0], "identity provider unavailable")
	assert.Contains(t, lines[1], "role=NAME and group=ID")
	assert.NotContains(t, log.String(), "roles=Admin", "the log has no query")
}

func recorderOf(app *apptest.App, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	app.Handler.ServeHTTP(w, r)
	return w
}
