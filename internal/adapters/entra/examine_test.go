package entra_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/entra/authority"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/fakeidp/clientauth"
	"webapp/internal/ports"
)

func examiner(t *testing.T, w world, tenant string) *entra.Examiner {
	t.Helper()
	configured, err := authority.Parse(w.idp.Authority(tenant))
	require.NoError(t, err)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return entra.NewExaminer(configured, transport, 30*time.Second) // the provider may have to make a key
}

func TestExamineMetadata(t *testing.T) {
	w := contoso(t)
	e := examiner(t, w, fakeidp.ContosoTenantID)
	exam, err := e.Metadata(t.Context())
	require.NoError(t, err)
	assert.True(t, exam.IssuerFits)
	assert.Equal(t, []string{"RS256"}, exam.Algorithms)

	_, err = examiner(t, w, "99999999-8888-7777-6666-555555555555").Metadata(t.Context())
	status, reported, ok := entra.ResponseOf(err)
	require.True(t, ok)
	assert.Equal(t, 400, status)
	assert.Equal(t, 90002, reported.Number)
	require.ErrorIs(t, err, ports.ErrProviderUnavailable)

	w.idp.MutateMetadata(func(_ string, m map[string]any) { m["issuer"] = "https://evil.example" })
	exam, err = e.Metadata(t.Context())
	require.Error(t, err)
	assert.NotErrorIs(t, err, ports.ErrProviderUnavailable)
	assert.NotContains(t, err.Error(), "evil")
	assert.False(t, exam.IssuerFits)
	assert.Equal(t, "https://evil.example", exam.Issuer)
}

// TestExamineKeys checks that the counts agree with the keys that a sign-in uses.
func TestExamineKeys(t *testing.T) {
	for tenant, want := range map[string]entra.KeysExam{
		fakeidp.ContosoTenantID: {Listed: 1, Usable: 1, Fitting: 1, AnyTenant: 1},
		"consumers":             {Listed: 2, Usable: 2, Fitting: 2, AnyTenant: 1},
		"common":                {Listed: 2, Usable: 2, Fitting: 2, AnyTenant: 1},
	} {
		w := newWorld(t, tenant, nil)
		e := examiner(t, w, tenant)
		m, err := e.Metadata(t.Context())
		require.NoError(t, err)
		exam, err := e.Keys(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, want, exam, tenant)
	}
	w := newWorld(t, "common", nil)
	w.idp.MutateKeys(func(_ string, document map[string]any) {
		for _, key := range document["keys"].([]any) {
			delete(key.(map[string]any), "issuer")
		}
		document["keys"] = append(document["keys"].([]any), map[string]any{"kty": "oct", "k": "AAAA"})
	})
	e := examiner(t, w, "common")
	m, err := e.Metadata(t.Context())
	require.NoError(t, err)
	exam, err := e.Keys(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, entra.KeysExam{Listed: 3, Usable: 2, WithoutIssuer: 2}, exam)
}

