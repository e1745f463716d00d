package main

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
	"webapp/internal/test/apptest"
)

// storeLimit is the longest time of a page that needs a store that never responds:
// three seconds for an operation, and some more.
const storeLimit = 9 * time.Second

// slowStore is the delay of a slow store, well within the three seconds.
const slowStore = 500 * time.Millisecond

// errCut is an error that no port defines.
var errCut = errors.New("read tcp 127.0.0.1:6379: connection reset by peer")

// Invariant 11: the whole store fails, in each way.
func TestFaultsOfTheStore(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(w *world){
		"down":              func(w *world) { w.store.SetDown(true) },
		"down at the start": func(w *world) { w.store.SetDown(true); w.restart() },
		"silent":            func(w *world) { w.store.SetHanging(true) },
		"connections cut":   func(w *world) { w.store.SetFault(func(portstest.StoreCall) error { return errCut }) },
		"answers lost":      func(w *world) { w.store.SetLostResponse(func(portstest.StoreCall) error { return errCut }) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each waits
			w := newWorld(t, map[string]string{"SESSION_KEY": someKey})
			b, atProvider := w.browser(), w.browser()
			b.mustSignIn(fakeidp.UserAdmin)
			back := toCallback(atProvider)
			codes := w.idp.Requests(fakeidp.EndpointToken)
			cookies := b.cookies()
			set(w)
			w.checkStoreOutage(b, atProvider, back)
			assert.Equal(t, codes, w.idp.Requests(fakeidp.EndpointToken), "a code is not spent in vain")
			w.store.SetFault(nil)
			w.store.SetLostResponse(nil)
			assert.Equal(t, cookies, b.cookies(), "no cookie is taken away")
			assert.Equal(t, http.StatusOK, b.get("/readyz").StatusCode)
			assert.True(t, b.signedIn())
			if name == "answers lost" { // the mark that spends the state took effect
				assert.Contains(t, back().body, `href="/login?return_to=%2Fcall_api"`)
				atProvider.mustSignIn(fakeidp.UserMember)
				return
			}
			assert.Equal(t, "/call_api", back().Header.Get("Location"), "the same callback goes on")
			assert.True(t, atProvider.signedIn())
		})
	}
}

// checkStoreOutage sends all kinds of requests at once while the store is down.
func (w *world) checkStoreOutage(b, atProvider *browser, back step) {
	ask := func(b *browser, method, path string) step {
		return func(headers ...string) reply { return b.do(method, path, nil, headers...) }
	}
	var all sync.WaitGroup
	check := func(what string, s step, status int, says string) {
		all.Go(func() {
			began := time.Now()
			r := s()
			assert.Equal(w.t, status, r.StatusCode, what)
			assert.Contains(w.t, r.body, says, what)
			assert.Less(w.t, time.Since(began), storeLimit, what)
			if status == http.StatusServiceUnavailable {
				assert.NotEmpty(w.t, r.Header.Get("Retry-After"), what)
				assert.Empty(w.t, r.Cookies(), what)
			}
		})
	}
	for _, path := range []string{"/", "/sessions", "/logout"} {
		check(path, ask(b, http.MethodGet, path), http.StatusServiceUnavailable, "You have not been signed out")
	}
	check("sign-out", ask(b, http.MethodPost, "/logout"), http.StatusServiceUnavailable, "cannot be read at the moment")
	check("JSON", func(...string) reply { return b.get("/sessions", "Accept", "application/json") },
		http.StatusServiceUnavailable, `"status":503`)
	check("callback", back, http.StatusServiceUnavailable, "cannot be read at the moment")
	check("readiness", ask(w.browser(), http.MethodGet, "/readyz"), http.StatusServiceUnavailable, "session store")
	check("health", ask(w.browser(), http.MethodGet, "/healthz"), http.StatusOK, "ok")
	check("visitor", ask(w.browser(), http.MethodGet, "/"), http.StatusOK, `href="/login"`)
	check("visitor's page", ask(w.browser(), http.MethodGet, "/sessions"), http.StatusUnauthorized, "Sign in")
	check("sign-in", ask(w.browser(), http.MethodGet, "/login"), http.StatusSeeOther, "")
	all.Wait()
}

