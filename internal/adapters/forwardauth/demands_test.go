package forwardauth_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"webapp/internal/ports"
)

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
