package authority

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	tenantA = "7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b301"
	tenantB = "c2a94d10-86e3-4b7a-b5f8-02d963e1a7c4"
)

// TestMetadataIssuers checks the rule of each kind of authority.
func TestMetadataIssuers(t *testing.T) {
	const public = "https://login.microsoftonline.com/"
	for _, c := range []struct {
		authority, issuer string
		fits              bool
	}{
		{public + "common", public + "{tenantid}/v2.0", true},
		{public + "organizations", public + "{tenantid}/v2.0", true},
		{public + "common", public + tenantA + "/v2.0", false},
		{public + "common", "https://login.microsoftonline.us/{tenantid}/v2.0", false},
		{public + "common", public + "{tenantid}/v2.0/", false},
		{public + "common", public + "{tenantid}{tenantid}/v2.0", false},
		{public + "common", "{tenantid}", false},
		{public + "consumers", public + ConsumersTenant + "/v2.0", true},
		{public + "consumers", public + tenantA + "/v2.0", false},
		{public + tenantA, public + tenantA + "/v2.0", true},
		{public + strings.ToUpper(tenantA), public + tenantA + "/v2.0", true},
		{public + tenantA, public + tenantB + "/v2.0", false},
		{public + tenantA, public + "{tenantid}/v2.0", false},
		{public + tenantA, "http://login.microsoftonline.com/" + tenantA + "/v2.0", false},
		{public + tenantA, "https://attacker.example/" + tenantA + "/v2.0", false},
		{public + tenantA, "https://sts.windows.net/" + tenantA + "/", false},
		{public + "contoso.com", public + tenantA + "/v2.0", true},
		{public + "contoso.com", public + "contoso.com/v2.0", false},
		{public + "contoso.com", public + "{tenantid}/v2.0", false},
		{"https://login.partner.microsoftonline.cn/contoso.cn", "https://login.partner.microsoftonline.cn/" + tenantA + "/v2.0", true},
		{"https://contoso.ciamlogin.com/contoso.onmicrosoft.com", "https://" + tenantA + ".ciamlogin.com/" + tenantA + "/v2.0", true},
		{"https://contoso.ciamlogin.com/" + tenantA, "https://contoso.ciamlogin.com/" + tenantA + "/v2.0", true},
		{"https://contoso.ciamlogin.com/" + tenantA, "https://" + tenantB + ".ciamlogin.com/" + tenantB + "/v2.0", false},
		{"https://contoso.ciamlogin.com/contoso.onmicrosoft.com", "https://" + tenantB + ".ciamlogin.com/" + tenantA + "/v2.0", false},
		{"https://contoso.ciamlogin.com/contoso.onmicrosoft.com", "https://ciamlogin.com.attacker.example/" + tenantA + "/v2.0", false},
		{"https://c.b2clogin.com/c.onmicrosoft.com/B2C_1_a", "https://c.b2clogin.com/" + tenantA + "/v2.0/", true},
		{"https://c.b2clogin.com/c.onmicrosoft.com/B2C_1_a", "https://c.b2clogin.com/tfp/" + tenantA + "/b2c_1_a/v2.0/", true},
		{"https://c.b2clogin.com/c.onmicrosoft.com/B2C_1_a", "https://login.microsoftonline.com/" + tenantA + "/v2.0/", false},
		{"https://c.b2clogin.com/c.onmicrosoft.com/B2C_1_a", "https://c.b2clogin.com/c.onmicrosoft.com/v2.0/", false},
		{"https://c.b2clogin.com/c.onmicrosoft.com/B2C_1_a", "https://c.b2clogin.com/{tenantid}/v2.0/", false},
	} {
		a, err := Parse(c.authority)
		require.NoError(t, err, c.authority)
		assert.Equal(t, c.fits, a.CheckIssuer(c.issuer) == nil, "%s with %s", c.authority, c.issuer)
	}
	a, err := ParseIssuer("https://provider.example/")
	require.NoError(t, err)
	assert.NoError(t, a.CheckIssuer("https://provider.example/"))
	assert.Error(t, a.CheckIssuer("https://provider.example"))
}

func TestIssuerTemplate(t *testing.T) {
	many := Issuer("https://host/{tenantid}/v2.0")
	assert.True(t, many.Matches("https://host/"+tenantA+"/v2.0"))
	for _, issuer := range []string{"", "https://host/{tenantid}/v2.0", "https://host//v2.0", "https://host/" + tenantA + "/v2.0/x", "https://host/x/" + tenantA + "/v2.0"} {
		assert.False(t, many.Matches(issuer), issuer)
	}
}

func FuzzParseAuthority(f *testing.F) {
	for _, seed := range []string{
		"https://login.microsoftonline.com/common", "http://localhost:1/" + tenantA, "https://a.b2clogin.com/tfp/a.onmicrosoft.com/p",
		"https://x/%2e%2e/common", "https://[::1]/common", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := Parse(text)
		if err != nil {
			return
		}
		u, err := ParseWebURL(a.DiscoveryURL())
		require.NoError(t, err)
		assert.True(t, strings.HasSuffix(u.Path, "/v2.0/.well-known/openid-configuration"))
		assert.Error(t, a.CheckIssuer(""))
		again, err := Parse(text + "/")
		if err == nil {
			assert.Equal(t, a.DiscoveryURL(), again.DiscoveryURL())
		}
	})
}
