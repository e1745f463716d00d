package standalone

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/rsakeys"
)

const (
	tenantA = "11111111-1111-1111-1111-111111111111"
	tenantB = "22222222-2222-2222-2222-222222222222"
	person  = "33333333-3333-3333-3333-333333333333"
	group   = "44444444-4444-4444-4444-444444444444"
)

// config reads a text as the file of -config.
func config(t *testing.T, text string) (fakeidp.Config, error) {
	t.Helper()
	var o Options
	withConfig(t, text)(&o)
	return readConfig(o.ConfigFile)
}

func TestEachMemberOfTheFile(t *testing.T) {
	c, err := config(t, `{
	  "tenants": [
	    {"id": "AAAAAAAA-1111-1111-1111-111111111111", "domain": "a.example", "name": "Tenant A", "ownKey": true},
	    {"id": "`+tenantB+`"}
	  ],
	  "accounts": [
	    {"username": "ada@a.example", "name": "Ada L", "givenName": "Ada", "surname": "L", "jobTitle": "Author", "description": "An account",
	     "home": {"tenantId": "aaaaaaaa-1111-1111-1111-111111111111", "objectId": "`+person+`", "roles": ["Admin", "Reader"], "groups": ["`+group+`"]},
	     "guest": [{"tenantId": "`+tenantB+`", "objectId": "`+person+`", "roles": ["Guest"]}],
	     "refuse": {"number": 50057, "text": "The account is disabled."}}
	  ],
	  "clients": [
	    {"id": "my-app", "name": "My app", "secrets": ["one~1", "two"], "expiredSecrets": ["old"], "redirectUris": ["https://app.example/callback", "myapp://auth"],
	     "postLogoutRedirectUris": ["https://app.example/bye"], "frontChannelLogoutUri": "https://app.example/logout", "tenantId": "`+tenantB+`",
	     "needsConsent": ["Mail.Read"], "lax": true},
	    {"id": "public"}
	  ]
	}`)
	require.NoError(t, err)
	assert.Equal(t, []fakeidp.Tenant{
		{ID: "aaaaaaaa-1111-1111-1111-111111111111", Domain: "a.example", Name: "Tenant A", OwnKey: true}, {ID: tenantB},
	}, c.Tenants)
	assert.Equal(t, []fakeidp.Account{{
		Username: "ada@a.example", Name: "Ada L", GivenName: "Ada", Surname: "L", JobTitle: "Author", Description: "An account",
		Home:   fakeidp.Membership{TenantID: "aaaaaaaa-1111-1111-1111-111111111111", ObjectID: person, Roles: []string{"Admin", "Reader"}, Groups: []string{group}},
		Guest:  []fakeidp.Membership{{TenantID: tenantB, ObjectID: person, Roles: []string{"Guest"}}},
		Refuse: &fakeidp.Error{Number: 50057, Text: "The account is disabled."},
	}}, c.Accounts)
	assert.Equal(t, []fakeidp.Client{{
		ID: "my-app", Name: "My app", Secrets: []string{"one~1", "two"}, ExpiredSecrets: []string{"old"},
		RedirectURIs: []string{"https://app.example/callback", "myapp://auth"}, PostLogoutRedirectURIs: []string{"https://app.example/bye"},
		FrontChannelLogoutURI: "https://app.example/logout", TenantID: tenantB, NeedsConsent: []string{"Mail.Read"}, Lax: true,
	}, {ID: "public", AnyLocalhost: true}}, c.Clients)
	_, err = fakeidp.New(c)
	require.NoError(t, err)
}

func TestEachListReplacesTheDefaultOne(t *testing.T) {
	defaults, err := readConfig("")
	require.NoError(t, err)
	assert.Equal(t, fakeidp.DefaultAccounts(), defaults.Accounts)
	for text, want := range map[string][3]int{
		`{}`:                           {3, 6, 1},
		`{"clients":[{"id":"x"}]}`:     {3, 6, 1},
		"\ufeff{\"accounts\":[]}":      {3, 0, 1},
		`{"accounts":[` + ada() + `]}`: {3, 1, 1},
		`{"tenants":[{"id":"` + tenantA + `"}],"accounts":[]}`: {1, 0, 1},
	} {
		c, err := config(t, text)
		require.NoError(t, err, text)
		assert.Equal(t, want, [3]int{len(c.Tenants), len(c.Accounts), len(c.Clients)}, text)
		assert.True(t, c.NextKeys)
	}
}

// ada is an account in a default tenant. more are more members.
func ada(more ...string) string {
	return strings.Join(append([]string{`{"username":"ada@contoso.example","home":{"tenantId":"` + fakeidp.ContosoTenantID + `","objectId":"` + person + `"}`}, more...), ",") + "}"
}

