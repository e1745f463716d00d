package entra_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// nameless returns an ID token without names, as the specification allows.
func nameless(d *fakeidp.TokenDraft) {
	delete(d.Claims, "name")
	delete(d.Claims, "preferred_username")
}

// namelessWorld is a provider that has names only at its UserInfo endpoint.
func namelessWorld(t testing.TB, change func(*entra.Config)) world {
	t.Helper()
	w := newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, c *entra.Config) {
		c.Issuer = "self"
		if change != nil {
			change(c)
		}
	})
	w.idp.Mutate(nameless)
	return w
}

func TestNamesComeFromUserInfoWhereTheIDTokenHasNone(t *testing.T) {
	w := namelessWorld(t, nil)
	w.idp.MutateUserInfo(func(username string, said map[string]any) {
		said["preferred_username"] = username
		said["iss"], said["tid"], said["oid"] = "https://evil.example", "evil", "evil"
		said["roles"], said["groups"], said["acct"] = []string{"Owner"}, []string{"evil"}, 1
		said["sid"], said["login_hint"] = "evil", "evil"
	})
	in := w.mustSignIn(t, fakeidp.UserAdmin, apiScope)
	assert.Equal(t, "Megan Bowen", in.Identity.Name)
	assert.Equal(t, fakeidp.UserAdmin, in.Identity.Username)

	w.idp.Mutate(nil)
	told := w.mustSignIn(t, fakeidp.UserAdmin, apiScope)
	in.Identity.ProviderSession, told.Identity.ProviderSession = "", "" // differ from sign-in to sign-in
	assert.Equal(t, told.Identity, in.Identity, "nothing but the names is taken")
	assert.Equal(t, told.Tokens.Groups.IDs, in.Tokens.Groups.IDs)
	for _, claim := range in.Claims {
		assert.NotContains(t, claim.Value, "evil", "claims are the ID token's")
	}
	asked := w.idp.Log(fakeidp.EndpointUserInfo)
	require.Len(t, asked, 1, "an ID token that names the person is enough")
	assert.Equal(t, http.MethodGet, asked[0].Method)
	assert.Equal(t, "Bearer "+in.Tokens.AccessTokens[0].Value, asked[0].Header.Get("Authorization"))
	assert.Empty(t, asked[0].Form, "the token is in the header alone")
}

func TestUserInfoIsNotAskedWhereItCannotHelp(t *testing.T) {
	metadata := func(endpoint any) func(world) {
		return func(w world) {
			w.idp.MutateMetadata(func(_ string, m map[string]any) { m["userinfo_endpoint"] = endpoint })
		}
	}
	token := func(change func(*fakeidp.TokenDraft)) func(world) {
		return func(w world) { w.idp.Mutate(func(d *fakeidp.TokenDraft) { nameless(d); change(d) }) }
	}
	for name, prepare := range map[string]func(world){
		"the token has the name":     func(w world) { w.idp.Mutate(func(d *fakeidp.TokenDraft) { delete(d.Claims, "preferred_username") }) },
		"the token has the username": func(w world) { w.idp.Mutate(func(d *fakeidp.TokenDraft) { delete(d.Claims, "name") }) },
		"no access token":            token(func(d *fakeidp.TokenDraft) { delete(d.Response, "access_token") }),
		"openid was not granted":     token(func(d *fakeidp.TokenDraft) { d.Response["scope"] = "api://other/Read" }),
		"no such endpoint":           metadata(nil),
		"one on plain http":          metadata("http://idp.example/userinfo"),
		"one that is no URL":         metadata("userinfo"),
		"one with a password in it":  metadata("https://user:password@127.0.0.1/userinfo"),
	} {
		t.Run(name, func(t *testing.T) {
			transport := &namer{RoundTripper: providerhttp.NewTransport(providerhttp.DefaultTimeout), asked: map[string]int{}}
			w := namelessWorld(t, func(c *entra.Config) { c.Transport = transport })
			prepare(w)
			in := w.mustSignIn(t, fakeidp.UserMember)
			if name == "the token has the name" {
				assert.Equal(t, "Adele Vance", in.Identity.Name)
			} else {
				assert.Empty(t, in.Identity.Name)
			}
			assert.Zero(t, w.idp.Requests(fakeidp.EndpointUserInfo))
			assert.Zero(t, transport.asked["userinfo"], "nobody else is asked either")
		})
	}
	t.Run("Entra", func(t *testing.T) {
		w := contoso(t)
		w.idp.Mutate(nameless)
		w.mustSignIn(t, fakeidp.UserMember, apiScope)
		assert.Zero(t, w.idp.Requests(fakeidp.EndpointUserInfo))
	})
	t.Run("scopes that nobody can read", func(t *testing.T) {
		w := namelessWorld(t, nil)
		token(func(d *fakeidp.TokenDraft) { d.Response["scope"] = []string{"openid"} })(w)
		assert.Equal(t, "Adele Vance", w.mustSignIn(t, fakeidp.UserMember).Identity.Name, "say nothing")
	})
}

