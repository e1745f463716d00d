package github

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"webapp/internal/providerhttp"
)

// unusedLife is when GitHub revokes the token of an OAuth app that nobody has
// used. Such a token names no end.
const unusedLife = 365 * 24 * time.Hour

const (
	letters  = "abcdefghijklmnopqrstuvwxyz"
	maxToken = 1000 // bytes
)

// isToken says whether text may stand in an Authorization header (RFC 6750,
// section 2.1), bounded.
func isToken(text string) bool {
	body := strings.TrimRight(text, "=")
	return body != "" && len(text) <= maxToken && consistsOf(body, letters+strings.ToUpper(letters)+"0123456789-._~+/")
}

// consistsOf says whether text has no character but those allowed.
func consistsOf(text, allowed string) bool { return strings.Trim(text, allowed) == "" }

type accessToken struct {
	value   string
	expires time.Time
}

// redeem posts the code, exactly once (RFC 6749, section 4.1.3).
func (p *Provider) redeem(ctx context.Context, code, verifier string) (accessToken, error) {
	got, err := p.client.RequestToken(ctx, providerhttp.TokenRequest{
		URL: tokenURL, ClientID: p.app.ClientID, Secret: p.app.ClientSecret(ctx), AuthStyle: oauth2.AuthStyleInParams,
		Params: url.Values{
			"grant_type":    {"authorization_code"},
			"code":          {code},
			"redirect_uri":  {p.app.RedirectURI},
			"code_verifier": {verifier},
		},
	})
	status, doc, err := readAnswer(got, err)
	// GitHub reports errors with status 200 too.
	if err == nil && doc.Has("error") {
		code, _ := doc.Text("error")
		return accessToken{}, newProviderError(code)
	}
	if err := answered(status, err); err != nil {
		return accessToken{}, err
	}
	return readToken(doc, p.now())
}

func readToken(doc providerhttp.Object, now time.Time) (accessToken, error) {
	value, _ := doc.Text("access_token")
	kind, isText := doc.Text("token_type")
	t := accessToken{value: value, expires: now.Add(unusedLife)}
	switch {
	case !isToken(t.value):
		return accessToken{}, refuse("it has no access token")
	case !isText, kind != "" && !strings.EqualFold(kind, "bearer"):
		return accessToken{}, refuse("its token is not a bearer token")
	}
	if raw := doc.Raw("expires_in"); raw != nil { // a GitHub App's
		seconds, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil || seconds < 0 || seconds > int64(unusedLife/time.Second) {
			return accessToken{}, refuse("its expires_in is no number of seconds")
		}
		t.expires = now.Add(time.Duration(seconds) * time.Second)
	}
	return t, nil
}
