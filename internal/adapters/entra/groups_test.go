package entra_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
)

const (
	groupA = "a1000001-4d2e-4b91-8c05-3fa9c0000001"
	groupB = "b1000002-4d2e-4b91-8c05-3fa9c0000002"
)

// TestGroupsOfAToken reads groups in every form. A claim that cannot be read must
// never mean "no groups".
func TestGroupsOfAToken(t *testing.T) {
	w := contoso(t)
	now := w.clock.Now()
	for name, c := range map[string]struct {
		change func(*fakeidp.TokenDraft)
		want   ports.Groups
	}{
		"a list":              {set("groups", []string{groupA, strings.ToUpper(groupB)}), ports.Groups{IDs: []string{groupA, groupB}, AsOf: now}},
		"an empty list":       {set("groups", []string{}), ports.Groups{AsOf: now}},
		"no word of groups":   {drop("groups"), ports.Groups{}},
		"names are no IDs":    {set("groups", []string{"Administrators", groupA, `CONTOSO\admins`}), ports.Groups{IDs: []string{groupA}, AsOf: now}},
		"elsewhere":           {all(drop("groups"), set("_claim_names", map[string]string{"groups": "src1"})), ports.Groups{Overage: true}},
		"some, and elsewhere": {all(set("groups", []string{groupA}), set("_claim_names", map[string]string{"groups": "src1"})), ports.Groups{Overage: true}},
		"others elsewhere":    {all(drop("groups"), set("_claim_names", map[string]string{"address": "src1"})), ports.Groups{}},
		"elsewhere, garbled":  {all(drop("groups"), set("_claim_names", "groups")), ports.Groups{Overage: true}},
		"elsewhere is null":   {all(drop("groups"), set("_claim_names", nil)), ports.Groups{}},
		"null":                {set("groups", nil), ports.Groups{}},
		"the flag is null":    {all(drop("groups"), set("hasgroups", nil)), ports.Groups{}},
		"the flag":            {all(drop("groups"), set("hasgroups", true)), ports.Groups{Overage: true}},
		"the flag as text":    {all(drop("groups"), set("hasgroups", "true")), ports.Groups{Overage: true}},
		"the flag off":        {all(drop("groups"), set("hasgroups", false)), ports.Groups{}},
		"too many":            {set("groups", make([]string, 1001)), ports.Groups{Overage: true}},
	} {
		w.idp.Mutate(c.change)
		assert.Equal(t, c.want, w.mustSignIn(t, fakeidp.UserMember).Tokens.Groups, name)
	}
	for name, value := range map[string]any{
		"text": groupA, "numbers": []int{1}, "a list in a list": []any{[]string{groupA}}, "an object": map[string]bool{groupA: true},
	} {
		w.idp.Mutate(set("groups", value))
		_, err := w.signIn(t, fakeidp.UserMember)
		require.ErrorIs(t, err, ports.ErrTokenRefused, name)
		assert.ErrorContains(t, err, "its groups are not a list of group IDs")
	}
}

func TestGroupsMeanNothingAtOtherProviders(t *testing.T) {
	w := newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, c *entra.Config) { c.Issuer = "self" })
	w.idp.Mutate(set("groups", "/admins"))
	assert.Zero(t, w.mustSignIn(t, fakeidp.UserMember).Tokens.Groups)
	_, err := w.provider.MemberGroups(t.Context(), "token")
	require.ErrorIs(t, err, ports.ErrNoGroupLookup)
}

// manyGroups signs in a person with a thousand groups.
func manyGroups(t *testing.T, w world) (token string) {
	t.Helper()
	in := w.mustSignIn(t, fakeidp.UserManyGroups, apiScope)
	require.True(t, in.Tokens.Groups.Overage)
	require.Empty(t, in.Tokens.Groups.IDs)
	return in.Tokens.AccessTokens[0].Value
}

func TestMemberGroups(t *testing.T) {
	w := contoso(t)
	ids, err := w.provider.MemberGroups(t.Context(), manyGroups(t, w))
	require.NoError(t, err)
	assert.Len(t, ids, 1000)
	assert.Equal(t, 10, w.idp.Requests(fakeidp.EndpointMemberGroups))

	few := w.mustSignIn(t, fakeidp.UserMember, apiScope)
	ids, err = w.provider.MemberGroups(t.Context(), few.Tokens.AccessTokens[0].Value)
	require.NoError(t, err)
	assert.ElementsMatch(t, few.Tokens.Groups.IDs, ids)
}