// With a slow store every request succeeds, once, and requests that need no store do
// not wait.
func TestASlowStore(t *testing.T) {
	for _, e := range errands() {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel() // each waits
			w := newWorld(t, map[string]string{"SESSION_IDLE_TIMEOUT": "12h"})
			b, phone := w.browser(), w.browser()
			ask := e.prepare(b, phone)
			w.store.Calls()
			codes, answers := w.idp.Requests(fakeidp.EndpointToken), make(chan struct{})
			w.store.SetSlow(answers)
			began := time.Now()
			answer := inBackground(ask)
			require.Eventually(t, func() bool { return len(w.store.Calls()) > 0 }, atOnce, time.Millisecond)
			for path, status := range map[string]int{"/": http.StatusOK, "/healthz": http.StatusOK, "/login": http.StatusSeeOther} {
				assert.Equal(t, status, w.browser().get(path).StatusCode, path)
			}
			assert.Less(t, time.Since(began), atOnce)
			time.Sleep(time.Until(began.Add(slowStore))) // real time, as the limit has it
			assert.Empty(t, answer, "others were served while this one waits")
			close(answers)
			r := <-answer
			require.NotNil(t, r.Response, "an answer")
			assert.Equal(t, e.status, r.StatusCode, r.body)
			assert.LessOrEqual(t, w.idp.Requests(fakeidp.EndpointToken)-codes, 1, "patience in place of a repetition")
			w.store.SetSlow(nil)
			e.settle(t, b, phone, ask, true)
		})
	}
}

// If the records of one person never arrive, other people do not wait.
func TestRecordsThatHangHoldNobodyElseUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	friend, b := w.browser(), w.browser()
	friend.mustSignIn(fakeidp.UserAdmin)
	b.mustSignIn(fakeidp.UserMember)
	w.store.Calls()
	require.True(t, b.signedIn())
	theirs := w.store.Calls()[0].Key
	held := make(chan struct{})
	var met sync.Once
	w.store.SetFault(func(call portstest.StoreCall) error {
		if !strings.HasPrefix(call.Key, theirs) {
			return nil
		}
		met.Do(func() { close(held) })
		<-call.Done
		return errCut
	})
	answer := inBackground(func(...string) reply { return b.get("/") })
	<-held
	w.checkOthers(friend)
	assert.Empty(t, answer, "others were served while this one waits")
	assert.Equal(t, http.StatusServiceUnavailable, (<-answer).StatusCode)
	w.store.SetFault(nil)
	assert.True(t, b.signedIn())
}

// A damaged record is no session and no outage: the person can sign in at once, and is
// signed in again if the record is repaired.
func TestDamagedRecords(t *testing.T) {
	damage := map[string]func(r ports.Record) ports.Record{
		"cut short": func(r ports.Record) ports.Record { r.Value = r.Value[:len(r.Value)/2]; return r },
		"nothing":   func(r ports.Record) ports.Record { r.Value = nil; return r },
		"nonsense":  func(r ports.Record) ports.Record { r.Value = []byte("<html>Guest network</html>"); return r },
		"one bit": func(r ports.Record) ports.Record {
			r.Value = slices.Clone(r.Value)
			r.Value[len(r.Value)-1] ^= 1
			return r
		},
	}
	for name, change := range damage {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			b := w.browser()
			b.mustSignIn(fakeidp.UserMember)
			before := b.cookies()
			w.store.SetCorrupted(change)
			home := b.get("/")
			assert.Equal(t, http.StatusOK, home.StatusCode)
			assert.Contains(t, home.body, `href="/login"`)
			assert.Equal(t, http.StatusUnauthorized, b.get("/sessions").StatusCode)
			w.store.SetCorrupted(nil)
			assert.Equal(t, before, b.cookies(), "no cookie is taken away")
			assert.True(t, b.signedIn())

			w.store.SetCorrupted(func(r ports.Record) ports.Record {
				if strings.HasSuffix(r.Key, ".tokens") || strings.HasSuffix(r.Key, ".claims") {
					return change(r)
				}
				return r
			})
			assert.True(t, b.signedIn(), "without claims and tokens a person is still signed in")
			if apptest.HasPage("/call_api") {
				r := b.get("/call_api")
				require.Equal(t, http.StatusSeeOther, r.StatusCode, "to the provider for new tokens: %s", r.body)
			}
			assert.Equal(t, http.StatusSeeOther, b.do(http.MethodPost, "/logout", url.Values{}).StatusCode)
		})
	}
}

// While the store can be read but not written, people can read pages until their
// sessions end by the idle limit.
func TestAStoreThatCannotBeWritten(t *testing.T) {
	w := newWorld(t, nil)
	b, leaver := w.browser(), w.browser()
	b.mustSignIn(fakeidp.UserMember)
	leaver.mustSignIn(fakeidp.UserAdmin)
	w.store.SetFault(func(call portstest.StoreCall) error {
		if call.Method == "Find" || call.Method == "Keys" {
			return nil
		}
		return errCut
	})
	for range 3 {
		w.clock.Advance(19 * time.Minute)
		assert.True(t, b.signedIn())
		assert.Equal(t, http.StatusOK, b.get("/sessions").StatusCode)
	}
	assert.Equal(t, http.StatusServiceUnavailable, leaver.do(http.MethodPost, "/logout", nil).StatusCode)
	assert.True(t, leaver.signedIn())
	assert.Equal(t, http.StatusServiceUnavailable, toCallback(w.browser())().StatusCode)
	w.clock.Advance(9 * time.Minute)
	assert.False(t, b.signedIn(), "the idle limit holds")
	w.store.SetFault(nil)
	b.mustSignIn(fakeidp.UserMember)
}
