package github_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/github"
	"webapp/internal/ports"
)

const (
	tokenPath = "/login/oauth/access_token"
	userPath  = "/user"
	goodToken = `{"access_token":"gho_x","token_type":"bearer"}`
)

// reply sends a response with this status, media type and body.
func reply(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func object(body string) http.HandlerFunc { return reply(http.StatusOK, "application/json", body) }

// redirected redirects to a path with a valid response.
func redirected(path string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://api.github.com/good"+path)
		reply(http.StatusTemporaryRedirect, "application/json", `{}`)(w, nil)
	}
}

// cut sends a valid response whose Content-Length is too large.
func cut(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "500")
		object(body)(w, nil)
	}
}

// huge returns a body that is valid JSON and too large.
func huge(good string) string { return good + strings.Repeat(" ", 64<<10) }

func TestBadAnswersAreRefused(t *testing.T) {
	refused, down := ports.ErrTokenRefused, ports.ErrProviderUnavailable
	const goodUser = `{"id":1,"login":"octocat"}`
	for name, c := range map[string]struct {
		path string
		bad  http.HandlerFunc
		want error
	}{
		"user without id":             {userPath, object(`{"login":"octocat"}`), refused},
		"id is null":                  {userPath, object(`{"id":null,"login":"octocat"}`), refused},
		"id 0":                        {userPath, object(`{"id":0,"login":"octocat"}`), refused},
		"negative id":                 {userPath, object(`{"id":-1,"login":"octocat"}`), refused},
		"id with a fraction":          {userPath, object(`{"id":1.5,"login":"octocat"}`), refused},
		"id with an exponent":         {userPath, object(`{"id":1e3,"login":"octocat"}`), refused},
		"id is a string":              {userPath, object(`{"id":"1","login":"octocat"}`), refused},
		"id of another letter case":   {userPath, object(`{"ID":1,"login":"octocat"}`), refused},
		"id twice":                    {userPath, object(`{"id":1,"login":"octocat","id":2}`), refused},
		"id too large":                {userPath, object(`{"id":9223372036854775808,"login":"octocat"}`), refused},
		"no login":                    {userPath, object(`{"id":1}`), refused},
		"login is a number":           {userPath, object(`{"id":1,"login":5}`), refused},
		"login is null":               {userPath, object(`{"id":1,"login":null}`), refused},
		"a list of users":             {userPath, object(`[` + goodUser + `]`), refused},
		"two users":                   {userPath, object(goodUser + goodUser), down},
		"huge user":                   {userPath, object(huge(goodUser)), down},
		"user as HTML":                {userPath, reply(200, "text/html", "<p>octocat@github.example"), down},
		"user of another type":        {userPath, reply(200, "text/plain", goodUser), down},
		"user without a type":         {userPath, reply(200, "", goodUser), down},
		"user elsewhere":              {userPath, redirected(userPath), down},
		"user forbidden":              {userPath, reply(403, "application/json", goodUser), down},
		"user fails":                  {userPath, reply(500, "application/json", goodUser), down},
		"user cut":                    {userPath, cut(goodUser), down},
		"no token":                    {tokenPath, object(`{"token_type":"bearer"}`), refused},
		"token is a number":           {tokenPath, object(`{"access_token":5,"token_type":"bearer"}`), refused},
		"token with a line break":     {tokenPath, object(`{"access_token":"gho_x\r\nHost: x","token_type":"bearer"}`), refused},
		"token is null":               {tokenPath, object(`{"access_token":null,"token_type":"bearer"}`), refused},
		"token type is a list":        {tokenPath, object(`{"access_token":"gho_x","token_type":["bearer"]}`), refused},
		"token type mac":              {tokenPath, object(`{"access_token":"gho_x","token_type":"mac"}`), refused},
		"expires_in is a string":      {tokenPath, object(`{"access_token":"gho_x","token_type":"bearer","expires_in":"8"}`), refused},
		"expires_in is negative":      {tokenPath, object(`{"access_token":"gho_x","token_type":"bearer","expires_in":-8}`), refused},
		"expires_in is absurd":        {tokenPath, object(`{"access_token":"gho_x","token_type":"bearer","expires_in":9223372036854775807}`), refused},
		"huge token":                  {tokenPath, object(huge(goodToken)), down},
		"token as a form":             {tokenPath, reply(200, "application/x-www-form-urlencoded", "access_token=gho_x&token_type=bearer"), down},
		"token elsewhere":             {tokenPath, redirected(tokenPath), down},
		"token with another status":   {tokenPath, reply(201, "application/json", goodToken), down},
		"token endpoint fails":        {tokenPath, reply(503, "application/json", goodToken), down},
		"token endpoint asks to wait": {tokenPath, reply(429, "application/json", `{"error":"bad_verification_code"}`), down},
		"token cut":                   {tokenPath, cut(goodToken), down},
		"error beside a token":        {tokenPath, object(`{"error":"x@y","access_token":"gho_x","token_type":"bearer"}`), ports.ErrProviderRefused},
		"error with status 404":       {tokenPath, reply(404, "application/json", `{"error":"Not Found"}`), ports.ErrProviderRefused},
	} {
		t.Run(name, func(t *testing.T) {
			p := newFakeGitHub(t)
			p.tokens["Bearer gho_x"] = true
			p.instead["/good"+userPath], p.instead["/good"+tokenPath] = object(goodUser), object(goodToken)
			p.instead[c.path] = c.bad
			in, err := p.signIn(t)
			require.ErrorIs(t, err, c.want)
			assert.Zero(t, in)
			assertQuotesNothing(t, p, err)
			for _, r := range p.asked {
				assert.NotContains(t, r.URL.Path, "/good", "a redirect was followed")
			}
		})
	}
}

