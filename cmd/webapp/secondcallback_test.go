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

// A double click: the browser sends the callback, gives that request up, and
// sends it again while the code is being redeemed. What it shows is the response
// to the second request.
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

// abandoned sends a callback that the browser may give up.
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
