package session_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/session"
	"webapp/internal/adapters/session/memory"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// FuzzValidCookies changes the Cookie header of a browser that has a session and a
// pending sign-in. A whole token or a whole sealed value must work under its own name
// only. In the input, TOKEN is the session token and REF the reference; NAME and
// SEALED are the cookie of the pending sign-in.
func FuzzValidCookies(f *testing.F) {
	now := func() time.Time { return start } // stands still, however long this runs
	store := memory.New(now)
	f.Cleanup(func() { _ = store.Close() })
	m, err := session.New(session.Config{Store: store, Keys: oneKey, Lifetime: time.Hour, Clock: now})
	require.NoError(f, err)
	do := func(cookies string, serve func(ctx context.Context)) map[string]string {
		r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		r.Header.Set("Cookie", cookies)
		m.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { serve(r.Context()) })).ServeHTTP(w, r)
		set := map[string]string{}
		for _, c := range w.Result().Cookies() {
			set[c.Name] = c.Value
		}
		return set
	}
	const name = "webapp_session"
	set := do("", func(ctx context.Context) {
		require.NoError(f, failure(m.Start(ctx, portstest.SampleNew(start), false)))
	})
	token, ref := set[name], set[name+"_ref"]
	require.Len(f, token, 43)
	serial := 0
	// keep starts another sign-in.
	keep := func(t testing.TB) (state, cookie, sealed string) {
		serial++
		state = fmt.Sprint("state-", serial)
		p := portstest.SamplePending(state, start)
		for cookie, sealed = range do("", func(ctx context.Context) { require.NoError(t, m.Keep(ctx, p)) }) {
		}
		return state, cookie, sealed
	}
	state, cookie, sealed := keep(f)
	f.Add("webapp_session=TOKEN; NAME=SEALED", uint16(0), byte(0))
	f.Add("NAME=x; NAME=SEALED; webapp_session=x; webapp_session=TOKEN", uint16(30), byte(1))
	f.Add("webapp_session_ref=REF; webapp_session=REF", uint16(7), byte(0x20))
	f.Add("webapp_session=\"TOKEN\"; NAME=\"SEALED\"", uint16(60), byte(0x80))
	f.Add("webapp_session=TOKENTOKEN; webapp_signin_=SEALED; Webapp_session=TOKEN", uint16(100), byte(4))
	f.Add("webapp_session=TOKEN; webapp_session =TOKEN", uint16(0), byte(0))
	f.Add("NAME=TOKEN; webapp_session=SEALED; __Host-webapp_session=TOKEN; webapp_session =TOKEN", uint16(50), byte(2))
	f.Fuzz(func(t *testing.T, header string, at uint16, flip byte) {
		header = strings.NewReplacer("TOKEN", token, "SEALED", sealed, "NAME", cookie, "REF", ref).Replace(header)
		if changed := []byte(header); len(changed) > 0 {
			changed[int(at)%len(changed)] ^= flip
			header = string(changed)
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", header)
		named, opens := r.CookiesNamed(name), false
		alone := len(named) == 1 && named[0].Value == token
		for _, c := range r.CookiesNamed(cookie) {
			opens = opens || sameSeal(c.Value, sealed)
		}
		before := store.Len()
		do(header, func(ctx context.Context) {
			got, err := m.Current(ctx)
			if err != nil {
				require.ErrorIs(t, err, ports.ErrNoSession)
				require.False(t, alone, "the token alone signs in")
			} else {
				require.True(t, alone, "also where it is there twice: somebody else may have set one")
				require.Equal(t, portstest.SampleSession(start).Identity, got.Identity)
			}
			_, err = m.Take(ctx, state+"x")
			require.ErrorIs(t, err, ports.ErrNoPendingSignIn, "another sign-in")
			require.Equal(t, before, store.Len(), "what is refused writes nothing")
			p, err := m.Take(ctx, state)
			if !opens {
				require.ErrorIs(t, err, ports.ErrNoPendingSignIn)
				require.Equal(t, before, store.Len())
				return
			}
			require.NoError(t, err)
			require.Equal(t, state, p.State)
		})
		if opens {
			do(header, func(ctx context.Context) {
				_, err := m.Take(ctx, state)
				require.ErrorIs(t, err, ports.ErrPendingSpent)
			})
			state, cookie, sealed = keep(t)
		}
	})
}

// sameSeal compares sealed bytes: the last character of base64 has bits to spare.
func sameSeal(one, other string) bool {
	x, err := base64.RawURLEncoding.DecodeString(one)
	y, _ := base64.RawURLEncoding.DecodeString(other)
	return err == nil && string(x) == string(y)
}