// TestOddAnswersAreAccepted checks that a member that is null is absent, that a
// missing token_type means Bearer, and that a malformed name does not refuse a
// sign-in.
func TestOddAnswersAreAccepted(t *testing.T) {
	for name, c := range map[string]struct{ path, body string }{
		"no token type":                {tokenPath, `{"access_token":"gho_x"}`},
		"token type is null":           {tokenPath, `{"access_token":"gho_x","token_type":null}`},
		"error and expires_in is null": {tokenPath, `{"access_token":"gho_x","token_type":"bearer","expires_in":null,"error":null,"error_description":null}`},
		"name is null":                 {userPath, `{"id":1,"login":"octocat","name":null,"email":null}`},
		"name is a list":               {userPath, `{"id":1,"login":"octocat","name":["Eve"]}`},
		"absurd name":                  {userPath, `{"id":1,"login":"octocat","name":"` + strings.Repeat("x", 2000) + `"}`},
	} {
		p := newFakeGitHub(t)
		p.tokens["Bearer gho_x"] = true
		p.instead[tokenPath], p.instead[userPath] = object(`{"access_token":"gho_x","token_type":"bearer"}`), object(`{"id":1,"login":"octocat"}`)
		p.instead[c.path] = object(c.body)
		in, err := p.signIn(t)
		require.NoError(t, err, name)
		assert.Equal(t, "octocat", in.Identity.Username, name)
		assert.Empty(t, in.Identity.Name, name)
	}
}

// assertQuotesNothing checks that an error quotes neither the request nor the response.
func assertQuotesNothing(t *testing.T, p *fakeGitHub, err error) {
	t.Helper()
	said := []string{"octocat", clientSecret, "gho_", "@", "Not Found"}
	for _, r := range p.asked {
		for _, name := range []string{"code", "code_verifier"} {
			if sent := r.PostForm.Get(name); sent != "" {
				said = append(said, sent)
			}
		}
	}
	for _, secret := range said {
		assert.NotContains(t, err.Error(), secret)
	}
}

// TestErrorsOfTheTokenEndpointAreGitHubs checks errors with status 200.
func TestErrorsOfTheTokenEndpointAreGitHubs(t *testing.T) {
	for _, code := range []string{"bad_verification_code", "incorrect_client_credentials", "redirect_uri_mismatch", "unverified_user_email"} {
		p := newFakeGitHub(t)
		p.instead[tokenPath] = object(fmt.Sprintf(`{"error":%q,"error_description":"octocat@github.example"}`, code))
		_, err := p.signIn(t)
		require.ErrorIs(t, err, ports.ErrProviderRefused)
		assert.ErrorContains(t, err, code)
		assertQuotesNothing(t, p, err)
		assert.Len(t, p.asked, 1, "the code is posted once")
	}
	p, long := newFakeGitHub(t), strings.Repeat("long", 20)
	p.instead[tokenPath] = object(fmt.Sprintf(`{"error":%q}`, long))
	_, err := p.signIn(t)
	require.ErrorIs(t, err, ports.ErrProviderRefused)
	assert.NotContains(t, err.Error(), long)
}

// faulty is a transport whose requests fail, or whose responses come from a reader.
type faulty struct {
	err  error
	body func(*http.Request) io.Reader
}

func (f faulty) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.err != nil {
		return nil, f.err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(f.body(r)), Request: r,
	}, nil
}

// readerFunc implements io.Reader.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// completeThrough completes a sign-in with a transport.
func completeThrough(ctx context.Context, t *testing.T, transport http.RoundTripper) error {
	provider, err := github.New(registration(), transport, time.Now)
	require.NoError(t, err)
	begun, err := provider.Begin(ctx, ports.AuthorizationRequest{State: state})
	require.NoError(t, err)
	_, err = provider.Complete(ctx, ports.Callback{State: state, Code: "code"}, begun.Secret)
	require.ErrorIs(t, err, ports.ErrProviderUnavailable)
	return err
}

func TestCallsEndInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_ = completeThrough(t.Context(), t, faulty{body: func(r *http.Request) io.Reader {
			return readerFunc(func([]byte) (int, error) { <-r.Context().Done(); return 0, r.Context().Err() })
		}})
		assert.Equal(t, 10*time.Second, time.Since(began))
	})
}

func TestEndlessAnswersAreNotRead(t *testing.T) {
	read := 0
	_ = completeThrough(t.Context(), t, faulty{body: func(*http.Request) io.Reader {
		return readerFunc(func(p []byte) (int, error) {
			if read += len(p); read > 1<<20 {
				return 0, io.EOF
			}
			return copy(p, bytes.Repeat([]byte(" "), len(p))), nil
		})
	}})
	assert.Less(t, read, 256<<10)
}

// TestNetworkErrors checks that the errors have at most an address, and that a
// cancelled context is recognized.
func TestNetworkErrors(t *testing.T) {
	err := completeThrough(t.Context(), t, faulty{err: errors.New("malformed answer octocat@github.example")})
	assert.NotContains(t, err.Error(), "octocat")
	err = completeThrough(t.Context(), t, faulty{err: &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}})
	assert.ErrorContains(t, err, "connection refused")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, completeThrough(gone, t, faulty{err: errors.New("canceled")}), context.Canceled)
}