// OpenID Connect Core 1.0, section 5.3.2.
func TestUserInfoOfAnotherSubjectRefusesTheSignIn(t *testing.T) {
	for name, change := range map[string]func(map[string]any){
		"another":        func(said map[string]any) { said["sub"] = said["sub"].(string) + "invalid" },
		"a shorter one":  func(said map[string]any) { said["sub"] = said["sub"].(string)[:5] },
		"other case":     func(said map[string]any) { said["sub"] = strings.ToUpper(said["sub"].(string)) },
		"none":           func(said map[string]any) { delete(said, "sub") },
		"null":           func(said map[string]any) { said["sub"] = nil },
		"a list":         func(said map[string]any) { said["sub"] = []any{said["sub"]} },
		"Sub in its way": func(said map[string]any) { said["Sub"] = said["sub"]; delete(said, "sub") },
	} {
		t.Run(name, func(t *testing.T) {
			w := namelessWorld(t, nil)
			w.idp.MutateUserInfo(func(_ string, said map[string]any) { change(said) })
			in, err := w.signIn(t, fakeidp.UserMember)
			require.ErrorIs(t, err, ports.ErrTokenRefused)
			assertNothingSecret(t, err)
			assert.Zero(t, in)
			w.idp.MutateUserInfo(nil)
			assert.Equal(t, "Adele Vance", w.mustSignIn(t, fakeidp.UserMember).Identity.Name)
		})
	}
}

// A failure of UserInfo never refuses a sign-in.
func TestUserInfoThatFailsLeavesThePersonNameless(t *testing.T) {
	const good = `{"sub":"x","name":"Eve"}`
	for name, fault := range map[string]fakeidp.Fault{
		"refused":             {Status: 401, Body: `{"error":"invalid_token"}`},
		"forbidden":           {Status: 403, Body: good},
		"failed":              {Status: 500, Body: good},
		"throttled":           {Status: 429, RetryAfter: "1"},
		"redirect":            {Status: 302, Body: good},
		"connection cut":      {Cut: true},
		"answer cut off":      {Status: 200, Body: good, CutAfter: 5},
		"50 MB":               {Body: good, Size: 50 << 20},
		"compressed bomb":     {Body: good, Size: 1 << 30, Gzip: true},
		"signed":              {Body: "eyJhbGciOiJSUzI1NiJ9.e30.c2ln", ContentType: "application/jwt"},
		"signed, by its type": {Body: good, ContentType: "application/jwt"},
		"a page":              {Body: good, ContentType: "text/html"},
		"no type at all":      {Body: good, ContentType: ";"},
		"no object":           {Body: `["sub"]`},
		"sub twice":           {Body: `{"sub":"x","sub":"y"}`},
		"no JSON":             {Body: `name=Eve`},
	} {
		t.Run(name, func(t *testing.T) {
			var logs bytes.Buffer
			w := namelessWorld(t, func(c *entra.Config) { c.Logger = slog.New(slog.NewTextHandler(&logs, nil)) })
			w.idp.Fail(fakeidp.EndpointUserInfo, fault)
			in := w.mustSignIn(t, fakeidp.UserMember)
			assert.Empty(t, in.Identity.Name)
			assert.Empty(t, in.Identity.Username)
			if !fault.Cut { // over a kept connection that is cut the transport sends a GET again
				assert.Equal(t, 1, w.idp.Requests(fakeidp.EndpointUserInfo), "asked once")
			}
			assert.Contains(t, logs.String(), "userinfo not loaded")
			for _, secret := range []string{"Eve", "eyJ", "invalid_token"} {
				assert.NotContains(t, logs.String(), secret)
			}
		})
	}
}

func TestNamesOfUserInfoThatAreNoTextOrTooLongAreLeftOut(t *testing.T) {
	w := namelessWorld(t, nil)
	for _, odd := range []any{[]string{"Eve"}, map[string]any{"x": "y"}, 7, nil, strings.Repeat("é", 100_000)} {
		w.idp.MutateUserInfo(func(_ string, said map[string]any) { said["name"], said["preferred_username"] = odd, "eve" })
		in := w.mustSignIn(t, fakeidp.UserMember)
		assert.Empty(t, in.Identity.Name)
		assert.Equal(t, "eve", in.Identity.Username)
		w.idp.MutateUserInfo(func(_ string, said map[string]any) { said["name"], said["preferred_username"] = "Eve", odd })
		in = w.mustSignIn(t, fakeidp.UserMember)
		assert.Equal(t, "Eve", in.Identity.Name)
		assert.Empty(t, in.Identity.Username)
	}
}

// lingering is a Transport that never responds for the UserInfo endpoint. It records
// the deadline of the request.
type lingering struct {
	http.RoundTripper
	patience time.Duration
}

func (l *lingering) RoundTrip(req *http.Request) (*http.Response, error) {
	if providerhttp.EndpointOf(req.Context()) != "userinfo" {
		return l.RoundTripper.RoundTrip(req)
	}
	until, ok := req.Context().Deadline()
	if !ok {
		until = time.Now().Add(time.Hour)
	}
	l.patience = time.Until(until)
	return nil, http.ErrHandlerTimeout
}

func TestNobodyWaitsLongForAName(t *testing.T) {
	l := &lingering{RoundTripper: providerhttp.NewTransport(providerhttp.DefaultTimeout)}
	w := namelessWorld(t, func(c *entra.Config) { c.Transport = l })
	in := w.mustSignIn(t, fakeidp.UserMember)
	assert.Empty(t, in.Identity.Name)
	assert.Positive(t, l.patience)
	assert.LessOrEqual(t, l.patience, 3*time.Second)
}
