package entra

import (
	"context"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/adapters/entra/idtoken"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// userInfoBudget bounds the wait for a name, which nobody should be kept at the
// door for.
const userInfoBudget = 3 * time.Second

// userInfoEndpoint returns where a person's name can be asked for, or "". At
// Entra it never is: there the ID token holds the name, and access tokens are
// for other APIs. An address that no token may be sent to counts as none.
func userInfoEndpoint(doc providerhttp.Object, configured authority.Authority) string {
	if configured.Entra() {
		return ""
	}
	target, err := endpoint(doc, "userinfo_endpoint", configured)
	if err != nil {
		return ""
	}
	return target
}

// addNames asks the UserInfo endpoint (OpenID Connect Core 1.0, section 5.3)
// for the names that the ID token leaves out, as a provider may. It takes what
// is displayed and nothing that decides: no groups, no roles, no identity.
//
// An answer about another subject, or about none, refuses the sign-in (section
// 5.3.2): somebody has mixed up tokens. Every other failure leaves the person
// signed in without a name, since a name is no reason to keep anybody out.
func (p *Provider) addNames(ctx context.Context, m metadata, who *ports.Identity, got tokenAnswer) error {
	if m.userInfo == "" || !isBlank(who.Name) || !isBlank(who.Username) || !got.opensUserInfo() {
		return nil
	}
	said, err := p.askUserInfo(ctx, m.userInfo, got.access)
	if err != nil {
		p.log.WarnContext(ctx, "userinfo not loaded; the person is signed in without a name", slog.Any("err", err))
		return nil
	}
	if sub, ok := said.Text("sub"); !ok || sub != who.Subject {
		return refuse("the userinfo is not about the ID token's subject")
	}
	who.Name, who.Username = idtoken.DisplayText(said, "name"), idtoken.DisplayText(said, "preferred_username")
	return nil
}

// opensUserInfo says whether the access token can be meant for the UserInfo
// endpoint: the scope openid is what opens it, and an answer that names its
// scopes without that one says that it was not granted (RFC 6749, section 5.1).
// Scopes that are no string say nothing.
func (t tokenAnswer) opensUserInfo() bool {
	named := strings.Fields(t.scope)
	return t.access != "" && (len(named) == 0 || slices.Contains(named, "openid"))
}

// askUserInfo asks once, with the token in the header alone (RFC 6750, section
// 2.1). An answer that is signed or encrypted (application/jwt) was not
// registered for and is not read.
func (p *Provider) askUserInfo(ctx context.Context, target, accessToken string) (providerhttp.Object, error) {
	req, err := http.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		return providerhttp.Object{}, providerhttp.Unavailable("the address cannot be asked")
	}
	req.Header.Set("Authorization", "Bearer "+accessToken)
	req.Header.Set("Accept", "application/json")
	ctx, cancel := context.WithTimeout(providerhttp.WithEndpoint(ctx, providerhttp.EndpointUserInfo), userInfoBudget)
	defer cancel()
	got, err := p.client.Do(ctx, req)
	if err != nil {
		return providerhttp.Object{}, err
	}
	if got.Status != http.StatusOK {
		return providerhttp.Object{}, &providerhttp.StatusError{Status: got.Status}
	}
	if kind, _, err := mime.ParseMediaType(got.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return providerhttp.Object{}, providerhttp.Unavailable("its answer is not application/json")
	}
	said, err := providerhttp.ParseObject(got.Body)
	if err != nil {
		return providerhttp.Object{}, providerhttp.Unavailable("its answer is not a JSON object without duplicates")
	}
	return said, nil
}

func isBlank(text string) bool { return strings.TrimSpace(text) == "" }
