package entra

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// Verdict is what the token endpoint's answer says of a credential.
type Verdict int

// The verdicts.
const (
	// VerdictUnclear: the answer proves nothing, either way.
	VerdictUnclear Verdict = iota
	// VerdictAccepted: the provider took the credential for this application's.
	VerdictAccepted
	// VerdictRefused: it did not, or does not know the application.
	VerdictRefused
)

// CredentialExam is what the provider says of the application's credential.
type CredentialExam struct {
	Verdict Verdict
	// Said is the error in the answer, zero where it holds none.
	Said ports.ProviderError
}

// ExamineCredential shows the credential to the token endpoint in a request that
// needs nobody to sign in. Nothing comes of it: a token that Entra may give to
// the application itself is dropped unread, and what other providers are sent is
// a code that they cannot know.
//
// Errors: ports.ErrProviderUnavailable (*StatusError where the provider
// answered) and ports.ErrProviderRefused where it does not take this kind of
// credential; anything else says that the credential itself cannot be made.
func (p *Provider) ExamineCredential(ctx context.Context) (CredentialExam, error) {
	m, err := p.metadata.get(ctx)
	if err != nil {
		return CredentialExam{}, err
	}
	if p.authority.Kind.MultiTenant() {
		m.token = p.tenantTokenEndpoint(m.token)
	}
	got, err := p.requestToken(ctx, m, p.examination())
	if err != nil {
		return CredentialExam{}, err
	}
	if got.Status == http.StatusTooManyRequests || got.Status >= http.StatusInternalServerError {
		return CredentialExam{}, refusedAnswer(got)
	}
	return p.judge(got), nil
}

// examination asks Entra for a token for the application itself, because
// what it makes of a bad code is not documented; and other providers, which may
// not give such tokens, to redeem a code that nobody has issued. They have to
// authenticate the client before they look at the code (RFC 6749, section
// 4.1.3).
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

// tenantTokenEndpoint names a tenant in place of common or organizations, where
// an application has no token of its own: the first that may sign in.
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

// judge reads the token endpoint's answer.
func (p *Provider) judge(got providerhttp.Answer) CredentialExam {
	doc, err := providerhttp.ParseObject(got.Body)
	if err != nil {
		return CredentialExam{}
	}
	if got.Status == http.StatusOK && !doc.Has("error") {
		if p.authority.Entra() && doc.Has("access_token") {
			return CredentialExam{Verdict: VerdictAccepted}
		}
		return CredentialExam{} // to redeem that code is not what a provider does
	}
	e := tokenError(doc)
	exam := CredentialExam{Said: *e}
	exam.Verdict = otherVerdict(got.Status, e)
	if p.authority.Entra() {
		exam.Verdict = entraVerdict(e)
	}
	return exam
}

// otherVerdict reads the codes of RFC 6749, section 5.2. There "unauthorized"
// is a client that is known; some providers say so of unknown ones, so it
// proves nothing.
func otherVerdict(status int, e *ports.ProviderError) Verdict {
	switch {
	case e.Code == "invalid_client" || status == http.StatusUnauthorized:
		return VerdictRefused
	case e.Code == "invalid_grant":
		return VerdictAccepted
	}
	return VerdictUnclear
}

// entraVerdict needs the numbers, since this is for a person: Entra has one code
// for an application that it does not know and one that may not do this. An
// application that is known but has no right to a token of its own (a role or a
// consent is missing) has proved itself, and needs no such right to sign people
// in.
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
