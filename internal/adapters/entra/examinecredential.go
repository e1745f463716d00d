package entra

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// Verdict says whether the token endpoint's response proves that a credential
// works.
type Verdict int

// The verdicts.
const (
	// VerdictUnclear: the response proves nothing.
	VerdictUnclear Verdict = iota
	// VerdictAccepted: the provider accepted the credential.
	VerdictAccepted
	// VerdictRefused: the provider refused the credential, or does not know the
	// application.
	VerdictRefused
)

// CredentialExam is the result of ExamineCredential.
type CredentialExam struct {
	Verdict Verdict
	// Reported is the error in the response. It is zero if the response has none.
	Reported ports.ProviderError
}

// ExamineCredential sends the credential to the token endpoint in a request that
// needs no person. The request has no effect: Entra's response can have a token for
// the application itself, which is not read; other providers get a code that nobody
// issued.
//
// Errors: ports.ErrProviderUnavailable (see ResponseOf), and ports.ErrProviderRefused if
// the provider does not take this kind of credential. Any other error means that the
// application could not create the credential, for example because its file is malformed.
func (p *Provider) ExamineCredential(ctx context.Context) (CredentialExam, error) {
	m, err := p.metadata.get(ctx)
	if err != nil {
		return CredentialExam{}, err
	}
	if p.authority.Kind.MultiTenant() {
		m.token.URL = p.tenantTokenEndpoint(m.token.URL)
	}
	response, err := p.postTokenRequest(ctx, m, p.examination())
	if err != nil {
		return CredentialExam{}, err
	}
	if response.Status == http.StatusTooManyRequests || response.Status >= http.StatusInternalServerError {
		return CredentialExam{}, &providerhttp.StatusError{Status: response.Status, Body: response.Body}
	}
	return p.judge(response), nil
}

// tenantTokenEndpoint returns the token endpoint of the first allowed tenant. At
// common and organizations an application cannot get a token for itself.
func (p *Provider) tenantTokenEndpoint(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil || p.tenants == nil {
		return endpoint
	}
	rest, ok := strings.CutPrefix(u.Path, "/"+p.authority.Tenant+"/")
	if !ok {
		return endpoint
	}
	u.Path = "/" + strings.ToLower(p.cfg.AllowedTenants[0]) + "/" + rest
	return u.String()
}

// examination returns the parameters of the request. Entra is asked for a token for
// the application itself, because its response to a wrong code is not documented.
// Other providers may not issue such tokens. They get a wrong code, and have to
// authenticate the client before they look at it (RFC 6749, section 4.1.3).
func (p *Provider) examination() url.Values {
	if p.authority.Entra() {
		return url.Values{"grant_type": {"client_credentials"}, "scope": {p.cfg.ClientID + "/.default"}}
	}
	return url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {"not-a-code-but-a-test-of-the-credential"},
		"redirect_uri":  {p.cfg.RedirectURI},
		"code_verifier": {"not-a-verifier-but-a-test-of-the-credential"},
	}
}

// judge returns the result for a response of the token endpoint.
func (p *Provider) judge(response providerhttp.Response) CredentialExam {
	doc, err := providerhttp.ParseObject(response.Body)
	if err != nil {
		return CredentialExam{}
	}
	if response.Status == http.StatusOK && !doc.Has("error") {
		if p.authority.Entra() && doc.Has("access_token") {
			return CredentialExam{Verdict: VerdictAccepted}
		}
		return CredentialExam{} // no provider redeems the wrong code
	}
	e := tokenError(doc)
	if p.authority.Entra() {
		return CredentialExam{entraVerdict(e), *e}
	}
	return CredentialExam{otherVerdict(response.Status, e), *e}
}

// entraVerdict decides by Entra's numbers, because Entra has one code both for an
// application that it does not know and for one that lacks a permission. That is
// acceptable here: the verdict is advice for a person. An application that lacks a
// permission has authenticated itself, and it needs no permission to sign people in.
func entraVerdict(e *ports.ProviderError) Verdict {
	switch e.Number {
	case 700016, 700011, 90002, 90038, 900439, 70021, 700211, 700212, 700213:
		return VerdictRefused
	case 50194:
		return VerdictUnclear
	}
	switch e.Code {
	case "invalid_client":
		return VerdictRefused
	case "invalid_grant", "unauthorized_client":
		return VerdictAccepted
	}
	return VerdictUnclear
}

// otherVerdict decides by the codes of RFC 6749, section 5.2. The code
// unauthorized_client proves nothing: some providers send it for an unknown client
// too.
func otherVerdict(status int, e *ports.ProviderError) Verdict {
	switch {
	case e.Code == "invalid_client" || status == http.StatusUnauthorized:
		return VerdictRefused
	case e.Code == "invalid_grant":
		return VerdictAccepted
	}
	return VerdictUnclear
}
