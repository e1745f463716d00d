package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// roomFor returns how many bytes the process may grow by after this many requests: the
// size of a few pools and caches, and half a kilobyte for each request, which is less
// than any state of a visitor.
func roomFor(requests int) int64 { return 1<<20 + 512*int64(requests) }

// crowd is the number of anonymous visitors, and group the number of visitors for each
// unusual request.
const (
	crowd = 10_000
	group = crowd / 5
)

// footprint is the memory and the number of goroutines and connections after a garbage
// collection.
type footprint struct {
	heap       int64
	goroutines int
}

func measure() footprint {
	runtime.GC()
	runtime.GC() // the first only moves what pools hold aside
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return footprint{int64(m.HeapAlloc), runtime.NumGoroutine()}
}

// requireNoGrowth fails the test if the process has grown by more than room bytes since
// before. It waits a moment, because connections take time to end.
func requireNoGrowth(t *testing.T, before footprint, room int64) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		now := measure()
		assert.Less(c, now.heap-before.heap, room)
		assert.LessOrEqual(c, now.goroutines, before.goroutines+8)
	}, 10*time.Second, 50*time.Millisecond)
}

// Invariant 1: ten thousand anonymous visitors leave the memory of the process as it
// was, whatever they request. Each visitor has another address.
func TestACrowdOfStrangersLeavesNothingBehind(t *testing.T) {
	for name, c := range map[string]struct {
		count  int
		path   func(i int) string
		status int
	}{
		"visits":           {crowd, func(int) string { return "/" }, http.StatusOK},
		"protected pages":  {group, func(i int) string { return fmt.Sprintf("/sessions?visit=%d", i) }, http.StatusUnauthorized},
		"sign-ins begun":   {crowd, func(i int) string { return fmt.Sprintf("/login?return_to=/%d%s", i, strings.Repeat("x", 500)) }, http.StatusSeeOther},
		"forged callbacks": {group, func(i int) string { return fmt.Sprintf("/getAToken?code=c%d&state=s%d", i, i) }, http.StatusBadRequest},
		"unknown paths":    {group, func(i int) string { return fmt.Sprintf("/no/%d", i) }, http.StatusNotFound},
		"forged sign-outs": {group, func(i int) string { return fmt.Sprintf("/frontchannel-logout?sid=s%d", i) }, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, everyProxy())
			ask := w.newVisitor()
			for i := range 200 { // fills the pools
				ask(-i, c.path(-i))
			}
			before := measure()
			w.store.Calls()
			for i := range c.count {
				require.Equal(t, c.status, ask(i, c.path(i)), c.path(i))
			}
			assert.Zero(t, writes(w.store.Calls()))
			requireNoGrowth(t, before, roomFor(c.count))
		})
	}
}

// newVisitor returns a function that sends a request of a new anonymous visitor, with an
// address, a language and a User-Agent of their own and a forged cookie.
func (w *world) newVisitor() func(i int, path string) int {
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = conn.Close() })
	answers := bufio.NewReader(conn)
	return func(i int, path string) int {
		n := max(i, -i)
		_, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 2001:db8:%x:%x::1\r\nUser-Agent: Browser/%d\r\n"+
			"Accept-Language: x-a%d, en;q=0.%d\r\nCookie: webapp_session=%043d\r\n\r\n", path, n>>16, n&0xffff, i, i, n%10, n)
		require.NoError(w.t, err)
		res, err := http.ReadResponse(answers, nil)
		require.NoError(w.t, err)
		defer func() { _ = res.Body.Close() }()
		_, err = io.Copy(io.Discard, res.Body)
		require.NoError(w.t, err)
		return res.StatusCode
	}
}

// A response of the provider that is too large is cut off. The process never keeps its
// 50 MB, nor the content of a compressed bomb.
func TestHugeAnswersAreNotHeld(t *testing.T) {
	for _, zipped := range []bool{false, true} {
		fault := fakeidp.Fault{Status: http.StatusOK, Size: 50 << 20, Gzip: zipped}
		for endpoint, provoke := range map[fakeidp.Endpoint]func(b *browser, fail func()){
			fakeidp.EndpointMetadata: func(b *browser, fail func()) {
				fail()
				assert.Equal(b.w.t, http.StatusServiceUnavailable, b.get("/login").StatusCode)
			},
			fakeidp.EndpointKeys: func(b *browser, fail func()) {
				answer := b.approve(b.begin("/login"), fakeidp.UserMember)
				fail()
				assert.Equal(b.w.t, http.StatusServiceUnavailable, b.callback(answer).StatusCode)
			},
			fakeidp.EndpointToken: func(b *browser, fail func()) {
				answer := b.approve(b.begin("/login"), fakeidp.UserMember)
				fail()
				assert.Equal(b.w.t, http.StatusServiceUnavailable, b.callback(answer).StatusCode)
			},
			fakeidp.EndpointMe: func(b *browser, fail func()) {
				b.mustSignIn(fakeidp.UserMember)
				fail()
				assert.Equal(b.w.t, http.StatusOK, b.get("/call_api").StatusCode)
			},
		} {
			t.Run(fmt.Sprintf("%s zipped=%t", endpoint, zipped), func(t *testing.T) {
				w := newWorld(t, nil)
				before := measure()
				var start, end runtime.MemStats
				provoke(w.browser(), func() {
					w.idp.Fail(endpoint, fault)
					runtime.ReadMemStats(&start)
				})
				runtime.ReadMemStats(&end)
				assert.Less(t, end.TotalAlloc-start.TotalAlloc, uint64(16<<20), "allocated in all, here and at the provider")
				requireNoGrowth(t, before, roomFor(8<<10))
				w.idp.Heal()
				w.clock.Advance(time.Minute)
				w.browser().mustSignIn(fakeidp.UserMember)
			})
		}
	}
}
