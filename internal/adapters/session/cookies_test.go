package session_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/session"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

func (b *browser) start(t *testing.T) {
	t.Helper()
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, failure(b.w.manager.Start(ctx, portstest.SampleNew(b.w.clock.Now()), false)))
	})
}

func (b *browser) keepPending(t *testing.T, state string) {
	t.Helper()
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, b.w.manager.Keep(ctx, portstest.SamplePending(state, b.w.clock.Now())))
	})
}

func (b *browser) current(t *testing.T) (s ports.Session, err error) {
	t.Helper()
	b.Do(t.Context(), func(ctx context.Context) { s, err = b.w.manager.Current(ctx) })
	return s, err
}

func TestCookieAttributes(t *testing.T) {
	for name, c := range map[string]struct {
		change     func(*session.Config)
		prefix     string
		secure     bool
		pendingTo  http.SameSite
		sessionNum int
	}{
		"http":      {func(*session.Config) {}, "webapp_", false, http.SameSiteLaxMode, 1},
		"https":     {secure, "__Host-webapp_", true, http.SameSiteLaxMode, 1},
		"form_post": {formPost, "__Host-webapp_", true, http.SameSiteNoneMode, 2},
	} {
		t.Run(name, func(t *testing.T) {
			b := newWorld(t, c.change).newBrowser()
			b.keepPending(t, "state")
			require.Len(t, b.cookies, 1)
			pending := b.named(c.prefix + "signin_")
			assert.Equal(t, 15*60, pending.MaxAge)
			assert.Equal(t, c.pendingTo, pending.SameSite)
			b.start(t)
			require.Len(t, b.last.Cookies(), c.sessionNum)
			token := b.named(c.prefix + "session")
			assert.Equal(t, http.SameSiteLaxMode, token.SameSite)
			assert.Zero(t, token.MaxAge, "it ends with the browser")
			assert.Len(t, token.Value, 43)
			assert.Equal(t, "no-store", b.last.Header.Get("Cache-Control"))
			for _, cookie := range b.cookies {
				assert.True(t, cookie.HttpOnly, cookie.Name)
				assert.Equal(t, "/", cookie.Path, cookie.Name)
				assert.Equal(t, c.secure, cookie.Secure, cookie.Name)
				assert.Empty(t, cookie.Domain, cookie.Name)
			}
			b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(b.w.manager.End(ctx, false))) })
			for _, gone := range b.last.Cookies() {
				assert.Negative(t, gone.MaxAge)
				assert.Equal(t, c.secure, gone.Secure, "a browser ignores a deletion without the attributes")
			}
			require.Len(t, b.cookies, 1, "the pending sign-in stays")
		})
	}
}

func TestSessionCookieIsAlwaysSmallAndNew(t *testing.T) {
	b := newWorld(t).newBrowser()
	s := portstest.SampleSession(start)
	s.Identity.Name = strings.Repeat("long", 5000)
	seen := map[string]bool{}
	for range 3 {
		b.Do(t.Context(), func(ctx context.Context) {
			require.NoError(t, failure(b.w.manager.Start(ctx, ports.NewSession{Session: s}, false)))
		})
		require.Less(t, b.size(), 100)
		require.False(t, seen[b.cookies[0].Value])
		seen[b.cookies[0].Value] = true
	}
}

func TestATokenFromElsewhereIsNeverAdopted(t *testing.T) {
	w := newWorld(t)
	victim, attacker := w.newBrowser(), w.newBrowser()
	attacker.start(t)
	planted := attacker.named("webapp_session")
	invented := *planted
	invented.Value = strings.Repeat("A", 43)
	for _, cookie := range []*http.Cookie{planted, &invented} {
		victim.put(cookie)
		victim.start(t)
		require.NotEqual(t, cookie.Value, victim.named("webapp_session").Value)
		victim.put(cookie)
		_, err := victim.current(t)
		require.ErrorIs(t, err, ports.ErrNoSession)
	}
}

func TestTwoSessionCookiesAreNone(t *testing.T) {
	w := newWorld(t)
	one, two := w.newBrowser(), w.newBrowser()
	one.start(t)
	two.start(t)
	both := one.copy()
	both.cookies = append(both.cookies, two.cookies...)
	_, err := both.current(t)
	require.ErrorIs(t, err, ports.ErrNoSession)
	both.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(w.manager.End(ctx, false))) })
	for _, b := range []*browser{one, two} {
		_, err := b.current(t)
		require.ErrorIs(t, err, ports.ErrNoSession, "signing out ends every session that was presented")
	}
}

