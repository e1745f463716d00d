package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// strictBrowser sends only cookies with SameSite=None with a cross-site POST, as a real
// browser does.
type strictBrowser struct {
	w       *world
	client  *http.Client
	cookies map[string]*http.Cookie
}

func (w *world) strictBrowser() *strictBrowser {
	b := w.browser()
	b.client.Jar = nil
	return &strictBrowser{w, b.client, map[string]*http.Cookie{}}
}

func (b *strictBrowser) send(method, target string, form url.Values, crossSite bool) *http.Response {
	b.w.t.Helper()
	req, err := http.NewRequest(method, target, strings.NewReader(form.Encode()))
	require.NoError(b.w.t, err)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", plainForm)
		req.Header.Set("Origin", b.w.idp.BaseURL())
		req.Header.Set("Sec-Fetch-Site", "cross-site")
	}
	for _, c := range b.cookies {
		if !crossSite || c.SameSite == http.SameSiteNoneMode {
			req.AddCookie(c)
		}
	}
	res, err := b.client.Do(req)
	require.NoError(b.w.t, err)
	require.NoError(b.w.t, res.Body.Close())
	for _, c := range res.Cookies() {
		if b.cookies[c.Name] = c; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return res
}

// begin starts a sign-in and returns the form that the provider has the browser post.
func (b *strictBrowser) begin() fakeidp.AuthResponse {
	b.w.t.Helper()
	res := b.send(http.MethodGet, b.w.url+"/login", nil, false)
	require.Equal(b.w.t, http.StatusSeeOther, res.StatusCode)
	answer, err := b.w.idp.Authorize(res.Header.Get("Location"), fakeidp.UserMember)
	require.NoError(b.w.t, err)
	return answer
}

func (b *strictBrowser) callback(answer fakeidp.AuthResponse) *http.Response {
	b.w.t.Helper()
	return b.send(http.MethodPost, answer.RedirectURI, answer.Values, true)
}

// With form_post a late or repeated callback has no session cookie. If the browser is
// signed in, it goes to the home page. If it is not, or the session has ended, it gets
// a page with status 400. Neither callback signs anybody in.
func TestALateFormPostCallbackOfASignedInBrowserGoesOnQuietly(t *testing.T) {
	w := newWorld(t, map[string]string{"RESPONSE_MODE": "form_post"})
	b := w.strictBrowser()
	late, answer := b.begin(), b.begin()
	stranger := w.strictBrowser()
	assert.Equal(t, http.StatusBadRequest, stranger.callback(answer).StatusCode)

	require.Equal(t, http.StatusSeeOther, b.callback(answer).StatusCode)
	cookies := len(b.cookies)
	for range 2 {
		again := b.callback(answer)
		assert.Equal(t, http.StatusSeeOther, again.StatusCode)
		assert.Equal(t, "/", again.Header.Get("Location"), "this origin, and nothing of the callback")
		assert.Empty(t, again.Cookies(), "no session is started and none is ended")
	}
	assert.Len(t, b.cookies, cookies)
	assert.Equal(t, 1, w.idp.Requests(fakeidp.EndpointToken), "the code is not posted again")
	delete(b.cookies, lateCookie(b))
	assert.Equal(t, http.StatusSeeOther, b.callback(late).StatusCode, "one whose cookie is gone goes on too")
	assert.Equal(t, 1, w.idp.Requests(fakeidp.EndpointToken))

	assert.Equal(t, http.StatusBadRequest, stranger.callback(answer).StatusCode, "a stranger with the same callback")
	w.clock.Advance(2 * time.Hour)
	assert.Equal(t, http.StatusBadRequest, b.callback(answer).StatusCode, "the session is over")
	assert.NotContains(t, w.logs.String(), late.Values.Get("state"))
}

// lateCookie returns the name of the cookie of the remaining pending sign-in.
func lateCookie(b *strictBrowser) string {
	for name := range b.cookies {
		if strings.Contains(name, "webapp_signin_") {
			return name
		}
	}
	return ""
}

// A double click: the browser sends the callback, cancels that request, and sends the
// callback again while the code is being redeemed. It shows the response to the second
// request.
func TestADoubleClickSignsInAndPostsTheCodeOnce(t *testing.T) {
	for _, mode := range []string{"query", "form_post"} {
		for _, name := range []string{"signed in", "refused"} {
			t.Run(mode+" "+name, func(t *testing.T) {
				w := newWorld(t, map[string]string{"RESPONSE_MODE": mode})
				b := w.browser()
				answer := b.approve(b.begin("/login?return_to=/sessions"), fakeidp.UserMember)
				if name == "refused" {
					answer.Values.Set("code", "junk")
				}
				w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Hang: true, Times: 1})
				ctx, giveUp := context.WithCancel(t.Context())
				first := make(chan error, 1)
				go func() { first <- b.copy().abandoned(ctx, answer) }()
				require.Eventually(t, func() bool { return w.idp.Requests(fakeidp.EndpointToken) == 1 }, 5*time.Second, time.Millisecond)
				giveUp()
				require.Error(t, <-first)

				w.store.Calls()
				second := make(chan reply, 1)
				go func() { second <- b.callback(answer) }()
				require.Eventually(t, func() bool { return len(w.store.Calls()) > 0 }, 5*time.Second, time.Millisecond, "the second has arrived")
				w.idp.Heal()
				r := <-second
				assert.Equal(t, 1, w.idp.Requests(fakeidp.EndpointToken))
				if name == "refused" {
					assert.Equal(t, http.StatusForbidden, r.StatusCode)
					assert.Contains(t, r.body, "<h1>The sign-in service refused the sign-in</h1>")
					assert.False(t, b.signedIn())
					return
				}
				require.Equal(t, http.StatusSeeOther, r.StatusCode, r.body)
				assert.Equal(t, "/sessions", r.Header.Get("Location"))
				assert.True(t, b.signedIn())
				assert.Equal(t, 1, strings.Count(b.get("/sessions").body, "This browser"), "one session")
			})
		}
	}
}

// The browser sends the callback again after the first one has ended, whose response it has
// not received: it gets the same error page, or a link that leads to the wanted page.
func TestAReloadAfterTheFirstCallbackHasEnded(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		texts  []string
	}{
		"signed in": {http.StatusBadRequest, []string{"This sign-in cannot be completed here", `href="/login?return_to=%2Fsessions"`}},
		"refused":   {http.StatusForbidden, []string{"<h1>The sign-in service refused the sign-in</h1>", `href="/login?return_to=%2Fsessions"`}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			b := w.browser()
			answer := b.approve(b.begin("/login?return_to=/sessions"), fakeidp.UserMember)
			if name == "refused" {
				answer.Values.Set("code", "junk")
			}
			_ = b.copy().callback(answer)
			r := b.callback(answer)
			assert.Equal(t, c.status, r.StatusCode)
			for _, text := range c.texts {
				assert.Contains(t, r.body, text)
			}
			assert.False(t, b.signedIn())
			assert.Equal(t, 1, w.idp.Requests(fakeidp.EndpointToken), "the code is not posted again")
		})
	}
}

// abandoned sends a callback that ctx can cancel.
func (b *browser) abandoned(ctx context.Context, answer fakeidp.AuthResponse) error {
	method, target, body := http.MethodGet, answer.URL(), ""
	if answer.FormPost {
		method, target, body = http.MethodPost, answer.RedirectURI, url.Values(answer.Values).Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		return err
	}
	if answer.FormPost {
		req.Header.Set("Content-Type", plainForm)
	}
	res, err := b.client.Do(req)
	if err == nil {
		_ = res.Body.Close()
	}
	return err
}
