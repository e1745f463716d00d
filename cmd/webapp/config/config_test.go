package config

import (
	"errors"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
)

const someKey = "c29tZSBrZXkgZm9yIHRlc3RzOyAzMiBieXRlcyBsb24="

// ownProvider is the OIDC_AUTHORITY of a provider with an adapter of its own.
const ownProvider = "https://github.com/login/oauth"

// load calls Load with stand-ins for the adapters.
func load(lookup Lookup, demo bool) (Config, error) {
	return Load(lookup, Options{
		Demo:      demo,
		Providers: map[string]func(ports.Registration) error{ownProvider: func(ports.Registration) error { return nil }},
		Stores:    map[string]WarnOfStore{"memory": nil, "sqlite": nil, "redis": nil, "postgres": warnOfStore},
	})
}

// warnOfStore warns if the address contains the word plain.
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

// b2cVars returns the changes that turn good into the configuration of a B2C tenant.
func b2cVars(change map[string]string) map[string]string {
	vars := map[string]string{
		"AUTHORITY": "", "B2C_TENANT_NAME": "contoso", "SIGNUPSIGNIN_USER_FLOW": "B2C_1_signupsignin1",
		"EDITPROFILE_USER_FLOW": "B2C_1_profileediting1", "RESETPASSWORD_USER_FLOW": "B2C_1_passwordreset1",
	}
	maps.Copy(vars, change)
	return vars
}