func TestMemberGroupsThroughFailures(t *testing.T) {
	const further = "$skiptoken"
	for name, c := range map[string]struct {
		fault  fakeidp.Fault
		paused time.Duration
		kind   error
	}{
		"throttled once":       {fakeidp.Fault{Times: 1, Status: 429, RetryAfter: "4", Body: "{}"}, 4 * time.Second, nil},
		"throttled, page 2":    {fakeidp.Fault{Times: 1, Status: 429, RetryAfter: "4", Body: "{}", Match: hasField(further)}, 4 * time.Second, nil},
		"throttled for long":   {fakeidp.Fault{Status: 429, RetryAfter: "3600", Body: "{}"}, 0, ports.ErrProviderUnavailable},
		"5xx once":             {fakeidp.Fault{Times: 1, Status: 502, Body: "x"}, time.Second, nil},
		"5xx for long":         {fakeidp.Fault{Status: 500, Body: "{}"}, time.Second, ports.ErrProviderUnavailable},
		"5xx, page 2":          {fakeidp.Fault{Status: 503, Body: "{}", Match: hasField(further)}, time.Second, ports.ErrProviderUnavailable},
		"cut":                  {fakeidp.Fault{Cut: true}, time.Second, ports.ErrProviderUnavailable},
		"GET is not taken":     {fakeidp.Fault{Times: 1, Status: 405, Body: "{}", Match: hasField(further)}, 0, nil},
		"no method is taken":   {fakeidp.Fault{Status: 405, Body: "{}"}, 0, ports.ErrProviderUnavailable},
		"a redirect":           {fakeidp.Fault{Status: 302, Body: "x"}, 0, ports.ErrProviderUnavailable},
		"forbidden":            {fakeidp.Fault{Status: 403, Body: `{"error":{"code":"Authorization_RequestDenied"}}`}, 0, ports.ErrProviderRefused},
		"too many for Graph":   {fakeidp.Fault{Status: 400, Body: `{"error":{"code":"Directory_ResultSizeLimitExceeded"}}`}, 0, ports.ErrProviderUnavailable},
		"refused with a page":  {fakeidp.Fault{Status: 403, Body: "<html>adele@contoso.example"}, 0, ports.ErrProviderRefused},
		"a page in place":      {fakeidp.Fault{Status: 200, Body: "<html>adele@contoso.example"}, 0, ports.ErrTokenRefused},
		"no list":              {fakeidp.Fault{Status: 200, Body: `{}`}, 0, ports.ErrTokenRefused},
		"null":                 {fakeidp.Fault{Status: 200, Body: `{"value":null}`}, 0, ports.ErrTokenRefused},
		"no IDs":               {fakeidp.Fault{Status: 200, Body: `{"value":["Administrators"]}`}, 0, ports.ErrTokenRefused},
		"objects":              {fakeidp.Fault{Status: 200, Body: `{"value":[{"id":"` + groupA + `"}]}`}, 0, ports.ErrTokenRefused},
		"two lists":            {fakeidp.Fault{Status: 200, Body: `{"value":[],"value":["` + groupA + `"]}`}, 0, ports.ErrTokenRefused},
		"a list that is cut":   {fakeidp.Fault{Status: 200, Body: `{"value":["` + groupA + `"`}, 0, ports.ErrTokenRefused},
		"50 MB":                {fakeidp.Fault{Status: 200, Body: "{}", Size: 50 << 20}, 0, ports.ErrProviderUnavailable},
		"a bomb on page 2":     {fakeidp.Fault{Status: 200, Body: "{}", Size: 1 << 30, Gzip: true, Match: hasField(further)}, 0, ports.ErrProviderUnavailable},
		"next is no text":      {fakeidp.Fault{Status: 200, Body: `{"value":[],"@odata.nextLink":1}`}, 0, ports.ErrTokenRefused},
		"next is empty":        {fakeidp.Fault{Status: 200, Body: `{"value":[],"@odata.nextLink":""}`}, 0, ports.ErrTokenRefused},
		"next is elsewhere":    {fakeidp.Fault{Status: 200, Body: `{"value":[],"@odata.nextLink":"https://attacker.example/v1.0/me"}`}, 0, ports.ErrTokenRefused},
		"next in another case": {fakeidp.Fault{Status: 200, Body: `{"value":[],"@odata.NextLink":"https://attacker.example/v1.0/me"}`}, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var paused []time.Duration
			w := newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, e *entra.Config) {
				e.Pause = func(_ context.Context, d time.Duration) error { paused = append(paused, d); return nil }
			})
			token := manyGroups(t, w)
			w.idp.Fail(fakeidp.EndpointMemberGroups, c.fault)
			ids, err := w.provider.MemberGroups(t.Context(), token)
			if c.paused > 0 {
				assert.Equal(t, []time.Duration{c.paused}, paused)
			} else {
				assert.Empty(t, paused)
			}
			if c.kind == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, c.kind)
			assert.Nil(t, ids, "a part is no answer")
			assertNothingSecret(t, err)
			assert.NotContains(t, err.Error(), token)
			w.idp.Heal()
			ids, err = w.provider.MemberGroups(t.Context(), token)
			require.NoError(t, err)
			assert.Len(t, ids, 1000)
		})
	}
}

