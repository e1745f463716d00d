package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/adapters/entra/idtoken"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// maxCodeBytes bounds an authorization code; Entra's exceed 900 characters.
const maxCodeBytes = 16 << 10

// Complete redeems the code and verifies the ID token. Where that names nobody,
// it asks for the name.
func (p *Provider) Complete(ctx context.Context, callback ports.Callback, secret string) (ports.SignedIn, error) {
	t, err := providerhttp.ParseSecret(secret)
	if err != nil {
		return ports.SignedIn{}, err
	}
	m, err := p.metadata.get(ctx)
	if err != nil {
		return ports.SignedIn{}, err
	}
	if err := checkCallback(callback, m); err != nil {
		return ports.SignedIn{}, err
	}
	got, err := p.askToken(ctx, m, p.withCapability(url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {callback.Code},
		"redirect_uri":  {p.cfg.RedirectURI},
		"code_verifier": {t.Verifier},
	}, t.Scopes))
	if err != nil {
		return ports.SignedIn{}, codeError(err)
	}
	if got.id == "" {
		return ports.SignedIn{}, refuse("the token endpoint's answer has no ID token")
	}
	token, err := p.verifier(m, bySignIn).Verify(ctx, got.id, idtoken.Expected{
		Nonce:       t.Nonce,
		Issuer:      callback.Issuer,
		AccessToken: got.access,
	})
	if err == nil {
		err = p.addNames(ctx, m, &token.Identity, got)
	}
	if err != nil {
		return ports.SignedIn{}, err
	}
	return ports.SignedIn{Identity: token.Identity, Claims: token.Claims, Tokens: p.grant(token, got, t)}, nil
}

// CallbackError implements ports.CallbackErrorReader.
func (p *Provider) CallbackError(callback ports.Callback) error {
	return newProviderError(callback.Error, callback.ErrorDescription)
}

// checkCallback looks at the provider's answer before the code is posted
// anywhere.
func checkCallback(callback ports.Callback, m metadata) error {
	if err := checkCallbackIssuer(callback.Issuer, m); err != nil {
		return err
	}
	switch {
	case callback.Error != "":
		return newProviderError(callback.Error, callback.ErrorDescription)
	case callback.Code == "":
		return refuse("it has no authorization code")
	case len(callback.Code) > maxCodeBytes:
		return refuse("its authorization code is too long")
	}
	return nil
}

// checkCallbackIssuer is the defence against a mix-up of providers (RFC 9207,
// section 2.4). Entra sends no iss; who says that they do must.
func checkCallbackIssuer(issuer string, m metadata) error {
	if issuer == "" && !m.sendsIssuer {
		return nil
	}
	if !m.issuer.Matches(issuer) {
		return refuse("it comes from another issuer")
	}
	return nil
}

// grant gathers what the sign-in yielded besides the identity.
func (p *Provider) grant(token idtoken.Token, got tokenAnswer, t providerhttp.Transaction) ports.Tokens {
	g := ports.Tokens{
		RefreshToken: got.refresh,
		LoginHint:    token.LoginHint,
		SignOutHint:  got.id,
		Nonce:        t.Nonce,
		Groups:       token.Groups,
	}
	if p.authority.EntraParameters() {
		g.SignOutHint = token.LoginHint
	}
	// Entra gives an access token to everybody; keeping one that nobody
	// asked for would be a needless risk.
	if got.access != "" && len(t.Scopes) > 0 {
		g.AccessTokens = []ports.AccessToken{{Value: got.access, Scopes: t.Scopes, Expires: got.expires}}
	}
	return g
}

// unknownYetPause is the wait for a credential that was registered a moment ago.
const unknownYetPause = time.Second

var (
	// errDeadGrant: the refresh token will never be good again.
	errDeadGrant = errors.New("dead grant")
	// errAccountGone: Entra says that the account, or all that it granted, is gone.
	errAccountGone = errors.New("account gone")
)

// Lifetimes of an access token where the answer says none, or an absurd one.
const (
	defaultTokenLife = 5 * time.Minute
	maxTokenLife     = 30 * 24 * time.Hour
)

// tokenAnswer is a successful answer of the token endpoint (RFC 6749, section
// 5.1; OpenID Connect Core 1.0, section 3.1.3.3).
type tokenAnswer struct {
	access  string // empty where the provider gave none, as B2C may
	refresh string
	id      string
	scope   string // empty where it is no string: only a guess rests on it
	expires time.Time
}

// askToken posts one request to the token endpoint; once more only where the
// credential was not known there yet, so that nothing came of the first.
func (p *Provider) askToken(ctx context.Context, m metadata, params url.Values) (tokenAnswer, error) {
	got, err := p.postToken(ctx, m, params)
	if p.credential.UnknownYet(err) && p.client.Pause(ctx, unknownYetPause) == nil {
		got, err = p.postToken(ctx, m, params)
	}
	return got, err
}

// codeError adds ports.ErrCodeRefused to the error for a code that was answered
// with a status of 4xx and no OAuth 2.0 error, as a firewall does. Such a status
// about the endpoint, the time or the rate says nothing of the code.
func codeError(err error) error {
	answered, ok := errors.AsType[*providerhttp.StatusError](err)
	if !ok || answered.Status < http.StatusBadRequest || answered.Status >= http.StatusInternalServerError {
		return err
	}
	switch answered.Status {
	case http.StatusNotFound, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return err
	}
	return providerhttp.Tagged(err, ports.ErrCodeRefused)
}