func TestMalformedTokensCostNoStoreRead(t *testing.T) {
	w := newWorld(t)
	for _, value := range []string{"x", strings.Repeat("A", 42), strings.Repeat("A", 44), strings.Repeat("A", 42) + "=", strings.Repeat("A", 42) + "!", strings.Repeat("A", 5000)} {
		b := w.newBrowser()
		b.put(&http.Cookie{Name: "webapp_session", Value: value})
		_, err := b.current(t)
		require.ErrorIs(t, err, ports.ErrNoSession)
		require.Empty(t, b.last.Cookies(), "a page does not touch the cookie")
		b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(w.manager.End(ctx, false))) })
		require.Empty(t, b.cookies, "signing out clears it")
	}
	require.Empty(t, w.store.Calls())
}

func TestSixtyStartsLeaveABoundedCookieHeader(t *testing.T) {
	for name, grow := range map[string]int{"ordinary": 0, "long return paths": 900} {
		t.Run(name, func(t *testing.T) {
			b := newWorld(t, formPost).newBrowser()
			for i := range 60 {
				p := portstest.SamplePending(fmt.Sprintf("%043d", i), b.w.clock.Now())
				p.Secret = strings.Repeat("s", 130)
				p.ReturnTo = "/" + strings.Repeat("r", 30+grow)
				b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, b.w.manager.Keep(ctx, p)) })
				b.w.clock.Advance(100 * time.Millisecond)
				require.LessOrEqual(t, b.size(), 8<<10)
				require.LessOrEqual(t, len(b.cookies), 8)
			}
			require.GreaterOrEqual(t, len(b.cookies), 5)
			if grow == 0 {
				require.Len(t, b.cookies, 8)
			}
		})
	}
}

// A response deletes a bounded number of cookies, however many a request has.
func TestAResponseDeletesABoundedNumberOfCookies(t *testing.T) {
	b := newWorld(t).newBrowser()
	for i := range 150 {
		b.put(&http.Cookie{Name: fmt.Sprint("webapp_signin_planted", i), Value: "AAAA"})
	}
	for len(b.cookies) > 8 {
		before := len(b.cookies)
		b.keepPending(t, fmt.Sprint("state", before))
		require.LessOrEqual(t, len(b.last.Header["Set-Cookie"]), 21)
		require.Less(t, len(b.cookies), before, "each sign-in deletes some")
	}
}

func TestAPendingSignInThatFitsNoCookieIsAnError(t *testing.T) {
	b := newWorld(t).newBrowser()
	p := portstest.SamplePending("state", start)
	p.ReturnTo = "/" + strings.Repeat("r", 4000)
	b.Do(t.Context(), func(ctx context.Context) { require.Error(t, b.w.manager.Keep(ctx, p)) })
	require.Empty(t, b.cookies)
}

func TestPlantedCookiesDoNotPushOutRealOnes(t *testing.T) {
	b := newWorld(t).newBrowser()
	b.keepPending(t, "first")
	for i := range 8 {
		b.put(&http.Cookie{Name: fmt.Sprint("webapp_signin_planted", i), Value: "AAAA"})
	}
	b.w.clock.Advance(time.Second)
	b.keepPending(t, "second")
	for _, state := range []string{"first", "second"} {
		b.Do(t.Context(), func(ctx context.Context) {
			_, err := b.w.manager.Take(ctx, state)
			require.NoError(t, err)
		})
	}
}

func TestOneCookieOfANameInAResponse(t *testing.T) {
	b := newWorld(t).newBrowser()
	b.Do(t.Context(), func(ctx context.Context) {
		for range 3 {
			require.NoError(t, failure(b.w.manager.Start(ctx, ports.NewSession{Session: portstest.SampleSession(start)}, false)))
		}
	})
	require.Len(t, b.last.Header["Set-Cookie"], 1)
	_, err := b.current(t)
	require.NoError(t, err)
	require.Equal(t, 1, b.w.memory.Len(), "and one session")
}

func TestResponsesSayWhatTheyDependOn(t *testing.T) {
	b := newWorld(t).newBrowser()
	b.Do(t.Context(), func(context.Context) {})
	require.Empty(t, b.last.Header["Vary"])
	require.Empty(t, b.last.Header["Cache-Control"])
	_, _ = b.current(t)
	require.Equal(t, []string{"Cookie"}, b.last.Header["Vary"])
}