func TestProblemsInTheFile(t *testing.T) {
	tenant := func(members string) string {
		return `{"accounts":[],"tenants":[{"id":"` + tenantA + `"},{` + members + `}]}`
	}
	client := func(members string) string { return `{"clients":[{"id":"a"},{"id":"b",` + members + `}]}` }
	for text, problems := range map[string][]string{
		`nonsense`:                     {"line 1: this is not JSON"},
		"{\n\"a\":1,\n}":               {"line 3: this is not JSON"},
		`{} {}`:                        {"this is not JSON"},
		strings.Repeat("[", 20000):     {"this is not JSON"},
		`[]`:                           {"must be an object"},
		`{"Tenants":[]}`:               {"Tenants: is unknown; the members are accounts, clients, tenants"},
		`{"tenants":{}}`:               {"tenants: must be a list"},
		`{"accounts":null}`:            {"accounts: must be a list"},
		`{"tenants":[],"accounts":[]}`: {"tenants: is empty"},
		`{"clients":[]}`:               {"clients: is empty"},
		`{"clients":[{"id":"a"}],"clients":[{"id":"b"}]}`: {"clients: is written twice"},
		`{"tenants":[{"id":"` + tenantA + `"}]}`:          {"accounts: is missing: the default accounts are in tenants"},

		tenant(`"name":"B"`):                                    {"tenants[1].id: is missing"},
		tenant(`"id":"b"`):                                      {"tenants[1].id: must be a GUID"},
		tenant(`"id":"` + tenantA + `"`):                        {"tenants[1].id: is another tenant's too"},
		tenant(`"id":"` + tenantB + `","domain":"common"`):      {"tenants[1].domain: must be a domain"},
		tenant(`"id":"` + tenantB + `","domain":"a.example/x"`): {"tenants[1].domain: must be a domain"},
		tenant(`"id":"` + tenantB + `","ownKey":"yes"`):         {"tenants[1].ownKey: must be true or false"},
		tenant(`"id":"` + tenantB + `","ownkey":true`):          {"tenants[1].ownkey: is unknown"},
		`{"accounts":[],"tenants":[{"id":"` + tenantA + `","domain":"a.example"},{"id":"` + tenantB + `","domain":"A.example"}]}`: {"tenants[1].domain: is another tenant's too"},

		`{"accounts":[{}]}`:                                                    {"accounts[0].username: is missing", "accounts[0].home: is missing"},
		`{"accounts":["ada"]}`:                                                 {"accounts[0]: must be an object"},
		`{"accounts":[` + ada(`"name":1`) + `]}`:                               {"accounts[0].name: must be a text"},
		`{"accounts":[` + ada(`"name":" "`) + `]}`:                             {"accounts[0].name: is empty"},
		`{"accounts":[` + ada(`"name":"a\nb"`) + `]}`:                          {"accounts[0].name: must be one line"},
		`{"accounts":[` + ada(`"name":"`+strings.Repeat("a", 5000)+`"`) + `]}`: {"accounts[0].name: must be one line of at most 4096 bytes"},
		`{"accounts":[` + ada(`"refuse":{"text":"x"}`) + `]}`:                  {"accounts[0].refuse.number: is missing"},
		`{"accounts":[` + ada(`"refuse":{"number":"50057"}`) + `]}`:            {"accounts[0].refuse.number: must be a whole number"},
		`{"accounts":[` + ada(`"refuse":{"number":50057,"code":"x"}`) + `]}`:   {"accounts[0].refuse.code: is unknown; the members are number, text"},
		`{"accounts":[` + ada(`"Name":"x"`) + `]}`:                             {"accounts[0].Name: is unknown"},
		`{"accounts":[` + ada() + `,` + ada() + `]}`:                           {"accounts[1].username: is another account's too", "accounts[1].home.objectId: is used twice"},
		`{"accounts":[` + ada(`"guest":[{"tenantId":"`+tenantB+`","objectId":"x","roles":[""],"groups":{}}]`) + `]}`: {
			"accounts[0].guest[0].tenantId: is not the id of a tenant", "accounts[0].guest[0].objectId: must be a GUID", "accounts[0].guest[0].roles[0]: is empty", "accounts[0].guest[0].groups: must be a list"},
		`{"accounts":[` + ada(`"guest":[{"tenantId":"`+fakeidp.ContosoTenantID+`","objectId":"`+group+`"}]`) + `]}`: {
			"accounts[0].guest[0].tenantId: is a tenant that this account has already"},
		`{"accounts":[{"username":"a","home":{"tenantId":"` + tenantA + `"}}]}`: {"accounts[0].home.tenantId: is not the id of a tenant", "accounts[0].home.objectId: is missing"},

		`{"clients":[{}]}`:                                                 {"clients[0].id: is missing"},
		`{"clients":[{"id":"a b"}]}`:                                       {"clients[0].id: must be an ID"},
		`{"clients":[{"id":"a"},{"id":"A"}]}`:                              {"clients[1].id: is another client's too"},
		client(`"secret":"x"`):                                             {"clients[1].secret: is unknown; the members are certificates, expiredSecrets"},
		client(`"secrets":"x"`):                                            {"clients[1].secrets: must be a list"},
		client(`"secrets":["ok","it's"]`):                                  {"clients[1].secrets[1]: must be printable ASCII"},
		client(`"secrets":["a\nAUTHORITY=https://evil.example"]`):          {"clients[1].secrets[0]: must be one line"},
		client(`"secrets":["a#b"],"expiredSecrets":["a b"]`):               {"clients[1].secrets[0]: must be", "clients[1].expiredSecrets[0]: must be"},
		client(`"redirectUris":[]`):                                        {"clients[1].redirectUris: is empty"},
		client(`"redirectUris":["/callback"]`):                             {"clients[1].redirectUris[0]: must be a whole address"},
		client(`"redirectUris":["javascript:alert(1)"]`):                   {"clients[1].redirectUris[0]: must be a whole address"},
		client(`"redirectUris":["http:///callback"]`):                      {"clients[1].redirectUris[0]: must be a whole address"},
		client(`"redirectUris":["https://app.example/#x"]`):                {"clients[1].redirectUris[0]: must be a whole address"},
		client(`"redirectUris":["https://app.example/a b"]`):               {"clients[1].redirectUris[0]: must be a whole address"},
		client(`"redirectUris":["https://app.example/'"]`):                 {"clients[1].redirectUris[0]: must be a whole address"},
		client(`"postLogoutRedirectUris":[1],"frontChannelLogoutUri":"x"`): {"clients[1].postLogoutRedirectUris[0]: must be a text", "clients[1].frontChannelLogoutUri: must be a whole address"},
		client(`"tenantId":"` + tenantB + `"`):                             {"clients[1].tenantId: is not the id of a tenant"},
		client(`"lax":1,"needsConsent":[true]`):                            {"clients[1].lax: must be true or false", "clients[1].needsConsent[0]: must be a text"},
		client(`"certificates":["none.pem"]`):                              {"none.pem does not exist"},
		client(`"certificates":["-----BEGIN nonsense"]`):                   {"clients[1].certificates[0]: must be an RSA certificate"},
		client(`"certificates":[3]`):                                       {"clients[1].certificates[0]: must be an RSA certificate"},
	} {
		var o Options
		withConfig(t, text)(&o)
		_, err := readConfig(o.ConfigFile)
		require.Error(t, err, text)
		assert.Contains(t, err.Error(), o.ConfigFile)
		for _, problem := range problems {
			assert.Contains(t, err.Error(), problem, text)
		}
		assert.Equal(t, len(problems), len(strings.Split(err.Error(), "\n"))-1, err.Error())
	}
	var o Options
	withConfig(t, strings.Repeat(" ", maxConfig+1))(&o)
	_, err := readConfig(o.ConfigFile)
	require.ErrorContains(t, err, "is larger than 1024 KiB")
	_, err = readConfig(t.TempDir())
	require.ErrorContains(t, err, "is not a regular file")
}