// hasField matches requests that have the parameter.
func hasField(name string) func(url.Values) bool {
	return func(form url.Values) bool { return form.Has(name) }
}

// TestTheNextPageIsPinned checks that a next page at another origin is refused. No
// request with the token goes there.
func TestTheNextPageIsPinned(t *testing.T) {
	w := contoso(t)
	token := manyGroups(t, w)
	base := w.idp.BaseURL()
	port := base[strings.LastIndex(base, ":"):]
	for _, next := range []string{
		"https://attacker.example/x", "https" + strings.TrimPrefix(base, "http") + "/x", "http://localhost" + port + "/x",
		"http://127.0.0.1/x", "http://127.0.0.1:1/x", "http://a@127.0.0.1" + port + "/x", base + ".attacker.example/x", base + "@attacker.example/x",
		"//127.0.0.1" + port + "/x", "/v1.0/me/getMemberObjects", "?$skiptoken=1", base + "/x#y", " " + base + "/x", "http:///x", "http://[::1", "javascript:0",
	} {
		before := w.idp.Requests(fakeidp.EndpointMemberGroups)
		w.idp.Fail(fakeidp.EndpointMemberGroups, fakeidp.Fault{Times: 1, Status: 200, Body: `{"value":[],"@odata.nextLink":"` + next + `"}`})
		_, err := w.provider.MemberGroups(t.Context(), token)
		require.ErrorIs(t, err, ports.ErrTokenRefused, next)
		assert.Equal(t, before+1, w.idp.Requests(fakeidp.EndpointMemberGroups))
	}
}

func TestMemberGroupsAreBounded(t *testing.T) {
	w := contoso(t)
	token := manyGroups(t, w)
	endless := `{"value":[],"@odata.nextLink":"` + w.idp.BaseURL() + `/v1.0/me/getMemberObjects?$skiptoken=0"}`
	w.idp.Fail(fakeidp.EndpointMemberGroups, fakeidp.Fault{Status: 200, Body: endless})
	_, err := w.provider.MemberGroups(t.Context(), token)
	require.ErrorIs(t, err, ports.ErrTokenRefused)
	assert.Equal(t, 200, w.idp.Requests(fakeidp.EndpointMemberGroups))

	full := `{"value":["` + strings.Repeat(groupA+`","`, 9_999) + groupB + `"]}`
	w.idp.Heal()
	w.idp.Fail(fakeidp.EndpointMemberGroups, fakeidp.Fault{Times: 1, Status: 200, Body: full})
	ids, err := w.provider.MemberGroups(t.Context(), token)
	require.NoError(t, err)
	assert.Equal(t, []string{groupA, groupB}, ids, "each once")
	w.idp.Fail(fakeidp.EndpointMemberGroups, fakeidp.Fault{Status: 200, Body: strings.Replace(full, groupB, groupB+`","`+groupA, 1)})
	_, err = w.provider.MemberGroups(t.Context(), token)
	require.ErrorIs(t, err, ports.ErrTokenRefused)
}

func TestMemberGroupsEndWithTheCaller(t *testing.T) {
	w := contoso(t)
	token := manyGroups(t, w)
	w.idp.Fail(fakeidp.EndpointMemberGroups, fakeidp.Fault{Hang: true})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := w.provider.MemberGroups(ctx, token)
	require.ErrorIs(t, err, ports.ErrProviderUnavailable)
}

func TestMemberGroupsWithATokenThatIsNotTaken(t *testing.T) {
	const claims = `{"access_token":{"nbf":{"essential":true,"value":"1"}}}`
	w := contoso(t)
	token := manyGroups(t, w)
	for _, bad := range []string{"", "never-issued", "a\nb"} {
		_, err := w.provider.MemberGroups(t.Context(), bad)
		e, ok := errors.AsType[*ports.ProviderError](err)
		require.True(t, ok)
		require.ErrorIs(t, err, ports.ErrInteractionRequired)
		assert.Empty(t, e.Claims)
	}
	w.idp.DemandClaims(claims)
	_, err := w.provider.MemberGroups(t.Context(), token)
	e, ok := errors.AsType[*ports.ProviderError](err)
	require.True(t, ok)
	assert.Equal(t, ports.ErrInteractionRequired, e.Kind)
	assert.JSONEq(t, claims, e.Claims)
	assert.Len(t, e.CorrelationID, 36)
}

// graphOf returns the host of Microsoft Graph that a provider uses.
type graphOf struct{ asked *http.Request }

