package main

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

const (
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	iphone  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)

// signInWith signs in with a browser that has this User-Agent.
func (b *browser) signInWith(agent, username string) {
	b.w.t.Helper()
	answer := b.approve(b.begin("/login"), username)
	require.Equal(b.w.t, http.StatusSeeOther, b.get(answer.URL(), "User-Agent", agent).StatusCode)
}

var endValue = regexp.MustCompile(`name="end" value="([^"]+)"`)

func TestSessionsPageListsAndEnds(t *testing.T) {
	w := newWorld(t, nil)
	laptop, phone, other := w.browser(), w.browser(), w.browser()
	phone.signInWith(iphone, fakeidp.UserMember)
	laptop.signInWith(firefox, fakeidp.UserMember)
	other.signInWith(firefox, fakeidp.UserAdmin)
	assert.Equal(t, http.StatusUnauthorized, w.browser().get("/sessions").StatusCode)

	page := laptop.get("/sessions")
	require.Equal(t, http.StatusOK, page.StatusCode)
	assert.Contains(t, page.body, "Firefox, Linux")
	assert.Contains(t, page.body, "iOS")
	assert.Contains(t, page.body, "This browser")
	ids := endValue.FindAllStringSubmatch(page.body, -1)
	require.Len(t, ids, 2, "one other session, and all others")

	stranger := other.do(http.MethodPost, "/sessions", url.Values{"end": {ids[0][1]}})
	assert.Equal(t, http.StatusSeeOther, stranger.StatusCode)
	assert.True(t, phone.signedIn(), "somebody else's list ends nothing of mine")
	forged := laptop.do(http.MethodPost, "/sessions", url.Values{"end": {"others"}}, "Sec-Fetch-Site", "cross-site")
	assert.Equal(t, http.StatusForbidden, forged.StatusCode)
	assert.True(t, phone.signedIn())

	require.Equal(t, http.StatusSeeOther, laptop.do(http.MethodPost, "/sessions", url.Values{"end": {ids[0][1]}}).StatusCode)
	assert.False(t, phone.signedIn())
	assert.True(t, laptop.signedIn())

	phone.signInWith(iphone, fakeidp.UserMember)
	require.Equal(t, http.StatusSeeOther, laptop.do(http.MethodPost, "/sessions", url.Values{"end": {"others"}}).StatusCode)
	assert.False(t, phone.signedIn())
	assert.True(t, laptop.signedIn())
	assert.True(t, other.signedIn())
	assert.Equal(t, http.StatusBadRequest, laptop.do(http.MethodPost, "/sessions", url.Values{}).StatusCode)
}

