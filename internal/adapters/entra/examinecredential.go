package entra

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"webapp/internal/ports"
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
