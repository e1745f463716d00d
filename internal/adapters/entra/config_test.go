package entra_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/entra/credential"
	"webapp/internal/adapters/fakeidp"
)

const guid = "7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b301"

func goodConfig() entra.Config {
	return entra.Config{
		Authority:   "https://login.microsoftonline.com/" + guid,
		ClientID:    fakeidp.DefaultClientID,
		Credential:  credential.Config{Secret: "the-secret-itself"},
		RedirectURI: redirectURI,
	}
}

func fields(err error) []string {
	var list []string
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	for _, e := range joined.Unwrap() {
		if p, ok := errors.AsType[entra.Problem](e); ok {
			list = append(list, p.Field)
		}
	}
	return list
}

func TestConfigProblems(t *testing.T) {
	_, err := entra.New(goodConfig())
	require.NoError(t, err)

	own := goodConfig()
	own.Authority += "?appid=" + own.ClientID
	_, err = entra.New(own)
	require.NoError(t, err)

	_, err = entra.New(entra.Config{Credential: credential.Config{Secret: "the-secret-itself\n"}, ResponseMode: "fragment"})
	assert.Equal(t, []string{"Authority", "ClientID", "Secret", "RedirectURI", "ResponseMode"}, fields(err))
	assert.NotContains(t, err.Error(), "the-secret-itself")

	common := "https://login.microsoftonline.com/common"
	for name, c := range map[string]struct {
		change func(*entra.Config)
		field  string
	}{
		"both authorities":     {func(c *entra.Config) { c.Issuer = "https://provider.example" }, "Authority"},
		"authority unreadable": {func(c *entra.Config) { c.Authority = "://" }, "Authority"},
		"another's appid":      {func(c *entra.Config) { c.Authority += "?appid=" + guid }, "Authority"},
		"plain http elsewhere": {func(c *entra.Config) { c.Authority = "http://login.example/" + guid }, "Authority"},
		"issuer with discovery": {func(c *entra.Config) {
			c.Authority, c.Issuer = "", "https://p.example/.well-known/openid-configuration"
		}, "Issuer"},
		"common without a list":  {func(c *entra.Config) { c.Authority = common }, "AllowedTenants"},
		"list with one tenant":   {func(c *entra.Config) { c.AllowedTenants = []string{guid} }, "AllowedTenants"},
		"star with one tenant":   {func(c *entra.Config) { c.AllowedTenants = []string{"*"} }, "AllowedTenants"},
		"star among others":      {func(c *entra.Config) { c.Authority, c.AllowedTenants = common, []string{"*", guid} }, "AllowedTenants"},
		"a domain in the list":   {func(c *entra.Config) { c.Authority, c.AllowedTenants = common, []string{"contoso.com"} }, "AllowedTenants"},
		"an empty tenant":        {func(c *entra.Config) { c.Authority, c.AllowedTenants = common, []string{""} }, "AllowedTenants"},
		"an algorithm of none":   {func(c *entra.Config) { c.SigningAlgorithm = "none" }, "SigningAlgorithm"},
		"a shared secret's":      {func(c *entra.Config) { c.SigningAlgorithm = "HS256" }, "SigningAlgorithm"},
		"in small letters":       {func(c *entra.Config) { c.SigningAlgorithm = "rs256" }, "SigningAlgorithm"},
		"http redirect":          {func(c *entra.Config) { c.RedirectURI = "http://app.example/cb" }, "RedirectURI"},
		"redirect with fragment": {func(c *entra.Config) { c.RedirectURI = "https://app.example/cb#x" }, "RedirectURI"},
		"form_post over http":    {func(c *entra.Config) { c.ResponseMode = entra.ResponseModeFormPost }, "ResponseMode"},
		"bad sign-out URI":       {func(c *entra.Config) { c.PostLogoutRedirectURI = "/" }, "PostLogoutRedirectURI"},
	} {
		config := goodConfig()
		c.change(&config)
		_, err := entra.New(config)
		require.Error(t, err, name)
		assert.Equal(t, []string{c.field}, fields(err), name)
	}
}