func TestFrontChannelLogoutEndsTheSession(t *testing.T) {
	w := newWorld(t, nil)
	client := fakeidp.DefaultClient()
	client.FrontChannelLogoutURI = w.url + "/frontchannel-logout"
	w.idp.AddClient(client)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	urls := w.idp.SignOut(fakeidp.UserMember)
	require.Len(t, urls, 1)
	provider := w.browser() // a frame without the person's cookies

	wrong, err := url.Parse(urls[0])
	require.NoError(t, err)
	q := wrong.Query()
	q.Set("iss", "https://evil.example")
	wrong.RawQuery = q.Encode()
	assert.Equal(t, http.StatusOK, provider.get(wrong.String()).StatusCode)
	assert.True(t, b.signedIn(), "a wrong issuer ends nothing")
	for _, nonsense := range []string{"", "?sid=", "?sid=a&sid=b", "?iss=%zz", "?sid=unknown"} {
		assert.Equal(t, http.StatusOK, provider.get("/frontchannel-logout"+nonsense).StatusCode)
	}
	assert.True(t, b.signedIn())

	r := provider.get(urls[0])
	assert.Equal(t, http.StatusOK, r.StatusCode)
	assert.Equal(t, "no-store", r.Header.Get("Cache-Control"))
	assert.NotContains(t, r.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
	assert.Empty(t, r.Header.Get("X-Frame-Options"))
	assert.Empty(t, r.Header.Values("Set-Cookie"))
	assert.False(t, b.signedIn())
	b.mustSignIn(fakeidp.UserMember)
}

func TestBackChannelLogoutEndsTheSession(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	sid, sub := claimOn(t, b, "sid"), claimOn(t, b, "sub")
	token := func(id string, change func(map[string]any)) string {
		claims := map[string]any{
			"iss": w.idp.Issuer(fakeidp.ContosoTenantID), "aud": fakeidp.DefaultClientID, "jti": id,
			"iat": w.clock.Now().Unix(), "exp": w.clock.Now().Add(2 * time.Minute).Unix(),
			"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
			"sid":    sid, "sub": sub,
		}
		change(claims)
		signed, err := w.idp.Sign(fakeidp.TokenDraft{Header: map[string]any{"typ": "logout+jwt"}, Claims: claims})
		require.NoError(t, err)
		return signed
	}
	server := w.browser()
	send := func(token string) reply {
		return server.do(http.MethodPost, "/backchannel-logout", url.Values{"logout_token": {token}})
	}
	for name, change := range map[string]func(map[string]any){
		"wrong issuer": func(c map[string]any) { c["iss"] = "https://evil.example" },
		"other client": func(c map[string]any) { c["aud"] = "somebody" },
		"no jti":       func(c map[string]any) { delete(c, "jti") },
		"with a nonce": func(c map[string]any) { c["nonce"] = "x" },
		"no event":     func(c map[string]any) { delete(c, "events") },
		"too old":      func(c map[string]any) { c["iat"] = w.clock.Now().Add(-25 * time.Hour).Unix() },
		"nobody named": func(c map[string]any) { delete(c, "sid"); delete(c, "sub") },
	} {
		r := send(token("bad "+name, change))
		assert.Equal(t, http.StatusBadRequest, r.StatusCode, name)
		assert.Contains(t, r.body, `"error"`, name)
		assert.Equal(t, "no-store", r.Header.Get("Cache-Control"))
	}
	assert.Equal(t, http.StatusBadRequest, send("").StatusCode)
	assert.Equal(t, http.StatusMethodNotAllowed, server.get("/backchannel-logout").StatusCode)
	require.True(t, b.signedIn())

	good := token("one", func(map[string]any) {})
	assert.Equal(t, http.StatusOK, send(good).StatusCode)
	assert.False(t, b.signedIn())
	assert.Equal(t, http.StatusBadRequest, send(good).StatusCode, "jti is single-use")
	assert.Equal(t, http.StatusOK, send(token("two", func(map[string]any) {})).StatusCode, "no session is no error")

	b.mustSignIn(fakeidp.UserMember)
	elsewhere := w.browser()
	elsewhere.mustSignIn(fakeidp.UserMember)
	assert.Equal(t, http.StatusOK, send(token("three", func(c map[string]any) { delete(c, "sid") })).StatusCode)
	assert.False(t, b.signedIn())
	assert.False(t, elsewhere.signedIn(), "sub alone ends all sessions of that user")
}

var claimRow = regexp.MustCompile(`<th scope="row">(\w+)</th><td><bdi>([^<]*)</bdi>`)

// claimOn returns a claim from the person's home page.
func claimOn(t *testing.T, b *browser, name string) string {
	t.Helper()
	for _, row := range claimRow.FindAllStringSubmatch(b.get("/").body, -1) {
		if row[1] == name {
			return row[2]
		}
	}
	require.Fail(t, "no claim "+name)
	return ""
}

func TestPageForARole(t *testing.T) {
	w := newWorld(t, nil)
	anonymous := w.browser()
	assert.Equal(t, http.StatusUnauthorized, anonymous.get("/admin").StatusCode)
	member := w.browser()
	member.mustSignIn(fakeidp.UserMember)
	refused := member.get("/admin")
	assert.Equal(t, http.StatusForbidden, refused.StatusCode)
	assert.Contains(t, refused.body, "Admin")
	assert.Equal(t, "application/problem+json", member.get("/admin", "Accept", "application/json").Header.Get("Content-Type"))
	admin := w.browser()
	admin.mustSignIn(fakeidp.UserAdmin)
	assert.Equal(t, http.StatusOK, admin.get("/admin").StatusCode)
}

// A signed-in person who declines a further permission stays signed in, and the error
// page has the navigation.
func TestDecliningAPermissionSignsNobodyOut(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	answer, err := w.idp.Decline(b.begin("/login?return_to=/call_api"))
	require.NoError(t, err)
	declined := b.callback(answer)
	assert.Equal(t, http.StatusForbidden, declined.StatusCode)
	assert.Contains(t, declined.body, "Adele Vance")
	assert.True(t, b.signedIn())

	stranger := w.browser()
	answer, err = w.idp.Decline(stranger.begin("/login"))
	require.NoError(t, err)
	assert.NotContains(t, stranger.callback(answer).body, "Sign out")
}

// Continuous access evaluation: if the API sends a claims challenge, the person signs
// in again and returns to the same page.
func TestClaimsChallengeOfTheAPI(t *testing.T) {
	const claims = `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`
	w := newWorld(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	w.idp.DemandClaims(claims)
	challenged := b.get("/call_api?x=1")
	require.Equal(t, http.StatusSeeOther, challenged.StatusCode, challenged.body)
	location := challenged.Header.Get("Location")
	u, err := url.Parse(location)
	require.NoError(t, err)
	assert.Contains(t, u.Query().Get("claims"), `"acrs"`)
	assert.NotEmpty(t, u.Query().Get("login_hint"))
	back := b.callback(b.approve(location, fakeidp.UserMember))
	assert.Equal(t, "/call_api?x=1", back.Header.Get("Location"))
}

// An API that asks for a sign-in every time does not cause an endless loop.
func TestLoopGuard(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	w.idp.DemandClaims(`{"access_token":{"acrs":{"value":"never granted"}}}`)
	w.idp.Mutate(nil)
	rounds := 0
	for ; rounds < 5; rounds++ {
		r := b.get("/call_api")
		if r.StatusCode != http.StatusSeeOther {
			assert.Equal(t, http.StatusForbidden, r.StatusCode)
			assert.Contains(t, r.body, "did not help")
			break
		}
		location, err := url.Parse(r.Header.Get("Location"))
		require.NoError(t, err)
		q := location.Query()
		q.Del("claims") // a provider that does not do what it is asked for
		location.RawQuery = q.Encode()
		require.Equal(t, http.StatusSeeOther, b.callback(b.approve(location.String(), fakeidp.UserMember)).StatusCode)
	}
	assert.Equal(t, 2, rounds, "no third round for the same page")
	assert.True(t, b.signedIn())
}
