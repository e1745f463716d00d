//go:build integration && linux

package cluster

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// The tests of this file share one cluster for each store. Each test has its own
// browsers.
func TestInstancesShareSessions(t *testing.T) {
	inEachStore(t, stores(), func(t *testing.T, s store) {
		c := newCluster(t, s, 3, nil)
		for _, one := range []struct {
			name string
			test func(*testing.T, *cluster)
		}{
			{"each step on another instance", eachStepElsewhere},
			{"a state is spent everywhere", stateSpentEverywhere},
			{"a state is spent once by three at a time", stateSpentOnceAtATime},
			{"one refresh under contention", oneRefresh},
			{"front-channel logout", frontChannelLogout},
			{"back-channel logout", backChannelLogout},
			{"the list of sessions", sessionsPage},
			{"a refresh that ends after the sign-out", lateRefresh},
			{"a browser that leaves during a refresh", leftRefresh},
		} {
			t.Run(one.name, func(t *testing.T) { one.test(t, c.on(t)) })
		}
	})
}

// The balancer sends /login, the callback and the page to three different instances.
func eachStepElsewhere(t *testing.T, c *cluster) {
	b := c.browser()
	begun := b.get(anyInstance, "/login?return_to=/call_api%3Fx%3D1")
	require.Equal(t, http.StatusSeeOther, begun.StatusCode)
	answer, err := c.idp.Authorize(begun.Header.Get("Location"), fakeidp.UserMember)
	require.NoError(t, err)
	back := b.get(anyInstance, answer.URL())
	require.Equal(t, http.StatusSeeOther, back.StatusCode, back.body)
	assert.Equal(t, "/call_api?x=1", back.Header.Get("Location"))
	page := b.get(anyInstance, back.Header.Get("Location"))
	require.Equal(t, http.StatusOK, page.StatusCode)
	assert.Contains(t, page.body, "Adele Vance", "the API's answer")
	assert.ElementsMatch(t, []int{0, 1, 2}, []int{begun.instance(), back.instance(), page.instance()})

	b.everywhere(true, "after the sign-in")
	require.Equal(t, http.StatusSeeOther, b.copy().post(0, "/logout", nil).StatusCode)
	b.everywhere(false, "after the sign-out")
}

func stateSpentEverywhere(t *testing.T, c *cluster) {
	b := c.browser()
	callback := b.begin(0, fakeidp.UserMember)
	before := b.copy()
	require.Equal(t, http.StatusSeeOther, b.get(1, callback).StatusCode)
	codes := c.idp.Requests(fakeidp.EndpointToken)
	for instance := range c.instances {
		r := before.copy().get(instance, callback)
		assert.Equal(t, http.StatusBadRequest, r.StatusCode, "instance %d", instance)
	}
	assert.Equal(t, http.StatusSeeOther, b.get(2, callback).StatusCode, "who is signed in goes on quietly")
	assert.Equal(t, codes, c.idp.Requests(fakeidp.EndpointToken), "the code is not posted again")
	before.everywhere(false, "with the cookies of before")
}

// One browser sends its callback to all instances at once, while the provider
// redeems the code. One request starts the session and the others go on without
// one. Another browser is refused.
func stateSpentOnceAtATime(t *testing.T, c *cluster) {
	b, stranger := c.browser(), c.browser()
	callback := b.begin(0, fakeidp.UserGuest)
	stranger.begin(0, fakeidp.UserGuest)
	codes := c.idp.Requests(fakeidp.EndpointToken)
	c.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Delay: 2 * time.Second})
	defer c.idp.Heal()
	var copies []*browser
	var all sync.WaitGroup
	send := func(b *browser, instance, status int) {
		all.Go(func() {
			r, err := b.try(instance, http.MethodGet, callback, nil)
			if assert.NoError(t, err) {
				assert.Equal(t, status, r.StatusCode, "instance %d", instance)
			}
		})
	}
	for instance := range c.instances {
		copies = append(copies, b.copy())
		send(copies[instance], instance, http.StatusSeeOther)
		send(stranger.copy(), instance, http.StatusBadRequest)
	}
	all.Wait()
	assert.Equal(t, codes+1, c.idp.Requests(fakeidp.EndpointToken), "the code is posted once")
	signedIn := slices.DeleteFunc(copies, func(b *browser) bool { return !b.get(anyInstance, "/").greets() })
	require.Len(t, signedIn, 1)
	page := signedIn[0].get(anyInstance, "/sessions")
	require.Equal(t, http.StatusOK, page.StatusCode)
	assert.Empty(t, endValue.FindAllString(page.body, -1), "the person has no other session")
}

// Thirty requests of one session call the API at once on three instances, shortly
// before the token expires. Some use the old token and some wait. The provider gets
// one refresh.
func oneRefresh(t *testing.T, c *cluster) {
	c.tokenLife.Store(1)
	b := c.signedIn(anyInstance, fakeidp.UserMember)
	c.tokenLife.Store(0)
	before := c.refreshes()
	c.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Match: isRefresh, Delay: 1200 * time.Millisecond})
	defer c.idp.Heal()
	var all sync.WaitGroup
	for n := range 30 {
		all.Go(func() {
			r, err := b.try(n%3, http.MethodGet, "/call_api", nil)
			if assert.NoError(t, err) && assert.Equal(t, http.StatusOK, r.StatusCode, r.body) {
				assert.Contains(t, r.body, "Adele Vance")
			}
		})
	}
	all.Wait()
	assert.Equal(t, before+1, c.refreshes())
	b.everywhere(true, "after the refresh")
}

