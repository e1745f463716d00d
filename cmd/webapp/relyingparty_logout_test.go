package main

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// elsewhere returns another browser of the same person, in the same session at the
// provider.
func (p *party) elsewhere() *browser {
	p.t.Helper()
	sid := claimOn(p.t, p.b, "sid")
	p.forging(func(d *fakeidp.TokenDraft) { d.Claims["sid"] = sid })
	other := p.browser()
	require.Equal(p.t, http.StatusSeeOther, other.signIn(fakeidp.UserMember).StatusCode)
	p.forging(nil)
	return other
}

// signsOut signs out and returns the address of the redirect.
func (p *party) signsOut() *url.URL {
	p.t.Helper()
	r := p.b.do(http.MethodPost, "/logout", url.Values{}, "Origin", p.url, "Sec-Fetch-Site", "same-origin")
	require.Equal(p.t, http.StatusSeeOther, r.StatusCode, r.body)
	assert.False(p.t, p.b.signedIn())
	to, err := url.Parse(r.Header.Get("Location"))
	require.NoError(p.t, err)
	return to
}

var (
	frameIn = regexp.MustCompile(`<iframe src="([^"]+)"`)
	wayBack = regexp.MustCompile(`<a class="primary" href="([^"]+)"`)
)

// atProvider returns the frames that the provider's sign-out page loads, and the
// address that it leads to.
func (p *party) atProvider(to *url.URL) (frames []string, back string) {
	p.t.Helper()
	page := p.b.get(to.String())
	if page.StatusCode == http.StatusSeeOther {
		return nil, page.Header.Get("Location")
	}
	for _, found := range frameIn.FindAllStringSubmatch(page.body, -1) {
		frames = append(frames, html.UnescapeString(found[1]))
	}
	found := wayBack.FindStringSubmatch(page.body)
	require.NotNil(p.t, found, page.body)
	return frames, html.UnescapeString(found[1])
}

// comesBack requires an anonymous page at the address that the provider sends the
// browser to.
func (p *party) comesBack(back string) {
	p.t.Helper()
	r := p.b.get(back)
	assert.Equal(p.t, http.StatusOK, r.StatusCode)
	assert.Contains(p.t, r.body, "Sign in")
	assert.NotContains(p.t, r.body, "Welcome ")
	assert.False(p.t, p.b.signedIn())
}

// registerFrontChannel registers the front-channel logout URI with iss and sid
// (frontchannel_logout_session_required).
func (p *party) registerFrontChannel() {
	client := fakeidp.DefaultClient()
	client.FrontChannelLogoutURI, client.FrontChannelIssuer = p.url+"/frontchannel-logout", true
	p.idp.AddClient(client)
}

// rpLogoutTests returns the tests of the plan
// oidcc-client-rp-initiated-logout-rp-basic.
func rpLogoutTests() []partyTest {
	return []partyTest{
		{"oidcc-client-test-rp-init-logout", rpLogout(func(back string) string { return back })},
		{"oidcc-client-test-rp-init-logout-other-state", rpLogout(func(back string) string { return back + "?state=ZG8tbm90LWtub3c_INVALID" })},
		{"oidcc-client-test-rp-init-logout-no-state", rpLogout(func(back string) string { return back })},
	}
}

// rpLogout: both logout channels are used before the browser returns. The application
// sends no state in a sign-out, and ignores one in the redirect.
func rpLogout(returned func(back string) string) func(*party) {
	return func(p *party) {
		p.registerFrontChannel()
		p.signsIn()
		token := p.logoutToken(nil)
		to := p.signsOut()
		assert.Equal(p.t, p.idp.Authority(fakeidp.ContosoTenantID)+"/oauth2/v2.0/logout", "http://"+to.Host+to.Path)
		q := to.Query()
		assert.Equal(p.t, p.issued[0]["id_token"], q.Get("id_token_hint"))
		assert.Equal(p.t, p.url+"/", q.Get("post_logout_redirect_uri"))
		assert.Equal(p.t, fakeidp.DefaultClientID, q.Get("client_id"))
		assert.False(p.t, q.Has("state"))
		assert.Equal(p.t, http.StatusOK, p.backChannel(token).StatusCode)
		frames, back := p.atProvider(to)
		require.Len(p.t, frames, 1)
		assert.Equal(p.t, http.StatusOK, p.browser().get(frames[0]).StatusCode)
		assert.Equal(p.t, p.url+"/", back)
		p.comesBack(returned(back))
	}
}

// frontChannelTests returns the tests of the plan
// oidcc-client-front-channel-logout-rp-basic, and the front-channel test of
// oidcc-client-logout-test-plan.
func frontChannelTests() []partyTest {
	return []partyTest{
		{"oidcc-client-test-rp-frontchannel-rpinitlogout", func(p *party) {
			p.registerFrontChannel()
			p.signsIn()
			other := p.elsewhere()
			frames, back := p.atProvider(p.signsOut())
			p.loadsFrame(frames, other)
			p.comesBack(back)
		}},
		{"oidcc-client-test-rp-frontchannel-opinitlogout", func(p *party) {
			p.registerFrontChannel()
			p.signsIn()
			p.loadsFrame(p.idp.SignOut(fakeidp.UserMember), p.b)
		}},
	}
}

