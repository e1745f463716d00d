package entra_test

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
	"webapp/internal/providerhttp"
)

// inserted sends its own response in place of one endpoint's. ID and ACCESS in it
// stand for the tokens that the provider issued.
type inserted struct {
	http.RoundTripper
	endpoint string
	status   int
	kind     string
	body     string
	hosts    []string
}

func (i *inserted) RoundTrip(req *http.Request) (*http.Response, error) {
	if providerhttp.EndpointOf(req.Context()) != i.endpoint {
		return i.RoundTripper.RoundTrip(req)
	}
	i.hosts = append(i.hosts, req.URL.Host)
	body := i.body
	if i.endpoint == "token" && strings.Contains(body, "ID") {
		res, err := i.RoundTripper.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		var said struct {
			ID     string `json:"id_token"`
			Access string `json:"access_token"`
		}
		err = json.NewDecoder(res.Body).Decode(&said)
		_ = res.Body.Close()
		if err != nil {
			return nil, err
		}
		body = strings.NewReplacer("ID", said.ID, "ACCESS", said.Access).Replace(body)
	}
	return &http.Response{
		StatusCode: i.status, Header: http.Header{"Content-Type": {i.kind}, "Retry-After": {i.kind}},
		Body: io.NopCloser(strings.NewReader(body)), Request: req,
	}, nil
}

const (
	fuzzPlanted = "Zq9@planted" // no form of a code, which an error may quote
	jsonType    = "application/json"
)