func TestAClientWithRedirectURIsAcceptsOnlyThese(t *testing.T) {
	r := start(t, withConfig(t, `{"clients":[{"id":"my-app","secrets":["s3cret$1"],"redirectUris":["https://app.example/cb?a=b"]}]}`))
	assert.Equal(t, "my-app", r.env("CLIENT_ID"))
	assert.Equal(t, "'s3cret$1'", r.env("CLIENT_SECRET"))
	assert.Equal(t, "'https://app.example/cb?a=b'", r.env("REDIRECT_URI"), "the .env is ready to be used")
	for uri, allowed := range map[string]bool{
		"https://app.example/cb?a=b": true, "https://app.example/cb": false, "http://localhost:3000/getAToken": false, "http://localhost/": false,
	} {
		response, page := r.get("/common/oauth2/v2.0/authorize?" + url.Values{
			"client_id": {"my-app"}, "redirect_uri": {uri}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"}, "nonce": {"n"},
			"code_challenge": {oauth2.S256ChallengeFromVerifier("x")}, "code_challenge_method": {"S256"},
		}.Encode())
		assert.Equal(t, allowed, response.StatusCode == http.StatusOK, page)
	}
}

func TestTheEnvIsForTheFirstClient(t *testing.T) {
	r := start(t, withConfig(t, `{"tenants":[{"id":"`+tenantA+`"},{"id":"`+tenantB+`"}],"accounts":[],
		"clients":[{"id":"public","tenantId":"`+tenantB+`","redirectUris":["http://localhost:4000/","http://localhost:3000/getAToken"]},{"id":"other","secrets":["x"]}]}`))
	assert.Equal(t, "CLIENT_ID=public\nCLIENT_SECRET=\nAUTHORITY="+r.base+"/"+tenantB+"\nREDIRECT_URI=http://localhost:3000/getAToken\n", r.stdout.String())
	r = start(t, withConfig(t, `{"tenants":[{"id":"`+tenantA+`"},{"id":"`+tenantB+`"}],"accounts":[]}`))
	assert.True(t, strings.HasSuffix(r.env("AUTHORITY"), "/"+tenantA), "the first tenant")
}