// loadsFrame loads the frame without the person's cookies, as browsers do, and requires
// that the browser's session has ended.
func (p *party) loadsFrame(frames []string, until *browser) {
	p.t.Helper()
	require.Len(p.t, frames, 1)
	require.True(p.t, until.signedIn())
	r := p.browser().get(frames[0])
	assert.Equal(p.t, http.StatusOK, r.StatusCode)
	assert.Equal(p.t, "no-store", r.Header.Get("Cache-Control"))
	assert.Empty(p.t, r.Header.Get("X-Frame-Options"))
	assert.Regexp(p.t, "frame-ancestors [^;]*"+regexp.QuoteMeta(p.idp.BaseURL()), r.Header.Get("Content-Security-Policy"))
	assert.False(p.t, until.signedIn())
}

// backChannelTests returns the tests of the plan
// oidcc-client-back-channel-logout-rp-basic.
func backChannelTests() []partyTest {
	set := func(name string, value any) func(*fakeidp.TokenDraft) {
		return func(d *fakeidp.TokenDraft) { d.Claims[name] = value }
	}
	return []partyTest{
		{"oidcc-client-test-rp-backchannel-rpinitlogout", backChannelLogout(nil)},
		{"oidcc-client-test-rp-backchannel-rpinitlogout-alg-none", backChannelLogout(signed(fakeidp.SignNone))},
		{"oidcc-client-test-rp-backchannel-rpinitlogout-no-event", backChannelLogout(func(d *fakeidp.TokenDraft) { delete(d.Claims, "events") })},
		{"oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce", backChannelLogout(set("nonce", "bm9uY2U"))},
		{"oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg", wrongAlgorithm},
		{"oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud", backChannelLogout(func(d *fakeidp.TokenDraft) { d.Claims["aud"] = oneMore(d.Claims["aud"]) })},
		{"oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event", backChannelLogout(set("events", map[string]any{"http://schemas.openid.net/event/foobar": map[string]any{}}))},
		{"oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss", backChannelLogout(func(d *fakeidp.TokenDraft) { d.Claims["iss"] = oneMore(d.Claims["iss"]) })},
	}
}

// logoutToken returns a logout token for the person's session. wrong changes it.
func (p *party) logoutToken(wrong func(*fakeidp.TokenDraft)) string {
	p.t.Helper()
	now := p.clock.Now()
	d := fakeidp.TokenDraft{Header: map[string]any{"typ": "logout+jwt"}, Claims: map[string]any{
		"iss": p.s.OIDCAuthority, "sub": claimOn(p.t, p.b, "sub"), "aud": fakeidp.DefaultClientID,
		"jti": "2b1f6a51-0d6e-4b39-9f0f-6c1c6d1a7f10", "sid": claimOn(p.t, p.b, "sid"),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
		"iat":    now.Unix(), "exp": now.Add(2 * time.Minute).Unix(),
		"ignored_claim": "claims that are not understood must be ignored",
	}}
	if wrong != nil {
		wrong(&d)
	}
	token, err := p.idp.Sign(d)
	require.NoError(p.t, err)
	return token
}

func (p *party) backChannel(token string) reply {
	p.t.Helper()
	return p.browser().do(http.MethodPost, "/backchannel-logout", url.Values{"logout_token": {token}})
}

// backChannelLogout signs out and sends the provider's logout token. A valid one ends
// all sessions of the provider's session. An invalid one gets status 400 and ends none.
func backChannelLogout(wrong func(*fakeidp.TokenDraft)) func(*party) {
	return func(p *party) {
		p.signsIn()
		p.sendsLogoutToken(p.logoutToken(wrong), wrong == nil)
	}
}

func (p *party) sendsLogoutToken(token string, good bool) {
	p.t.Helper()
	other := p.elsewhere()
	to := p.signsOut()
	require.True(p.t, other.signedIn())
	r := p.backChannel(token)
	assert.Equal(p.t, "no-store", r.Header.Get("Cache-Control"))
	if good {
		assert.Equal(p.t, http.StatusOK, r.StatusCode, r.body)
	} else {
		assert.Equal(p.t, http.StatusBadRequest, r.StatusCode)
		assert.Contains(p.t, r.body, `"error":"invalid_request"`)
	}
	assert.Equal(p.t, !good, other.signedIn())
	_, back := p.atProvider(to)
	p.comesBack(back)
}

// wrongAlgorithm: the token is signed with an algorithm that the provider offers and
// that the application is not registered for. An application that is not told its
// algorithm accepts the token.
func wrongAlgorithm(p *party) {
	byElliptic := func(p *party) string {
		return p.logoutToken(func(d *fakeidp.TokenDraft) {
			claims := d.Claims
			d.Raw = func(string) string { return signES256(p.t, "logout+jwt", claims) }
		})
	}
	p.signsIn()
	p.sendsLogoutToken(byElliptic(p), false)

	untold := newParty(p.t, nil)
	untold.signsIn()
	untold.sendsLogoutToken(byElliptic(untold), true)
}
