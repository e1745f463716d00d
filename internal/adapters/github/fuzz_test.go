package github_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/github"
	"webapp/internal/ports"
)

// insteadOf responds in place of GitHub's hosts.
type insteadOf map[string]*http.Response

func (i insteadOf) RoundTrip(r *http.Request) (*http.Response, error) {
	res := *i[r.URL.Host]
	res.Request = r
	return &res, nil
}

func answering(status int, kind, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(body))}
}

// FuzzAnswers changes GitHub's two responses. The subject of an accepted sign-in is
// the number in the response, and no error quotes a response.
func FuzzAnswers(f *testing.F) {
	const planted = "Zq9planted"
	const user, token = `{"login":"octocat","id":583231,"node_id":"MDQ6VXNlcjU4MzIzMQ==","type":"User","name":"The Octocat","email":null}`,
		`{"access_token":"gho_16C7e42F292c6912E7710c838347Ae178B4a","scope":"read:user","token_type":"bearer"}`
	f.Add(200, "application/json; charset=utf-8", token, user)
	for _, bad := range []string{
		`{"error":"` + planted + `","error_description":"` + planted + `"}`, `{"error":"bad_verification_code"}`, planted, `["` + planted + `"]`, `{"error":1e400}`,
		`{"access_token":"` + planted + `\r\n","token_type":"bearer"}`, `{"access_token":"a","token_type":"` + planted + `"}`,
		`{"access_token":"a","token_type":"bearer","expires_in":"` + planted + `"}`, `{"access_token":"a","token_type":"bearer","expires_in":28800}`,
	} {
		f.Add(200, "application/json", bad, user)
	}
	for _, bad := range []string{
		`{"id":1e400,"login":"x"}`, `{"id":-0,"login":"x"}`, `{"id":007,"login":"x"}`, `{"id":"` + planted + `"}`, `{"id":1,"id":2,"login":"` + planted + `"}`,
		`{"id":9007199254740993,"login":"x","name":1}`, `{"ID":1,"login":"` + planted + `"}`, `{"id":1,"login":"\ud800"}`, `{"id":1,"login":"` + strings.Repeat("x", 1100) + `"}`,
	} {
		f.Add(200, "application/json", token, bad)
	}
	f.Add(404, "application/json", `{"error":"Not Found"}`, user)
	f.Add(503, "text/html", planted, planted)
	begun := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	positive := regexp.MustCompile(`^[1-9][0-9]{0,18}$`)
	f.Fuzz(func(t *testing.T, status int, kind, token, user string) {
		transport := insteadOf{"github.com": answering(status, kind, token), "api.github.com": answering(200, kind, user)}
		provider, err := github.New(registration(), transport, func() time.Time { return begun })
		require.NoError(t, err)
		a, err := provider.Begin(t.Context(), ports.AuthorizationRequest{State: state, Scopes: []string{"read:user"}})
		require.NoError(t, err)
		in, err := provider.Complete(t.Context(), ports.Callback{State: state, Code: "code"}, a.Secret)
		if err != nil {
			require.Zero(t, in)
			require.NotContains(t, err.Error(), planted)
			require.Less(t, len(err.Error()), 300)
			return
		}
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, "https://github.com/login/oauth", in.Identity.Issuer)
		require.Regexp(t, positive, in.Identity.Subject)
		require.Contains(t, user, in.Identity.Subject)
		require.NotEmpty(t, in.Identity.Username)
		require.LessOrEqual(t, max(len(in.Identity.Name), len(in.Identity.Username)), 1024)
		require.Empty(t, in.Identity.TenantID+in.Identity.ObjectID+in.Identity.ProviderSession)
		require.Empty(t, in.Identity.Roles)
		require.Len(t, in.Tokens.AccessTokens, 1)
		require.Regexp(t, `^[A-Za-z0-9._~+/-]+=*$`, in.Tokens.AccessTokens[0].Value)
		require.False(t, in.Tokens.AccessTokens[0].Expires.Before(begun))
		require.False(t, in.Tokens.AccessTokens[0].Expires.After(begun.AddDate(1, 0, 1)))
	})
}