func (g *graphOf) RoundTrip(r *http.Request) (*http.Response, error) {
	g.asked = r
	return nil, errors.New("not today")
}

func TestEachCloudAsksItsOwnGraph(t *testing.T) {
	for authority, want := range map[string]string{
		"https://login.microsoftonline.com/" + guid:             "https://graph.microsoft.com/v1.0/me/getMemberObjects",
		"https://login.microsoftonline.us/contoso.com":          "https://graph.microsoft.us/v1.0/me/getMemberObjects",
		"https://login.partner.microsoftonline.cn/consumers":    "https://microsoftgraph.chinacloudapi.cn/v1.0/me/getMemberObjects",
		"http://localhost:1/" + guid:                            "http://localhost:1/v1.0/me/getMemberObjects",
		"https://contoso.ciamlogin.com/contoso.onmicrosoft.com": "",
		"https://c.b2clogin.com/c.onmicrosoft.com/B2C_1_a":      "",
		"https://login.contoso.com/" + guid:                     "",
	} {
		transport := &graphOf{}
		config := goodConfig()
		config.Authority, config.Transport = authority, transport
		config.Pause = func(context.Context, time.Duration) error { return errors.New("not today") }
		p, err := entra.New(config)
		require.NoError(t, err)
		_, err = p.MemberGroups(t.Context(), "token")
		if want == "" {
			require.ErrorIs(t, err, ports.ErrNoGroupLookup)
			assert.Nil(t, transport.asked)
			continue
		}
		require.ErrorIs(t, err, ports.ErrProviderUnavailable)
		assert.Equal(t, want, transport.asked.URL.String())
	}
}

func TestGraphBaseIsForThisMachineOnly(t *testing.T) {
	here := "http://localhost:8400/" + guid
	for _, c := range []struct {
		authority, base string
		good            bool
	}{
		{here, "http://127.0.0.1:9000", true},
		{here, "http://127.0.0.1:9000/", true},
		{here, "https://graph.example", false},
		{here, "http://127.0.0.1:9000/path", false},
		{here, "http://127.0.0.1:9000?x", false},
		{here, "x", false},
		{"https://login.microsoftonline.com/" + guid, "http://127.0.0.1:9000", false},
		{"https://login.microsoftonline.com/" + guid, "https://graph.microsoft.com", false},
	} {
		config := goodConfig()
		config.Authority, config.GraphBase = c.authority, c.base
		_, err := entra.New(config)
		if c.good {
			assert.NoError(t, err)
		} else {
			require.Error(t, err, c.base)
			assert.Equal(t, []string{"GraphBase"}, fields(err))
		}
	}
}

// The error of Microsoft Graph keeps its code and number for the administrator.
func TestErrorsOfTheDirectoryKeepTheirSource(t *testing.T) {
	for status, kind := range map[int]error{
		400: ports.ErrProviderUnavailable, 401: ports.ErrInteractionRequired, 403: ports.ErrProviderRefused,
		429: ports.ErrProviderUnavailable, 503: ports.ErrProviderUnavailable,
	} {
		w := contoso(t)
		token := manyGroups(t, w)
		w.idp.Fail(fakeidp.EndpointMemberGroups, fakeidp.Fault{Status: status,
			Body: `{"error":{"code":"Authorization_RequestDenied","innerError":{"request-id":"` + groupA + `"}}}`})
		_, err := w.provider.MemberGroups(t.Context(), token)
		require.ErrorIs(t, err, kind, status)
		e, ok := errors.AsType[*ports.ProviderError](err)
		require.True(t, ok, status)
		assert.Equal(t, "Authorization_RequestDenied", e.Code)
		assert.Equal(t, groupA, e.CorrelationID)
	}
}

// TestChallengeOfTheAPI reads a claims challenge in every spelling.
func TestChallengeOfTheAPI(t *testing.T) {
	const claims = `{"access_token":{"nbf":{"essential":true,"value":"ÿ>?"}}}`
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		transport := challenging{`Bearer realm="", authorization_uri=https://login.example/common/oauth2/authorize, claims="` + encoding.EncodeToString([]byte(claims)) + `", error=insufficient_claims`}
		config := goodConfig()
		config.Authority, config.Transport = "http://localhost:1/"+guid, transport
		p, err := entra.New(config)
		require.NoError(t, err)
		_, err = p.MemberGroups(t.Context(), "token")
		e, ok := errors.AsType[*ports.ProviderError](err)
		require.True(t, ok)
		assert.JSONEq(t, claims, e.Claims)
	}
}

// challenging responds with status 401 and one challenge.
type challenging struct{ header string }

func (c challenging) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusUnauthorized, Header: http.Header{"Www-Authenticate": {"Negotiate", c.header}}, Body: http.NoBody, Request: r,
	}, nil
}
