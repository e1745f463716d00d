package config

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/github"
	"webapp/internal/ports"
)

const someKey = "c29tZSBrZXkgZm9yIHRlc3RzOyAzMiBieXRlcyBsb24="

// load reads the configuration of the program with its real adapters by name.
func load(lookup Lookup, demo bool) (Config, error) {
	return Load(lookup, Program{
		Demo:      demo,
		Providers: map[string]func(ports.Registration) error{github.Issuer: func(ports.Registration) error { return nil }},
		Stores:    map[string]WarnOfStore{"memory": nil, "sqlite": nil, "redis": nil, "postgres": warnOfStore},
	})
}

// warnOfStore warns of the word plain.
func warnOfStore(address string) (wrong, remedy string) {
	if strings.Contains(address, "plain") {
		return "goes without TLS", "Add TLS."
	}
	return "", ""
}

func lookupIn(vars map[string]string) Lookup {
	return func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
}

func good() map[string]string {
	return map[string]string{
		"AUTHORITY": "https://login.microsoftonline.com/" + fakeidp.ContosoTenantID,
		"CLIENT_ID": "5b3f6c1e-90d7-4f28-8a6b-e1c04d7295fa", "CLIENT_SECRET": "S3cret~Value",
	}
}

func TestSettingsOfTheTutorial(t *testing.T) {
	c, err := load(lookupIn(good()), false)
	require.NoError(t, err)
	assert.Equal(t, "http://localhost:3000/getAToken", c.RedirectURI)
	assert.Equal(t, "localhost:3000", c.ListenAddr)
	assert.Equal(t, []string{"User.Read"}, c.Scopes)
	assert.Equal(t, "https://graph.microsoft.com/v1.0/me", c.Endpoint)
	assert.Equal(t, time.Hour, c.SessionIdleTimeout)
	assert.Equal(t, 12*time.Hour, c.SessionLifetime)

	off := good()
	off["SCOPE"] = ""
	c, err = load(lookupIn(off), false)
	require.NoError(t, err)
	assert.Empty(t, c.Endpoint, "an empty SCOPE hides the API")
}

func TestEachWrongVariableIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		change map[string]string
		named  []string
	}{
		"nothing":                 {map[string]string{"AUTHORITY": "", "CLIENT_ID": "", "CLIENT_SECRET": ""}, []string{"AUTHORITY and OIDC_AUTHORITY", "CLIENT_ID", "CLIENT_SECRET", "-demo"}},
		"both authorities":        {map[string]string{"OIDC_AUTHORITY": "https://idp.example"}, []string{"AUTHORITY and OIDC_AUTHORITY"}},
		"authority on http":       {map[string]string{"AUTHORITY": "http://login.example/common"}, []string{"AUTHORITY"}},
		"authority without one":   {map[string]string{"AUTHORITY": "https://login.microsoftonline.com/"}, []string{"AUTHORITY"}},
		"issuer on http":          {map[string]string{"AUTHORITY": "", "OIDC_AUTHORITY": "http://idp.example"}, []string{"OIDC_AUTHORITY"}},
		"common needs tenants":    {map[string]string{"AUTHORITY": "https://login.microsoftonline.com/common"}, []string{"ALLOWED_TENANTS"}},
		"tenants of one tenant":   {map[string]string{"ALLOWED_TENANTS": "*"}, []string{"ALLOWED_TENANTS"}},
		"tenants not GUIDs":       {map[string]string{"AUTHORITY": "https://login.microsoftonline.com/common", "ALLOWED_TENANTS": "contoso"}, []string{"ALLOWED_TENANTS"}},
		"placeholders":            {map[string]string{"AUTHORITY": "https://login.microsoftonline.com/<Directory (tenant) ID>", "CLIENT_ID": "<Application (client) ID>", "CLIENT_SECRET": "<Value of the client secret>"}, []string{"AUTHORITY still", "CLIENT_ID still", "CLIENT_SECRET still"}},
		"two other credentials":   {map[string]string{"CLIENT_SECRET": "", "CLIENT_SECRET_FILE": "x", "CLIENT_CERTIFICATE_FILE": "x.pem"}, []string{"CLIENT_SECRET_FILE and CLIENT_CERTIFICATE_FILE are both set"}},
		"an endless session":      {map[string]string{"SESSION_LIFETIME": "2540400h", "SESSION_IDLE_TIMEOUT": "2540400h"}, []string{"SESSION_LIFETIME", "SESSION_IDLE_TIMEOUT"}},
		"two credentials":         {map[string]string{"CLIENT_CERTIFICATE_FILE": "x.pem"}, []string{"CLIENT_SECRET", "CLIENT_CERTIFICATE_FILE"}},
		"secret with a newline":   {map[string]string{"CLIENT_SECRET": "S3cret~Value\n"}, []string{"CLIENT_SECRET"}},
		"redirect on http":        {map[string]string{"REDIRECT_URI": "http://app.example/getAToken"}, []string{"REDIRECT_URI"}},
		"redirect to a route":     {map[string]string{"REDIRECT_URI": "http://localhost:3000/logout"}, []string{"REDIRECT_URI"}},
		"redirect to the root":    {map[string]string{"REDIRECT_URI": "http://localhost:3000"}, []string{"REDIRECT_URI"}},
		"redirect with a query":   {map[string]string{"REDIRECT_URI": "http://localhost:3000/x?y=z"}, []string{"REDIRECT_URI"}},
		"redirect with a pattern": {map[string]string{"REDIRECT_URI": "http://localhost:3000/{x}"}, []string{"REDIRECT_URI"}},
		"form_post on http":       {map[string]string{"RESPONSE_MODE": "form_post"}, []string{"RESPONSE_MODE"}},
		"unsigned ID tokens":      {map[string]string{"ID_TOKEN_SIGNED_RESPONSE_ALG": "none"}, []string{"ID_TOKEN_SIGNED_RESPONSE_ALG", "RS256"}},
		"unknown response mode":   {map[string]string{"RESPONSE_MODE": "fragment"}, []string{"RESPONSE_MODE"}},
		"listen nowhere":          {map[string]string{"LISTEN_ADDR": "3000"}, []string{"LISTEN_ADDR"}},
		"a store nowhere":         {map[string]string{"SESSION_STORE": "postgres://", "SESSION_KEY": someKey}, []string{"SESSION_STORE"}},
		"unknown store":           {map[string]string{"SESSION_STORE": "floppy:"}, []string{"SESSION_STORE"}},
		"short key":               {map[string]string{"SESSION_KEY": "c2hvcnQ="}, []string{"SESSION_KEY"}},
		"no duration":             {map[string]string{"SESSION_IDLE_TIMEOUT": "soon", "SESSION_LIFETIME": "12"}, []string{"SESSION_IDLE_TIMEOUT", "SESSION_LIFETIME"}},
		"negative duration":       {map[string]string{"SESSION_LIFETIME": "-1h"}, []string{"SESSION_LIFETIME"}},
		"proxies":                 {map[string]string{"TRUSTED_PROXIES": "10.0.0.1"}, []string{"TRUSTED_PROXIES"}},
		"proxies, IPv4 as IPv6":   {map[string]string{"TRUSTED_PROXIES": "10.0.0.0/8,::ffff:0.0.0.0/90"}, []string{"TRUSTED_PROXIES"}},
		"log":                     {map[string]string{"LOG_FORMAT": "xml", "LOG_LEVEL": "loud"}, []string{"LOG_FORMAT", "LOG_LEVEL"}},
		"API on http":             {map[string]string{"SCOPE": "x", "ENDPOINT": "http://api.example"}, []string{"ENDPOINT"}},
	} {
		t.Run(name, func(t *testing.T) {
			vars := good()
			for k, v := range c.change {
				vars[k] = v
			}
			_, err := load(lookupIn(vars), false)
			require.Error(t, err)
			for _, variable := range c.named {
				assert.Contains(t, err.Error(), variable)
			}
			assert.NotContains(t, err.Error(), "S3cret~Value")
			assert.NotContains(t, err.Error(), "goroutine")
		})
	}
}