// postToken posts one request to the token endpoint, exactly once.
func (p *Provider) postToken(ctx context.Context, m metadata, params url.Values) (tokenAnswer, error) {
	got, err := p.requestToken(ctx, m, params)
	if err != nil {
		return tokenAnswer{}, err
	}
	t, err := p.readToken(got)
	return t, providerhttp.WithRetryAfter(err, got, p.clock())
}

// requestToken adds the application's proof to params and posts them.
func (p *Provider) requestToken(ctx context.Context, m metadata, params url.Values) (providerhttp.Answer, error) {
	request := providerhttp.TokenRequest{URL: m.token, ClientID: p.cfg.ClientID, Params: params}
	if err := p.credential.Authenticate(ctx, p.tokenEndpoint(m), &request); err != nil {
		return providerhttp.Answer{}, err
	}
	return p.client.RequestToken(ctx, request)
}

func (p *Provider) readToken(got providerhttp.Answer) (tokenAnswer, error) {
	doc, err := providerhttp.ParseObject(got.Body)
	failed := got.Status != http.StatusOK
	switch {
	case err == nil && doc.Has("error"):
		return tokenAnswer{}, failedAnswer(got.Status, doc)
	case failed:
		return tokenAnswer{}, &providerhttp.StatusError{Status: got.Status}
	case err != nil && !json.Valid(got.Body):
		// Not the endpoint's word at all: a proxy's page, or half an answer.
		return tokenAnswer{}, providerhttp.Unavailable("its answer is not JSON")
	case err != nil:
		return tokenAnswer{}, refuse("the token endpoint's answer is not a JSON object without duplicates")
	}
	var t tokenAnswer
	var kind string
	for name, field := range map[string]*string{
		"access_token": &t.access, "refresh_token": &t.refresh, "id_token": &t.id, "token_type": &kind,
	} {
		var ok bool
		if *field, ok = doc.Text(name); !ok {
			return tokenAnswer{}, refuse("the token endpoint's " + name + " is not a string")
		}
	}
	if t.access != "" && kind != "" && !strings.EqualFold(kind, "Bearer") {
		return tokenAnswer{}, refuse("the access token is not a bearer token")
	}
	t.scope, _ = doc.Text("scope")
	t.expires = p.clock().Add(lifetime(string(doc.Raw("expires_in"))))
	return t, nil
}

// failedAnswer returns the error of the token endpoint. The status overrules the
// code where it says that the provider is in trouble. errDeadGrant and
// errAccountGone are for a refresh.
func failedAnswer(status int, doc providerhttp.Object) error {
	e := tokenError(doc)
	if status == http.StatusTooManyRequests || status >= http.StatusInternalServerError {
		e.Kind = ports.ErrProviderUnavailable
	}
	suberror, _ := doc.Text("suberror")
	switch {
	case status >= http.StatusInternalServerError:
		return providerhttp.Transient(e)
	case status == http.StatusTooManyRequests:
		return e
	case status == http.StatusBadRequest && e.Code == "invalid_grant" && saysAccountGone(doc):
		return providerhttp.Tagged(e, errAccountGone)
	case suberror == "bad_token" || suberror == "token_expired":
		return providerhttp.Tagged(e, errDeadGrant)
	}
	return e
}

// accountGone are Entra's numbers for an account that is disabled, does not
// exist or is not assigned to the application, and for a grant that was revoked,
// as by a new password.
var accountGone = []int{50057, 50034, 50105, 50173}

// saysAccountGone reads error_codes, and never the text, which can name a number
// for other reasons.
func saysAccountGone(doc providerhttp.Object) bool {
	var numbers []int
	return json.Unmarshal(doc.Raw("error_codes"), &numbers) == nil &&
		slices.ContainsFunc(numbers, func(n int) bool { return slices.Contains(accountGone, n) })
}

// lifetime reads expires_in: seconds, as a number or, from some, as a string.
func lifetime(raw string) time.Duration {
	seconds, err := strconv.ParseInt(strings.Trim(raw, `"`), 10, 64)
	if err != nil || seconds < 0 {
		return defaultTokenLife
	}
	return min(time.Duration(min(seconds, 1e8))*time.Second, maxTokenLife)
}

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

var _ ports.LogoutTokenVerifier = (*Provider)(nil)

// verifier returns what verifies the tokens of this cause.
func (p *Provider) verifier(m metadata, cause refetchCause) idtoken.Verifier {
	return idtoken.Verifier{
		Authority:    p.authority,
		Issuer:       m.issuer,
		Algorithms:   m.algorithms,
		ClientID:     p.cfg.ClientID,
		AllowsTenant: p.allowsTenant,
		Keys:         p.keysFor(cause),
		Clock:        p.clock,
		Log:          p.log,
	}
}

// VerifyLogoutToken verifies a logout token, but for its single use.
func (p *Provider) VerifyLogoutToken(ctx context.Context, raw string) (ports.LogoutToken, error) {
	if err := idtoken.CheckLogoutForm(raw); err != nil {
		return ports.LogoutToken{}, err
	}
	m, err := p.metadata.get(ctx)
	if err != nil {
		return ports.LogoutToken{}, err
	}
	return p.verifier(m, byLogoutToken).VerifyLogout(ctx, raw)
}

// refuse is the error of an answer that did not pass a check. reason is a
// constant text: what the answer said stays out of it.
func refuse(reason string) error { return fmt.Errorf("%w: %s", ports.ErrTokenRefused, reason) }