// FuzzProviderAnswers changes the responses of the token endpoint, of UserInfo and of
// Graph. Only the provider's own ID token signs anybody in, as its subject. Nothing
// grows without bound, and no error quotes a response.
func FuzzProviderAnswers(f *testing.F) {
	stub := &inserted{RoundTripper: &http.Transport{MaxIdleConnsPerHost: 8}}
	use := func(c *entra.Config) { c.Transport = stub }
	w := namelessWorld(f, use)
	entraWorld := newWorld(f, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, c *entra.Config) { use(c) })
	usual := w.mustSignIn(f, fakeidp.UserMember, apiScope).Identity
	usual.ProviderSession = ""
	renewable := entraWorld.mustSignIn(f, fakeidp.UserMember, apiScope)
	const good = `{"token_type":"Bearer","scope":"openid User.Read","expires_in":3599,"access_token":"ACCESS","refresh_token":"0.AXoA","id_token":"ID"}`
	for _, body := range []string{
		good, strings.Replace(good, "ID", "e30.e30.", 1), strings.Replace(good, "3599", `"`+fuzzPlanted+`"`, 1), `{"id_token":"ID"}`,
		strings.Replace(good, "ACCESS", fuzzPlanted, 1), strings.Replace(good, "3599", "1e400", 1), strings.Replace(good, "Bearer", fuzzPlanted, 1),
		`{"error":"invalid_grant","error_description":"AADSTS70008: ` + fuzzPlanted + ` Trace ID: x","error_codes":[70008],"suberror":"bad_token","claims":"` + fuzzPlanted + `"}`,
		`<h1>` + fuzzPlanted + `</h1>`, `{"access_token":"` + fuzzPlanted + `","access_token":"x"}`, `{"access_token":["` + fuzzPlanted + `"]}`,
	} {
		f.Add(byte(0), 200, jsonType, body)
		f.Add(byte(1), 200, jsonType, strings.NewReplacer("ACCESS", "eyJ0eXAi", `,"id_token":"ID"`, "").Replace(body))
		f.Add(byte(1), 400, jsonType, body)
	}
	for _, body := range []string{
		`{"sub":"SUB","name":"Adele Vance","preferred_username":"adele@contoso.example","iss":"` + fuzzPlanted + `"}`, `{"sub":"` + fuzzPlanted + `"}`,
		`{"sub":"SUB","name":["` + fuzzPlanted + `"],"oid":"x","roles":["Admin"]}`, `{"sub":"SUB","name":"` + strings.Repeat("é", 400) + `"}`,
	} {
		f.Add(byte(2), 200, jsonType, body)
	}
	f.Add(byte(2), 200, "application/jwt", "eyJhbGciOiJub25lIn0.e30.")
	for _, body := range []string{
		`{"@odata.context":"x","value":["0D1E9A54-7c3b-4f28-9e6d-52b8c1a7f490","5b3f6c1e-90d7-4f28-8a6b-e1c04d7295fa"]}`, `{"value":["` + fuzzPlanted + `"]}`,
		`{"value":[],"@odata.nextLink":"BASE/v1.0/me/next?` + fuzzPlanted + `"}`, `{"value":[],"@odata.nextLink":"https://evil.example/` + fuzzPlanted + `"}`,
	} {
		f.Add(byte(3), 200, jsonType, body)
	}
	f.Add(byte(3), 403, jsonType, `{"error":{"code":"Authorization_RequestDenied","message":"`+fuzzPlanted+`","innerError":{"request-id":"`+fuzzPlanted+`"}}}`)
	f.Fuzz(func(t *testing.T, what byte, status int, kind, body string) {
		if status < 200 || status > 599 {
			status = 200
		}
		what %= 4
		stub.endpoint, stub.status, stub.kind, stub.hosts = []string{"token", "token", "userinfo", "graph"}[what], status, kind, nil
		defer func() { stub.endpoint = "" }()
		stub.body = strings.NewReplacer("SUB", usual.Subject, "BASE", entraWorld.idp.BaseURL()).Replace(body)
		var err error
		switch what {
		case 0, 2:
			var in ports.SignedIn
			if in, err = w.signIn(t, fakeidp.UserMember, apiScope); err != nil {
				require.Zero(t, in)
				break
			}
			require.True(t, what == 2 || status == http.StatusOK && strings.Contains(body, "ID"), "the provider's own ID token")
			require.LessOrEqual(t, max(len(in.Identity.Name), len(in.Identity.Username)), 300)
			same := usual
			same.Name, same.Username, same.ProviderSession = in.Identity.Name, in.Identity.Username, in.Identity.ProviderSession
			require.Equal(t, same, in.Identity)
			for _, token := range in.Tokens.AccessTokens {
				checkLife(t, w.clock, token)
			}
		case 1:
			var got ports.Refreshed
			got, err = entraWorld.provider.Refresh(t.Context(), ports.RefreshRequest{
				RefreshToken: "old", Scopes: []string{apiScope}, Issuer: renewable.Identity.Issuer, Subject: renewable.Identity.Subject, Nonce: renewable.Tokens.Nonce,
			})
			if err != nil {
				require.Zero(t, got)
				break
			}
			require.Equal(t, http.StatusOK, status)
			require.NotEmpty(t, got.RefreshToken)
			checkLife(t, entraWorld.clock, got.AccessToken)
		case 3:
			var ids []string
			if ids, err = entraWorld.provider.MemberGroups(t.Context(), "token"); err != nil {
				require.Empty(t, ids)
				break
			}
			require.True(t, slices.IsSorted(ids))
			for _, id := range ids {
				require.Regexp(t, guidForm, id)
			}
		}
		if err != nil {
			require.NotContains(t, err.Error(), fuzzPlanted)
			require.Less(t, len(err.Error()), 500)
		}
		for _, host := range stub.hosts {
			require.Contains(t, []string{strings.TrimPrefix(w.idp.BaseURL(), "http://"), strings.TrimPrefix(entraWorld.idp.BaseURL(), "http://")}, host)
		}
	})
}

var guidForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func checkLife(t *testing.T, c *portstest.Clock, token ports.AccessToken) {
	require.NotEmpty(t, token.Value)
	require.False(t, token.Expires.Before(c.Now()))
	require.False(t, token.Expires.After(c.Now().Add(30*24*time.Hour)))
}
