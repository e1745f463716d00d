package entra

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

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
