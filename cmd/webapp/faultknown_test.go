package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/rsakeys"
)

// The metadata and keys stay in use when their endpoints fail in any way: people can
// still sign in.
func TestWhatIsKnownOutlivesItsSource(t *testing.T) {
	for _, k := range faultKinds() {
		if k.waits() || k.fault == nil {
			continue // is as the others, but takes its time; without a token endpoint nobody signs in
		}
		t.Run(k.name, func(t *testing.T) {
			t.Parallel() // each repetition comes after a quarter of a second
			w := newWorld(t, nil)
			w.browser().mustSignIn(fakeidp.UserMember)
			for _, endpoint := range []fakeidp.Endpoint{fakeidp.EndpointMetadata, fakeidp.EndpointKeys} {
				w.idp.Fail(endpoint, k.fault(w, "http://127.0.0.1:1/"))
			}
			for _, later := range []time.Duration{2 * time.Hour, 23 * time.Hour, 24 * time.Hour} {
				w.clock.Advance(later)
				w.browser().mustSignIn(fakeidp.UserMember)
			}
		})
	}
}

// The provider has new keys, and its key endpoint fails: a sign-in fails. At most ten
// seconds after the endpoint works again, a sign-in succeeds.
func TestNewKeysThatCannotBeFetched(t *testing.T) {
	for _, k := range faultKinds() {
		if k.name != "500" && k.name != "half of a JSON" {
			continue // two ways to have none; making keys takes long
		}
		t.Run(k.name, func(t *testing.T) {
			t.Parallel() // each sign-in asks for the keys again for four seconds
			w := newWorld(t, nil)
			friend, b := w.browser(), w.browser()
			friend.mustSignIn(fakeidp.UserAdmin)
			w.idp.RotateKeys(fakeidp.DropOldKeys)
			w.idp.Fail(fakeidp.EndpointKeys, k.fault(w, "http://127.0.0.1:1/"))
			for range 3 {
				r := b.signIn(fakeidp.UserMember)
				assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode, r.body)
				assert.Contains(t, r.body, "The sign-in service cannot be reached")
			}
			assert.LessOrEqual(t, w.idp.Requests(fakeidp.EndpointKeys), 3, "a crowd of sign-ins is no crowd of calls")
			w.checkOthers(friend)
			w.idp.Heal()
			w.clock.Advance(healLimit)
			b.mustSignIn(fakeidp.UserMember)
		})
	}
}

// If an early refresh fails, the person does not notice, because the old access token
// is still valid.
func TestAFailedRenewalIsNotNoticedWhileTheTokenHolds(t *testing.T) {
	for _, k := range faultKinds() {
		if k.waits() || k.fault == nil {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			t.Parallel() // the repetition comes after a second
			w := newWorld(t, nil)
			b := w.browser()
			b.mustSignIn(fakeidp.UserMember)
			w.clock.Advance(57 * time.Minute)
			w.idp.Fail(fakeidp.EndpointToken, k.fault(w, "http://127.0.0.1:1/"))
			r := b.get("/call_api")
			assert.Equal(t, http.StatusOK, r.StatusCode, r.body)
			assert.Contains(t, r.body, "userPrincipalName")
		})
	}
}

// The provider is not running when the program starts, and starts later.
func TestNobodyListensAtTheStart(t *testing.T) {
	address := closedAddress(t)
	w := newWorld(t, map[string]string{"AUTHORITY": "http://" + address + "/" + fakeidp.ContosoTenantID})
	b := w.browser()
	home := b.get("/")
	assert.Equal(t, http.StatusOK, home.StatusCode)
	assert.Contains(t, home.body, `href="/login"`)
	r := b.get("/login?return_to=/call_api")
	assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode)
	assert.Equal(t, "10", r.Header.Get("Retry-After"))
	assert.Contains(t, b.get("/").body, "cannot be reached at the moment")
	assert.Contains(t, b.get("/readyz").body, "identity provider")
	assert.Equal(t, http.StatusOK, b.get("/healthz").StatusCode)

	late, err := fakeidp.New(fakeidp.Config{Clock: w.clock.Now, NewKey: rsakeys.Sequence()})
	require.NoError(t, err)
	_, err = late.Start(address)
	require.NoError(t, err)
	defer func() { _ = late.Close() }()
	w.idp = late
	w.clock.Advance(healLimit)
	b.mustSignIn(fakeidp.UserMember)
	assert.Equal(t, http.StatusOK, b.get("/readyz").StatusCode)
}

// closedAddress returns an address where nobody listens. The kernel does not use its
// port for an outgoing connection.
func closedAddress(t *testing.T) string {
	for range 1000 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(10000)))
		if err == nil {
			require.NoError(t, l.Close())
			return l.Addr().String()
		}
	}
	require.Fail(t, "no free port")
	return ""
}
