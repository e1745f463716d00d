package providerhttp_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// tokenEndpoint is a server that keeps the posted forms.
func tokenEndpoint(t *testing.T, answer http.HandlerFunc) (*httptest.Server, *[]*http.Request) {
	t.Helper()
	var posted []*http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.NoError(t, r.ParseForm())
		posted = append(posted, r)
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server, &posted
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func codeRequest(address string, style oauth2.AuthStyle) providerhttp.TokenRequest {
	return providerhttp.TokenRequest{
		URL: address, ClientID: "client", Secret: "p%ss +&", AuthStyle: style,
		Params: url.Values{
			"grant_type": {"authorization_code"}, "code": {"c0de"}, "redirect_uri": {"https://app.example/cb"}, "code_verifier": {"verifier"},
		},
	}
}

// For every response, one request is sent and the whole response is returned.
func TestATokenRequestIsSentOnce(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"tokens":          {200, `{"access_token":"a","token_type":"Bearer"}`},
		"no access token": {200, `{"id_token":"i"}`},
		"no JSON":         {200, `<p>`},
		"refused":         {400, `{"error":"invalid_grant"}`},
		"unauthorized":    {401, `{"error":"invalid_client"}`},
		"failed":          {503, ``},
		"a redirect":      {307, `{}`},
	} {
		for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleAutoDetect, oauth2.AuthStyleInParams, oauth2.AuthStyleInHeader} {
			server, posted := tokenEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "/elsewhere")
				says(c.status, c.body)(w, r)
			})
			client := providerhttp.New(providerhttp.Config{})
			got, err := client.RequestToken(t.Context(), codeRequest(server.URL, style))
			require.NoError(t, err, name)
			assert.Equal(t, c.status, got.Status, name)
			assert.Equal(t, c.body, string(got.Body), name)
			require.Len(t, *posted, 1, name)
		}
	}
}

func TestATokenRequestCarriesItsParameters(t *testing.T) {
	server, posted := tokenEndpoint(t, says(200, `{}`))
	client := providerhttp.New(providerhttp.Config{})
	_, err := client.RequestToken(t.Context(), codeRequest(server.URL, oauth2.AuthStyleInHeader))
	require.NoError(t, err)
	refresh := codeRequest(server.URL, oauth2.AuthStyleInParams)
	refresh.Params = url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"r3fresh"}, "scope": {"openid User.Read"}}
	_, err = client.RequestToken(t.Context(), refresh)
	require.NoError(t, err)

	code, renewal := (*posted)[0], (*posted)[1]
	id, secret, ok := code.BasicAuth()
	require.True(t, ok)
	assert.Equal(t, "client", id)
	assert.Equal(t, url.QueryEscape("p%ss +&"), secret)
	assert.Equal(t, codeRequest("", 0).Params, code.PostForm)
	assert.Equal(t, "application/json", code.Header.Get("Accept"))
	assert.Equal(t, url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {"r3fresh"}, "scope": {"openid User.Read"},
		"client_id": {"client"}, "client_secret": {"p%ss +&"},
	}, renewal.PostForm)
}

// An error quotes neither the request nor the response.
func TestATokenRequestThatFails(t *testing.T) {
	server, _ := tokenEndpoint(t, says(200, `{}`))
	server.Close()
	for _, address := range []string{server.URL, "http://[::1"} {
		_, err := providerhttp.New(providerhttp.Config{}).RequestToken(t.Context(), codeRequest(address, oauth2.AuthStyleInParams))
		require.ErrorIs(t, err, ports.ErrProviderUnavailable)
		assert.NotContains(t, err.Error(), "c0de")
		assert.NotContains(t, err.Error(), "p%ss")
	}
}

// TestPostForm checks the client authentication of the endpoints other than the token
// endpoint. A redirect is a response like any other.
func TestPostForm(t *testing.T) {
	for name, style := range map[string]oauth2.AuthStyle{"header": oauth2.AuthStyleInHeader, "form": oauth2.AuthStyleInParams} {
		server, posted := tokenEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			says(http.StatusTemporaryRedirect, `{"a":"b"}`)(w, r)
		})
		request := codeRequest(server.URL, style)
		request.Params = url.Values{"state": {"a&b"}}
		got, err := providerhttp.New(providerhttp.Config{}).PostForm(t.Context(), "elsewhere", request)
		require.NoError(t, err, name)
		assert.Equal(t, http.StatusTemporaryRedirect, got.Status)
		assert.Equal(t, `{"a":"b"}`, string(got.Body))
		require.Len(t, *posted, 1, name)
		r := (*posted)[0]
		want := url.Values{"state": {"a&b"}, "client_id": {"client"}}
		user, password, basic := r.BasicAuth()
		if assert.Equal(t, style == oauth2.AuthStyleInHeader, basic, name); basic {
			assert.Equal(t, "client", user)
			assert.Equal(t, url.QueryEscape(request.Secret), password)
		} else {
			want.Set("client_secret", request.Secret)
		}
		assert.Equal(t, want, r.PostForm, name)
		assert.Equal(t, url.Values{"state": {"a&b"}}, request.Params, "the caller's parameters stay")
	}
}