// A client with certificates signs an assertion (private_key_jwt).
func TestAClientWithACertificate(t *testing.T) {
	key := rsakeys.Key(0)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "client"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	dir := t.TempDir()
	certificate := pemBlock("CERTIFICATE", der)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "client.pem"), append(pemBlock("PRIVATE KEY", pkcs8), certificate...), 0o600))
	inline, err := json.Marshal(string(certificate))
	require.NoError(t, err)
	for name, given := range map[string]string{"a path beside the file": `"client.pem"`, "a whole path": `"` + filepath.ToSlash(filepath.Join(dir, "client.pem")) + `"`, "PEM": string(inline)} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, "config.json")
			require.NoError(t, os.WriteFile(path, []byte(`{"clients":[{"id":"certified","certificates":[`+given+`]}]}`), 0o600))
			r := start(t, func(o *Options) { o.ConfigFile = path })
			assert.Empty(t, r.env("CLIENT_SECRET"))
			endpoint := r.env("AUTHORITY") + "/oauth2/v2.0/token"
			ask := func(assertion string) (int, string) {
				response, body := r.do(http.MethodPost, endpoint, url.Values{
					"client_id": {"certified"}, "grant_type": {"client_credentials"}, "scope": {"https://graph.microsoft.com/.default"},
					"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {assertion},
				}.Encode(), header("Content-Type", "application/x-www-form-urlencoded"))
				return response.StatusCode, body
			}
			status, body := ask(assertion(t, key, der, endpoint))
			assert.Equal(t, http.StatusOK, status, body)
			status, body = ask(assertion(t, rsakeys.Key(1), der, endpoint))
			assert.Equal(t, http.StatusUnauthorized, status, body)
			assert.Contains(t, body, "AADSTS700027")
		})
	}
}

// assertion is a client assertion as Microsoft documents it.
func assertion(t *testing.T, key *rsa.PrivateKey, der []byte, audience string) string {
	t.Helper()
	encode := func(value any) string {
		text, err := json.Marshal(value)
		require.NoError(t, err)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	thumbprint := sha256.Sum256(der)
	now := time.Now().Unix()
	signed := encode(map[string]any{"alg": "PS256", "typ": "JWT", "x5t#S256": base64.RawURLEncoding.EncodeToString(thumbprint[:])}) + "." +
		encode(map[string]any{"aud": audience, "iss": "certified", "sub": "certified", "jti": rand.Text(), "nbf": now, "exp": now + 300})
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	require.NoError(t, err)
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// The documentation's example is a valid file, its faults are valid ones, and its
// tables have all members.
func TestTheExamplesOfTheDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../../../docs/fake-entra.md")
	require.NoError(t, err)
	_, after, found := strings.Cut(string(text), "```json\n")
	require.True(t, found)
	example, _, _ := strings.Cut(after, "```")
	c, err := config(t, example)
	require.NoError(t, err)
	assert.Equal(t, []string{"Northwind", "Ada Lovelace", "Orders"}, []string{c.Tenants[0].Name, c.Accounts[0].Name, c.Clients[0].Name})
	_, err = fakeidp.New(c)
	require.NoError(t, err)

	bodies := regexp.MustCompile(`-d '([^']*)'`).FindAllStringSubmatch(string(text), -1)
	require.Len(t, bodies, 2)
	for _, body := range bodies {
		_, _, problems := readFault([]byte(body[1]))
		assert.Empty(t, problems, body[1])
	}

	for _, unknown := range []string{`{"tenants":[{"?":0}]}`, `{"accounts":[{"?":0,"home":{"?":0},"refuse":{"?":0}}]}`, `{"clients":[{"?":0}]}`} {
		_, err := config(t, unknown)
		require.Error(t, err)
		for _, members := range regexp.MustCompile(`the members are (.*)`).FindAllStringSubmatch(err.Error(), -1) {
			for member := range strings.SplitSeq(members[1], ", ") {
				assert.Contains(t, string(text), "`"+member+"`")
			}
		}
	}
}