func TestAzureADB2C(t *testing.T) {
	vars := good()
	maps.Copy(vars, b2cVars(nil))
	c, err := load(lookupIn(vars), false)
	require.NoError(t, err)
	adapter := c.Entra(nil, nil)
	assert.Equal(t, "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_signupsignin1", adapter.Authority)
	assert.Equal(t, "B2C_1_profileediting1", adapter.EditProfilePolicy)
	assert.Equal(t, "B2C_1_passwordreset1", adapter.ResetPasswordPolicy)
	assert.Equal(t, "B2C_TENANT_NAME", c.AuthorityVariable())
	assert.Empty(t, c.Endpoint, "B2C has no Microsoft Graph")

	// The further user flows work beside an authority with a domain of one's own.
	maps.Copy(vars, map[string]string{
		"B2C_TENANT_NAME": "", "SIGNUPSIGNIN_USER_FLOW": "", "AUTHORITY": "https://login.contoso.com/contoso.onmicrosoft.com/B2C_1_signupsignin1",
	})
	_, err = load(lookupIn(vars), false)
	require.NoError(t, err)

	for _, name := range []string{"B2C_TENANT_NAME", "SIGNUPSIGNIN_USER_FLOW", "EDITPROFILE_USER_FLOW", "RESETPASSWORD_USER_FLOW"} {
		_, err := load(lookupIn(map[string]string{name: "x"}), true)
		assert.ErrorContains(t, err, name+" is set, and -demo refuses to start beside it")
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
		"both authorities":        {map[string]string{"OIDC_AUTHORITY": "https://idp.example"}, []string{"AUTHORITY and OIDC_AUTHORITY are both set", "Remove one of the two"}},
		"authority on http":       {map[string]string{"AUTHORITY": "http://login.example/common"}, []string{"AUTHORITY"}},
		"authority without one":   {map[string]string{"AUTHORITY": "https://login.microsoftonline.com/"}, []string{"AUTHORITY"}},
		"issuer on http":          {map[string]string{"AUTHORITY": "", "OIDC_AUTHORITY": "http://idp.example"}, []string{"OIDC_AUTHORITY"}},
		"common needs tenants":    {map[string]string{"AUTHORITY": "https://login.microsoftonline.com/common"}, []string{"ALLOWED_TENANTS"}},
		"tenants of one tenant":   {map[string]string{"ALLOWED_TENANTS": "*"}, []string{"ALLOWED_TENANTS is for common and organizations only", "Remove it."}},
		"tenants not GUIDs":       {map[string]string{"AUTHORITY": "https://login.microsoftonline.com/common", "ALLOWED_TENANTS": "contoso"}, []string{"ALLOWED_TENANTS"}},
		"B2C and Entra":           {b2cVars(map[string]string{"AUTHORITY": "https://login.microsoftonline.com/contoso.com"}), []string{"AUTHORITY and B2C_TENANT_NAME are both set", "there is a problem", "OIDC_AUTHORITY"}},
		"B2C and another":         {b2cVars(map[string]string{"OIDC_AUTHORITY": "https://idp.example"}), []string{"OIDC_AUTHORITY and B2C_TENANT_NAME are both set", "there is a problem"}},
		"three providers":         {b2cVars(map[string]string{"AUTHORITY": "https://login.microsoftonline.com/contoso.com", "OIDC_AUTHORITY": "https://idp.example"}), []string{"AUTHORITY and OIDC_AUTHORITY and B2C_TENANT_NAME are all set"}},
		"B2C by its domain":       {b2cVars(map[string]string{"B2C_TENANT_NAME": "contoso.onmicrosoft.com"}), []string{"B2C_TENANT_NAME is not the name of a tenant", "contoso for contoso.onmicrosoft.com", "there is a problem"}},
		"B2C by its URL":          {b2cVars(map[string]string{"B2C_TENANT_NAME": "https://contoso.b2clogin.com"}), []string{"B2C_TENANT_NAME is not the name of a tenant"}},
		"B2C elsewhere":           {b2cVars(map[string]string{"B2C_TENANT_NAME": "attacker.example/"}), []string{"B2C_TENANT_NAME is not the name of a tenant"}},
		"B2C's placeholder":       {b2cVars(map[string]string{"B2C_TENANT_NAME": "<tenant name>"}), []string{"B2C_TENANT_NAME still has the placeholder", "there is a problem"}},
		"B2C without a sign-in":   {b2cVars(map[string]string{"SIGNUPSIGNIN_USER_FLOW": ""}), []string{"SIGNUPSIGNIN_USER_FLOW is missing", "there is a problem"}},
		"no name of a user flow":  {b2cVars(map[string]string{"SIGNUPSIGNIN_USER_FLOW": "sign in/x"}), []string{"SIGNUPSIGNIN_USER_FLOW is not the name of a user flow", "there is a problem"}},
		"no name of an edit flow": {b2cVars(map[string]string{"EDITPROFILE_USER_FLOW": "../x"}), []string{"EDITPROFILE_USER_FLOW is not the name of a user flow", "there is a problem"}},
		"no name of a reset flow": {b2cVars(map[string]string{"RESETPASSWORD_USER_FLOW": "a?b"}), []string{"RESETPASSWORD_USER_FLOW is not the name of a user flow"}},
		"a user flow twice":       {b2cVars(map[string]string{"EDITPROFILE_USER_FLOW": "b2c_1_SignUpSignIn1"}), []string{"EDITPROFILE_USER_FLOW is a user flow that has another use already"}},
		"two uses of a flow":      {b2cVars(map[string]string{"RESETPASSWORD_USER_FLOW": "B2C_1_profileediting1"}), []string{"RESETPASSWORD_USER_FLOW is a user flow that has another use already"}},
		"a sign-in flow alone":    {map[string]string{"SIGNUPSIGNIN_USER_FLOW": "B2C_1_signupsignin1"}, []string{"SIGNUPSIGNIN_USER_FLOW is set without B2C_TENANT_NAME"}},
		"an edit flow at Entra":   {map[string]string{"EDITPROFILE_USER_FLOW": "B2C_1_profileediting1"}, []string{"EDITPROFILE_USER_FLOW is for an authority of Azure AD B2C only"}},
		"tenants of B2C":          {b2cVars(map[string]string{"ALLOWED_TENANTS": "*"}), []string{"ALLOWED_TENANTS", "Remove it."}},
		"placeholders":            {map[string]string{"AUTHORITY": "https://login.microsoftonline.com/<Directory (tenant) ID>", "CLIENT_ID": "<Application (client) ID>", "CLIENT_SECRET": "<Value of the client secret>"}, []string{"AUTHORITY still", "CLIENT_ID still", "CLIENT_SECRET still"}},
		"two other credentials":   {map[string]string{"CLIENT_SECRET": "", "CLIENT_SECRET_FILE": "x", "CLIENT_CERTIFICATE_FILE": "x.pem"}, []string{"CLIENT_SECRET_FILE and CLIENT_CERTIFICATE_FILE are both set", "Remove one of the two."}},
		"an endless session":      {map[string]string{"SESSION_LIFETIME": "2540400h", "SESSION_IDLE_TIMEOUT": "2540400h"}, []string{"SESSION_LIFETIME", "SESSION_IDLE_TIMEOUT"}},
		"two credentials":         {map[string]string{"CLIENT_CERTIFICATE_FILE": "x.pem"}, []string{"CLIENT_SECRET", "CLIENT_CERTIFICATE_FILE"}},
		"secret with a newline":   {map[string]string{"CLIENT_SECRET": "S3cret~Value\n"}, []string{"CLIENT_SECRET ends in a line break"}},
		"redirect on http":        {map[string]string{"REDIRECT_URI": "http://app.example/getAToken"}, []string{"REDIRECT_URI"}},
		"redirect to a route":     {map[string]string{"REDIRECT_URI": "http://localhost:3000/logout"}, []string{"REDIRECT_URI"}},
		"redirect below the base": {map[string]string{"BASE_PATH": "/a/b", "REDIRECT_URI": "http://localhost:3000/a/b/login/"}, []string{"REDIRECT_URI"}},
		"redirect to the base":    {map[string]string{"BASE_PATH": "/a", "REDIRECT_URI": "http://localhost:3000/a"}, []string{"REDIRECT_URI"}},
		"redirect to the root":    {map[string]string{"REDIRECT_URI": "http://localhost:3000"}, []string{"REDIRECT_URI"}},
		"redirect with a query":   {map[string]string{"REDIRECT_URI": "http://localhost:3000/x?y=z"}, []string{"REDIRECT_URI"}},
		"redirect with a pattern": {map[string]string{"REDIRECT_URI": "http://localhost:3000/{x}"}, []string{"REDIRECT_URI"}},
		"form_post on http":       {map[string]string{"RESPONSE_MODE": "form_post"}, []string{"RESPONSE_MODE"}},
		"unsigned ID tokens":      {map[string]string{"ID_TOKEN_SIGNED_RESPONSE_ALG": "none"}, []string{"ID_TOKEN_SIGNED_RESPONSE_ALG", "RS256"}},
		"unknown response mode":   {map[string]string{"RESPONSE_MODE": "fragment"}, []string{"RESPONSE_MODE"}},
		"unknown prompt":          {map[string]string{"SIGN_IN_PROMPT": "none"}, []string{"SIGN_IN_PROMPT is not select_account, login or consent", "set it to nothing"}},
		"two prompts":             {map[string]string{"SIGN_IN_PROMPT": "login consent"}, []string{"SIGN_IN_PROMPT is not"}},
		"an address as hint":      {map[string]string{"DOMAIN_HINT": "ada@contoso.com"}, []string{"DOMAIN_HINT is not a domain", "contoso.com"}},
		"a long hint":             {map[string]string{"DOMAIN_HINT": strings.Repeat("a", 254)}, []string{"DOMAIN_HINT is not a domain"}},
		"pushing by force":        {map[string]string{"PUSHED_AUTHORIZATION_REQUESTS": "on"}, []string{"PUSHED_AUTHORIZATION_REQUESTS is neither auto nor off", "Unset it."}},
		"revocation by chance":    {map[string]string{"TOKEN_REVOCATION": "auto"}, []string{"TOKEN_REVOCATION is neither on nor off", "Unset it."}},
		"listen at no port":       {map[string]string{"LISTEN_ADDR": "localhost:99999"}, []string{"LISTEN_ADDR"}},
		"another name of a host":  {map[string]string{"AUTHORITY": "https://login.windows.net/common", "ALLOWED_TENANTS": "*"}, []string{"AUTHORITY has", "write login.microsoftonline.com"}},
		"key of zeros":            {map[string]string{"SESSION_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}, []string{"SESSION_KEY has a key of one repeated byte"}},
		"key of one byte, second": {map[string]string{"REDIRECT_URI": "https://app.example/getAToken", "SESSION_KEY": someKey + ",a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="}, []string{"SESSION_KEY has a key of one repeated byte"}},
		"subjects with AUTHORITY": {map[string]string{"ALLOWED_SUBJECTS": "*"}, []string{"ALLOWED_SUBJECTS is for OIDC_AUTHORITY only", "Remove it."}},
		"star among subjects":     {map[string]string{"AUTHORITY": "", "OIDC_AUTHORITY": "https://idp.example", "ALLOWED_SUBJECTS": "*,7"}, []string{"ALLOWED_SUBJECTS has * beside"}},
		"a list of no subjects":   {map[string]string{"AUTHORITY": "", "OIDC_AUTHORITY": "https://idp.example", "ALLOWED_SUBJECTS": " , "}, []string{"ALLOWED_SUBJECTS has commas but no subject"}},
		"GitHub without subjects": {map[string]string{"AUTHORITY": "", "OIDC_AUTHORITY": ownProvider}, []string{"ALLOWED_SUBJECTS is missing", "* for everybody"}},
		"secret with a mark":      {map[string]string{"CLIENT_SECRET": "\ufeffS3cret~Value"}, []string{"CLIENT_SECRET begins with a byte order mark"}},
		"secret of two lines":     {map[string]string{"CLIENT_SECRET": "S3cret~Value\nS3cret~Value"}, []string{"CLIENT_SECRET contains a line break"}},
		"password with a newline": {map[string]string{"CLIENT_CERTIFICATE_PASSWORD": "S3cret~Value\r\n"}, []string{"CLIENT_CERTIFICATE_PASSWORD ends in a line break"}},
		"a line in an ID":         {map[string]string{"CLIENT_ID": "5b3f6c1e-90d7-4f28\n-8a6b-e1c04d7295fa"}, []string{"there is a problem", "CLIENT_ID contains a line break"}},
		"listen nowhere":          {map[string]string{"LISTEN_ADDR": "3000"}, []string{"LISTEN_ADDR"}},
		"a store nowhere":         {map[string]string{"SESSION_STORE": "postgres://", "SESSION_KEY": someKey}, []string{"SESSION_STORE"}},
		"unknown store":           {map[string]string{"SESSION_STORE": "floppy:"}, []string{"SESSION_STORE"}},
		"short key":               {map[string]string{"SESSION_KEY": "c2hvcnQ="}, []string{"SESSION_KEY"}},
		"no duration":             {map[string]string{"SESSION_IDLE_TIMEOUT": "soon", "SESSION_LIFETIME": "12"}, []string{"SESSION_IDLE_TIMEOUT", "SESSION_LIFETIME"}},
		"negative duration":       {map[string]string{"SESSION_LIFETIME": "-1h"}, []string{"SESSION_LIFETIME"}},
		"proxies":                 {map[string]string{"TRUSTED_PROXIES": "10.0.0.1"}, []string{"TRUSTED_PROXIES"}},
		"proxies, IPv4 as IPv6":   {map[string]string{"TRUSTED_PROXIES": "10.0.0.0/8,::ffff:0.0.0.0/90"}, []string{"TRUSTED_PROXIES"}},
		"forward authentication":  {map[string]string{"FORWARD_AUTH": "S3cret~Value"}, []string{"FORWARD_AUTH is neither true nor false"}},
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

// If two variables contradict each other, the problems of each are still listed.
func TestEveryMalformedValueIsListedAtOnce(t *testing.T) {
	vars := good()
	vars["AUTHORITY"], vars["OIDC_AUTHORITY"] = "http://login.example/common", "idp.example"
	vars["CLIENT_SECRET_FILE"] = filepath.Join(t.TempDir(), "missing")
	vars["ALLOWED_TENANTS"], vars["SESSION_LIFETIME"], vars["SESSION_KEY"] = "contoso", "soon", "short"
	vars["REDIRECT_URI"], vars["LISTEN_ADDR"], vars["METRICS_ADDR"], vars["LOG_LEVEL"] = "app.example", "3000", "9090", "loud"
	vars["OTEL_TRACES_EXPORTER"], vars["OTEL_EXPORTER_OTLP_ENDPOINT"] = "zipkin", "collector"
	_, err := load(lookupIn(vars), false)
	found, ok := errors.AsType[*Problems](err)
	require.True(t, ok)
	count := map[string]int{}
	for _, problem := range found.List {
		count[problem.Name]++
	}
	for _, name := range []string{
		"AUTHORITY and OIDC_AUTHORITY", "AUTHORITY", "OIDC_AUTHORITY", "CLIENT_SECRET and CLIENT_SECRET_FILE", "CLIENT_SECRET_FILE",
		"ALLOWED_TENANTS", "SESSION_LIFETIME", "SESSION_KEY", "REDIRECT_URI", "LISTEN_ADDR", "METRICS_ADDR", "LOG_LEVEL",
		"OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT",
	} {
		assert.Equal(t, 1, count[name], name)
	}
}

// docker run --env-file keeps quotation marks, and word processors write other ones.
func TestQuotesAroundAValueAreRefused(t *testing.T) {
	for _, f := range fields() {
		for _, marks := range []string{`""`, "''", "\u201c\u201d"} {
			left, right := string([]rune(marks)[0]), string([]rune(marks)[1])
			if f.secret && left != right {
				continue // a secret may hold anything
			}
			vars := good()
			value := left + "S3cret~Value" + right
			vars[f.variable] = value
			c, err := load(lookupIn(vars), false)
			if f.variable == "CLIENT_SECRET" {
				require.NoError(t, err)
				assert.Equal(t, value, c.ClientSecret, "a secret is used as it is")
				require.Len(t, c.Hints, 1)
				assert.Equal(t, "CLIENT_SECRET", c.Hints[0].Name)
				assert.Contains(t, c.Hints[0].Wrong, "in quotation marks")
				continue
			}
			if f.secret {
				assert.Contains(t, names(c.Hints), f.variable)
				continue
			}
			require.ErrorContains(t, err, f.variable+" begins with a quotation mark", f.variable)
			assert.NotContains(t, err.Error(), "S3cret~Value")
		}
	}
}

func names(list []Problem) []string {
	var all []string
	for _, one := range list {
		all = append(all, one.Name)
	}
	return all
}

// Byte order marks and the line ends of Windows change no value.
func TestMarksAndLineEndsAroundValues(t *testing.T) {
	vars := good()
	delete(vars, "CLIENT_ID")
	vars["\ufeffCLIENT_ID"] = "5b3f6c1e-90d7-4f28-8a6b-e1c04d7295fa"
	vars["AUTHORITY"] = "\ufeff" + vars["AUTHORITY"] + "\u200b"
	vars["LOG_FORMAT"], vars["SESSION_LIFETIME"], vars["SCOPE"] = "json\r\n", "8h\r", " User.Read\u00a0"
	c, err := load(lookupIn(vars), false)
	require.NoError(t, err)
	assert.Empty(t, c.Hints)
	assert.Equal(t, "5b3f6c1e-90d7-4f28-8a6b-e1c04d7295fa", c.ClientID)
	assert.Equal(t, good()["AUTHORITY"], c.Authority)
	assert.Equal(t, "json", c.LogFormat)
	assert.Equal(t, 8*time.Hour, c.SessionLifetime)
	assert.Equal(t, []string{"User.Read"}, c.Scopes)
}

// A value that looks like a mistake does not keep the application from starting.
func TestHints(t *testing.T) {
	entraVars := func(change map[string]string) map[string]string {
		vars := good()
		maps.Copy(vars, change)
		return vars
	}
	https := func(proxies string) map[string]string {
		return entraVars(map[string]string{"REDIRECT_URI": "https://app.example.com/getAToken", "TRUSTED_PROXIES": proxies})
	}
	redirect := func(path string) map[string]string {
		return entraVars(map[string]string{"REDIRECT_URI": "http://localhost:3000" + path})
	}
	subjects := func(list string) map[string]string {
		return entraVars(map[string]string{"AUTHORITY": "", "OIDC_AUTHORITY": "https://idp.example", "ALLOWED_SUBJECTS": list})
	}
	for name, test := range map[string]struct {
		vars   map[string]string
		hinted []string
	}{
		"nothing":                  {good(), nil},
		"the secret's ID":          {entraVars(map[string]string{"CLIENT_SECRET": "3f1c9a52-0c53-4c0e-9d3b-0d6c8a1f2b3c"}), []string{"CLIENT_SECRET"}},
		"a blank behind a secret":  {entraVars(map[string]string{"CLIENT_SECRET": "S3cret~Value "}), []string{"CLIENT_SECRET"}},
		"a store without TLS":      {entraVars(map[string]string{"SESSION_STORE": "postgres://plain/db", "SESSION_KEY": someKey}), []string{"SESSION_STORE"}},
		"a store with TLS":         {entraVars(map[string]string{"SESSION_STORE": "postgres://db/db", "SESSION_KEY": someKey}), nil},
		"a store without warnings": {entraVars(map[string]string{"SESSION_STORE": "redis://plain", "SESSION_KEY": someKey}), nil},
		"another port":             {entraVars(map[string]string{"LISTEN_ADDR": "localhost:22006"}), []string{"REDIRECT_URI"}},
		"another port, registered": {entraVars(map[string]string{"LISTEN_ADDR": "localhost:22006", "REDIRECT_URI": "http://localhost:22006/getAToken"}), nil},
		"no page":                  {entraVars(map[string]string{"SCOPE": "", "ENDPOINT": ""}), nil},
		"no scope":                 {entraVars(map[string]string{"SCOPE": ""}), nil},
		"an API without scope":     {entraVars(map[string]string{"SCOPE": "", "ENDPOINT": "https://api.example"}), []string{"ENDPOINT"}},
		"a scope without API":      {entraVars(map[string]string{"AUTHORITY": "", "OIDC_AUTHORITY": "https://idp.example", "SCOPE": "x"}), []string{"SCOPE"}},
		"no GUID":                  {entraVars(map[string]string{"CLIENT_ID": "my-app"}), []string{"CLIENT_ID"}},
		"no GUID elsewhere":        {entraVars(map[string]string{"AUTHORITY": "", "OIDC_AUTHORITY": "https://idp.example", "CLIENT_ID": "my-app"}), nil},
		"the tenant's ID":          {entraVars(map[string]string{"CLIENT_ID": strings.ToUpper(fakeidp.ContosoTenantID)}), []string{"CLIENT_ID"}},
		"a slash at the end":       {redirect("/getAToken/"), []string{"REDIRECT_URI"}},
		"another case":             {redirect("/getatoken"), []string{"REDIRECT_URI"}},
		"another path":             {redirect("/callback"), nil},
		"https without a proxy":    {https(""), []string{"TRUSTED_PROXIES"}},
		"https and its proxy":      {https("10.0.0.0/8,fc00::/7"), nil},
		"everybody":                {https("0.0.0.0/0"), []string{"TRUSTED_PROXIES"}},
		"everybody in IPv6":        {https("10.0.0.0/8,::/0"), []string{"TRUSTED_PROXIES"}},
		"half of everybody":        {https("128.0.0.0/1"), []string{"TRUSTED_PROXIES"}},
		"all of IPv6's addresses":  {https("2000::/3"), []string{"TRUSTED_PROXIES"}},
		"nobody may ask":           {entraVars(map[string]string{"FORWARD_AUTH": "true"}), []string{"TRUSTED_PROXIES"}},
		"nobody may ask on https":  {entraVars(map[string]string{"FORWARD_AUTH": "true", "REDIRECT_URI": "https://app.example.com/getAToken"}), []string{"TRUSTED_PROXIES"}},
		"callback to another app":  {entraVars(map[string]string{"FORWARD_AUTH": "true", "TRUSTED_PROXIES": "127.0.0.1/32", "BASE_PATH": "/_signin"}), []string{"REDIRECT_URI"}},
		"callback beside the base": {entraVars(map[string]string{"FORWARD_AUTH": "true", "TRUSTED_PROXIES": "127.0.0.1/32", "BASE_PATH": "/_signin", "REDIRECT_URI": "http://localhost:3000/_signinx/cb"}), []string{"REDIRECT_URI"}},
		"callback below the base":  {entraVars(map[string]string{"FORWARD_AUTH": "true", "TRUSTED_PROXIES": "127.0.0.1/32", "BASE_PATH": "/_signin", "REDIRECT_URI": "http://localhost:3000/_signin/cb"}), nil},
		"no other application":     {entraVars(map[string]string{"BASE_PATH": "/_signin"}), nil},
		"a proxy may ask":          {entraVars(map[string]string{"FORWARD_AUTH": "true", "TRUSTED_PROXIES": "127.0.0.1/32"}), nil},
		"a test's key":             {entraVars(map[string]string{"SESSION_KEY": "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="}), []string{"SESSION_KEY"}},
		"the same key twice":       {entraVars(map[string]string{"SESSION_KEY": someKey + ", " + someKey}), []string{"SESSION_KEY"}},
		"a platform's token":       {entraVars(map[string]string{"AZURE_FEDERATED_TOKEN_FILE": "/nowhere"}), []string{"AZURE_FEDERATED_TOKEN_FILE"}},
		"people":                   {subjects("7,8"), nil},
		"addresses of people":      {subjects("7,megan@contoso.example"), []string{"ALLOWED_SUBJECTS"}},
	} {
		c, err := load(lookupIn(test.vars), false)
		require.NoError(t, err, name)
		assert.Equal(t, test.hinted, names(c.Hints), name)
	}
}

// A configured credential wins over the token file that a platform injects.
func TestAPlatformsTokenDoesNotReplaceACredential(t *testing.T) {
	vars := good()
	vars["AZURE_FEDERATED_TOKEN_FILE"] = "/nowhere"
	c, err := load(lookupIn(vars), false)
	require.NoError(t, err)
	assert.Empty(t, c.FederatedTokenFile)
	assert.Contains(t, c.Hints[0].Wrong, "is set beside CLIENT_SECRET and is not used")
}

// Files with secrets must be readable by this program's account and group only.
func TestFilesThatOthersCanRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes of files")
	}
	for mode, hinted := range map[os.FileMode]bool{0o600: false, 0o640: false, 0o644: true, 0o602: true} {
		inDirectoryWith(t, "CLIENT_SECRET_FILE=secret\n")
		require.NoError(t, os.WriteFile("secret", []byte("S3cret~Value"), 0o600))
		for _, name := range []string{DotEnv, "secret"} {
			require.NoError(t, os.Chmod(name, mode))
		}
		vars := good()
		delete(vars, "CLIENT_SECRET")
		c, err := load(lookupIn(vars), false)
		require.NoError(t, err)
		if !hinted {
			assert.Empty(t, c.Hints, mode)
			continue
		}
		assert.Equal(t, []string{DotEnv, "CLIENT_SECRET_FILE"}, names(c.Hints), mode)
		assert.Contains(t, c.Hints[0].Remedy, "chmod o-rwx")
	}
}

func TestAllowedSubjects(t *testing.T) {
	for list, want := range map[string][]string{"": nil, "*": nil, " 7, Ab|c ,": {"7", "Ab|c"}} {
		vars := good()
		vars["AUTHORITY"], vars["OIDC_AUTHORITY"], vars["ALLOWED_SUBJECTS"] = "", "https://idp.example", list
		c, err := load(lookupIn(vars), false)
		require.NoError(t, err)
		assert.Equal(t, want, c.Subjects(), list)
	}
}

func TestBasePath(t *testing.T) {
	for given, want := range map[string]string{
		"": "", "/": "", "/_signin": "/_signin", "/_signin/": "/_signin", " /a/b ": "/a/b", "/A-z_0.9~": "/A-z_0.9~", "/...": "/...", "/.well-known/x": "/.well-known/x",
	} {
		vars := good()
		vars["BASE_PATH"] = given
		c, err := load(lookupIn(vars), false)
		require.NoError(t, err, given)
		assert.Equal(t, want, c.BasePath, given)
		assert.Equal(t, want+"/", c.HomePath(), given)
		assert.Equal(t, "http://localhost:3000"+want+"/", c.Entra(nil, nil).PostLogoutRedirectURI, given)
	}
	for _, given := range []string{
		"_signin", "a/b", "//", "/a//", "//a", "/a//b", "/.", "/..", "/a/.", "/a/../b", "/./a", "/a/./b", "/a b", "/a%20b", "/ä", "/a?b", "/a#b",
		"/{a}", "/*", "/a*", `/a\b`, "/a:b", "/a;b", "/a@b", "https://app.example/a", "/a\tb", "/a+b", "/a,b", "/a'b",
	} {
		vars := good()
		vars["BASE_PATH"] = given
		_, err := load(lookupIn(vars), false)
		found, ok := errors.AsType[*Problems](err)
		require.True(t, ok, "%q", given)
		assert.Equal(t, []string{"BASE_PATH"}, names(found.List), "%q is not blamed on another variable", given)
	}
	// With a BASE_PATH, the rest of the origin is free for the redirect URI.
	for _, callback := range []string{"/login", "/_signin/getAToken", "/_signinx", "/getAToken"} {
		vars := good()
		vars["BASE_PATH"], vars["REDIRECT_URI"] = "/_signin", "http://localhost:3000"+callback
		_, err := load(lookupIn(vars), false)
		assert.NoError(t, err, callback)
	}
	vars := good()
	vars["BASE_PATH"], vars["REDIRECT_URI"] = "/getAToken", ""
	_, err := load(lookupIn(vars), false)
	assert.ErrorContains(t, err, "such as /getAToken/getAToken,", "the remedy helps")
}

func TestAddressToOpen(t *testing.T) {
	for _, test := range []struct{ redirect, listening, want string }{
		{"", "127.0.0.1:3000", "http://localhost:3000"},
		{"", "[::1]:3000", "http://localhost:3000"},
		{"", "0.0.0.0:3000", "http://localhost:3000"},
		{"", "[::]:8080", "http://localhost:8080"},
		{"", "127.0.0.1:38431", "http://127.0.0.1:38431"},
		{"", "[::1]:38431", "http://[::1]:38431"},
		{"", "192.0.2.7:3000", "http://192.0.2.7:3000"},
		{"http://localhost/getAToken", "127.0.0.1:80", "http://localhost"},
		{"http://localhost:4000/getAToken", "127.0.0.1:3000", "http://127.0.0.1:3000"},
		{"http://localhost:3000/getAToken", "[::]:8080", "http://localhost:3000"},
		{"https://app.example.com/getAToken", "127.0.0.1:3000", "https://app.example.com"},
	} {
		vars := good()
		vars["REDIRECT_URI"], vars["LISTEN_ADDR"] = test.redirect, test.listening
		c, err := load(lookupIn(vars), false)
		require.NoError(t, err)
		listening, err := net.ResolveTCPAddr("tcp", test.listening)
		require.NoError(t, err)
		assert.Equal(t, test.want, c.AddressToOpen(listening), "%s at %s", test.redirect, test.listening)
		c.BasePath = "/_signin"
		assert.Equal(t, test.want+"/_signin/", c.AddressToOpen(listening))
	}
}

// Each field that the entra adapter reports has a variable and a remedy.
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

// Spaces around a value are removed, except around secrets.
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

// The letter case of a GUID does not matter, so instances that spell it differently
// share their sessions.
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