func TestExamineCredential(t *testing.T) {
	for name, c := range map[string]struct {
		tenant string
		config func(*entra.Config)
		fault  *fakeidp.Fault
		want   entra.Verdict
		number int
	}{
		"right":                    {want: entra.VerdictAccepted},
		"wrong":                    {config: func(e *entra.Config) { e.Credential.Secret = "wrong" }, want: entra.VerdictRefused, number: 7000215},
		"no right of its own":      {fault: &fakeidp.Fault{Error: &fakeidp.Error{Number: 501051}}, want: entra.VerdictAccepted, number: 501051},
		"not in the tenant":        {fault: &fakeidp.Fault{Error: &fakeidp.Error{Number: 700016}}, want: entra.VerdictRefused, number: 700016},
		"odd request":              {fault: &fakeidp.Fault{Error: &fakeidp.Error{Number: 9002313}}, want: entra.VerdictUnclear, number: 9002313},
		"no JSON":                  {fault: &fakeidp.Fault{Body: "<html>"}, want: entra.VerdictUnclear},
		"no token":                 {fault: &fakeidp.Fault{Body: "{}"}, want: entra.VerdictUnclear},
		"any tenant":               {tenant: "common", want: entra.VerdictUnclear, number: 50194},
		"a tenant that is allowed": {tenant: "common", config: func(e *entra.Config) { e.AllowedTenants = []string{fakeidp.ContosoTenantID} }, want: entra.VerdictAccepted},
		"organizations":            {tenant: "organizations", config: func(e *entra.Config) { e.AllowedTenants = []string{fakeidp.FabrikamTenantID} }, want: entra.VerdictAccepted},
		"another provider":         {config: func(e *entra.Config) { e.Issuer = "self" }, want: entra.VerdictAccepted, number: 70000},
		"another provider refuses": {
			config: func(e *entra.Config) { e.Issuer = "self" },
			fault:  &fakeidp.Fault{Status: 401, Body: `{"error":"unauthorized_client"}`}, want: entra.VerdictRefused,
		},
		"another provider hands out a token": {
			config: func(e *entra.Config) { e.Issuer = "self" },
			fault:  &fakeidp.Fault{Body: `{"access_token":"S3cret","token_type":"Bearer"}`}, want: entra.VerdictUnclear,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			tenant := c.tenant
			if tenant == "" {
				tenant = fakeidp.ContosoTenantID
			}
			w := newWorld(t, tenant, func(_ *fakeidp.Config, e *entra.Config) {
				e.Logger = slog.New(slog.NewTextHandler(&log, nil))
				if c.config != nil {
					c.config(e)
				}
			})
			if c.fault != nil {
				w.idp.Fail(fakeidp.EndpointToken, *c.fault)
			}
			exam, err := w.provider.ExamineCredential(t.Context())
			require.NoError(t, err)
			assert.Equal(t, c.want, exam.Verdict)
			assert.Equal(t, c.number, exam.Reported.Number)
			assert.Equal(t, 1, w.idp.Requests(fakeidp.EndpointToken), "asked once")
			assert.NotContains(t, log.String(), "S3cret")
		})
	}
}

// TestExamineCredentialOfACertificate checks that the audience of the assertion is the
// endpoint that gets it, also if that is another tenant's than in the metadata.
func TestExamineCredentialOfACertificate(t *testing.T) {
	cert := goodPair(t, 0)
	for _, tenant := range []string{fakeidp.ContosoTenantID, "common"} {
		w := credentialWorldAt(t, tenant, cert)
		exam, err := w.provider.ExamineCredential(t.Context())
		require.NoError(t, err)
		assert.Equal(t, entra.VerdictAccepted, exam.Verdict, tenant)
		assert.Contains(t, w.idp.Log(fakeidp.EndpointToken)[0].Path, fakeidp.ContosoTenantID)
	}
}

func credentialWorldAt(t *testing.T, tenant string, cert pair) world {
	t.Helper()
	return newWorld(t, tenant, func(idp *fakeidp.Config, e *entra.Config) {
		client := fakeidp.DefaultClient()
		client.Secrets, client.Authenticator = nil, clientauth.NewCertificates(cert.cert)
		idp.Clients = []fakeidp.Client{client}
		e.Credential.Secret, e.Credential.CertificateFile = "", tempFile(t, cert.pem(t))
		if tenant == "common" {
			e.AllowedTenants = []string{fakeidp.ContosoTenantID}
		}
	})
}

func TestExamineAProviderThatIsDown(t *testing.T) {
	w := contoso(t)
	w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Status: 503})
	_, err := w.provider.ExamineCredential(t.Context())
	status, _, _ := entra.ResponseOf(err)
	assert.Equal(t, 503, status)
	w.idp.Down()
	_, err = examiner(t, w, fakeidp.ContosoTenantID).Metadata(t.Context())
	require.ErrorIs(t, err, ports.ErrProviderUnavailable)
	_, _, responded := entra.ResponseOf(err)
	assert.False(t, responded)
}