// What looks like a mistake and may be none does not keep the application from
// starting; it is said.
func TestHints(t *testing.T) {
	for name, test := range map[string]struct {
		change map[string]string
		hinted []string
	}{
		"nothing":                  {nil, nil},
		"the secret's ID":          {map[string]string{"CLIENT_SECRET": "3f1c9a52-0c53-4c0e-9d3b-0d6c8a1f2b3c"}, []string{"CLIENT_SECRET"}},
		"another port":             {map[string]string{"LISTEN_ADDR": "localhost:22006"}, []string{"REDIRECT_URI"}},
		"another port, registered": {map[string]string{"LISTEN_ADDR": "localhost:22006", "REDIRECT_URI": "http://localhost:22006/getAToken"}, nil},
		"no page":                  {map[string]string{"SCOPE": "", "ENDPOINT": ""}, nil},
		"no scope":                 {map[string]string{"SCOPE": ""}, nil},
		"an API without scope":     {map[string]string{"SCOPE": "", "ENDPOINT": "https://api.example"}, []string{"ENDPOINT"}},
		"a store without TLS":      {map[string]string{"SESSION_STORE": "postgres://plain/db", "SESSION_KEY": someKey}, []string{"SESSION_STORE"}},
		"a store with TLS":         {map[string]string{"SESSION_STORE": "postgres://db/db", "SESSION_KEY": someKey}, nil},
		"a store without warnings": {map[string]string{"SESSION_STORE": "redis://plain", "SESSION_KEY": someKey}, nil},
		"a scope without API":      {map[string]string{"AUTHORITY": "", "OIDC_AUTHORITY": "https://idp.example", "SCOPE": "x"}, []string{"SCOPE"}},
	} {
		vars := good()
		for k, v := range test.change {
			vars[k] = v
		}
		c, err := load(lookupIn(vars), false)
		require.NoError(t, err, name)
		var hinted []string
		for _, h := range c.Hints {
			hinted = append(hinted, h.Name)
		}
		assert.Equal(t, test.hinted, hinted, name)
	}
}

// Each complaint of the identity provider's adapter has a variable and a remedy.
func TestEveryFieldOfTheAdapterHasItsVariable(t *testing.T) {
	known := providerRemedies()
	maps.Copy(known, credentialRemedies())
	known["Secret"] = remedy{} // has its own check, checkCredential
	files, err := filepath.Glob("../../../internal/adapters/entra/*.go")
	require.NoError(t, err)
	ofCredentials, err := filepath.Glob("../../../internal/adapters/entra/credential/*.go")
	require.NoError(t, err)
	files = append(files, ofCredentials...)
	reported := regexp.MustCompile(`(?:report\(|Problem\{)"([A-Za-z]+)"`)
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range reported.FindAllStringSubmatch(string(text), -1) {
			assert.Contains(t, known, m[1], file)
			found++
		}
	}
	assert.Greater(t, found, 10)
}

// What a paste leaves around a value is no part of it, but for secrets.
func TestBlanksAroundValues(t *testing.T) {
	vars := good()
	vars["AUTHORITY"] = " https://login.microsoftonline.com/common "
	vars["CLIENT_ID"] = "\tid "
	vars["CLIENT_SECRET"] = " S3cret "
	vars["ALLOWED_TENANTS"] = " " + fakeidp.ContosoTenantID + ", " + fakeidp.FabrikamTenantID + ","
	c, err := load(lookupIn(vars), false)
	require.NoError(t, err)
	assert.Equal(t, "https://login.microsoftonline.com/common", c.Authority)
	assert.Equal(t, "id", c.ClientID)
	assert.Equal(t, " S3cret ", c.ClientSecret)
	assert.Equal(t, []string{fakeidp.ContosoTenantID, fakeidp.FabrikamTenantID}, c.AllowedTenants)
	vars["ALLOWED_TENANTS"] = " * "
	_, err = load(lookupIn(vars), false)
	require.NoError(t, err)
}

// A GUID compares without regard to case, so its spelling does not part two
// instances that share a store.
func TestTheRealmIgnoresTheLetterCaseOfGUIDs(t *testing.T) {
	realm := func(authority, clientID string) string {
		c := Config{Authority: authority, ClientID: clientID}
		return c.Realm()
	}
	const authority, clientID = "https://login.microsoftonline.com/" + fakeidp.ContosoTenantID, fakeidp.DefaultClientID
	same := realm(authority, clientID)
	assert.Equal(t, same, realm(authority+"/", strings.ToUpper(clientID)))
	assert.Equal(t, same, realm("https://login.microsoftonline.com/"+strings.ToUpper(fakeidp.ContosoTenantID), clientID))
	assert.NotEqual(t, same, realm("https://login.microsoftonline.com/"+fakeidp.FabrikamTenantID, clientID))
	assert.NotEqual(t, realm("", "app"), realm("", "APP"), "a name is no GUID")
}