func frontChannelLogout(t *testing.T, c *cluster) {
	b, other := c.signedIn(0, fakeidp.UserAdmin), c.signedIn(1, fakeidp.UserMember)
	sid := b.claim("sid")
	frame := c.browser() // without the person's cookies
	r := frame.get(2, "/frontchannel-logout?"+url.Values{"sid": {sid}, "iss": {c.issuer()}}.Encode())
	require.Equal(t, http.StatusOK, r.StatusCode)
	b.everywhere(false, "after the front-channel logout")
	other.everywhere(true, "another session")
}

func backChannelLogout(t *testing.T, c *cluster) {
	first, second := c.signedIn(0, fakeidp.UserMember), c.signedIn(1, fakeidp.UserMember)
	token := func(id string, claims map[string]any) url.Values {
		now := time.Now()
		all := map[string]any{
			"iss": c.issuer(), "aud": fakeidp.DefaultClientID, "jti": id, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
			"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
		}
		for name, value := range claims {
			all[name] = value
		}
		signed, err := c.idp.Sign(fakeidp.TokenDraft{Header: map[string]any{"typ": "logout+jwt"}, Claims: all})
		require.NoError(t, err)
		return url.Values{"logout_token": {signed}}
	}
	one := token(t.Name()+"1", map[string]any{"sid": first.claim("sid")})
	all := token(t.Name()+"2", map[string]any{"sub": first.claim("sub")})
	provider := c.browser()
	require.Equal(t, http.StatusOK, provider.post(2, "/backchannel-logout", one).StatusCode)
	first.everywhere(false, "after the logout of its session")
	second.everywhere(true, "another session")
	assert.Equal(t, http.StatusBadRequest, provider.post(1, "/backchannel-logout", one).StatusCode, "jti is spent everywhere")
	require.Equal(t, http.StatusOK, provider.post(0, "/backchannel-logout", all).StatusCode)
	second.everywhere(false, "after the logout of the person")
}

var endValue = regexp.MustCompile(`name="end" value="([^"]+)"`)

func sessionsPage(t *testing.T, c *cluster) {
	var begun []*browser
	for instance := range c.instances {
		begun = append(begun, c.signedIn(instance, fakeidp.UserManyGroups))
	}
	for instance := range c.instances {
		page := begun[0].get(instance, "/sessions")
		require.Equal(t, http.StatusOK, page.StatusCode)
		require.Len(t, endValue.FindAllString(page.body, -1), 3, "two other sessions, and all others")
	}
	id := endValue.FindStringSubmatch(begun[0].get(1, "/sessions").body)[1]
	require.Equal(t, http.StatusSeeOther, begun[0].post(2, "/sessions", url.Values{"end": {id}}).StatusCode)
	alive := 0
	for _, b := range begun[1:] {
		signedIn := b.get(anyInstance, "/").greets()
		b.everywhere(signedIn, "after one was ended")
		if signedIn {
			alive++
		}
	}
	assert.Equal(t, 1, alive)
	require.Equal(t, http.StatusSeeOther, begun[0].post(1, "/sessions", url.Values{"end": {"others"}}).StatusCode)
	begun[0].everywhere(true, "its own")
	begun[1].everywhere(false, "after all others were ended")
	begun[2].everywhere(false, "after all others were ended")
}

// A refresh is in flight on one instance while the person signs out on another.
func lateRefresh(t *testing.T, c *cluster) {
	c.tokenLife.Store(1)
	b := c.signedIn(0, fakeidp.UserMember)
	c.tokenLife.Store(0)
	thief := b.copy()
	arrived := c.holdRefreshes(1)
	defer c.idp.Heal()
	late := make(chan reply, 1)
	go func() {
		r, err := thief.try(1, http.MethodGet, "/call_api", nil)
		if assert.NoError(t, err) {
			late <- r
		}
	}()
	await(t, arrived, "the refresh at the provider")
	require.Equal(t, http.StatusSeeOther, b.post(2, "/logout", nil).StatusCode)
	c.idp.Heal()
	assert.Equal(t, http.StatusUnauthorized, await(t, late, "the late answer").StatusCode)
	thief.everywhere(false, "after the sign-out")
	for instance := range c.instances {
		assert.Equal(t, http.StatusUnauthorized, thief.get(instance, "/call_api").StatusCode)
	}
}

// A browser disconnects or reloads while its token is refreshed. The provider has
// spent the old refresh token, so its response must be stored.
func leftRefresh(t *testing.T, c *cluster) {
	c.tokenLife.Store(1)
	b := c.signedIn(0, fakeidp.UserMember)
	c.awaitEndOfToken()
	c.tokenLife.Store(0)
	before := c.refreshes()
	ctx, leave := context.WithCancel(t.Context())
	c.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{
		Match: isRefresh, Times: 1, After: true, Delay: time.Second, Met: leave,
	})
	_, err := b.tryUntil(ctx, 1, http.MethodGet, "/call_api", nil)
	require.ErrorIs(t, err, context.Canceled)
	r := b.get(2, "/call_api")
	assert.Equal(t, http.StatusOK, r.StatusCode, "the person must not be sent to the provider: %s", r.Header.Get("Location"))
	assert.Equal(t, before+1, c.refreshes())
}
