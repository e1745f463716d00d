package main

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	webhttp "webapp/internal/adapters/http"
)

// Two hundred people come while somebody whom the application calls hangs: no
// more calls than allowed are made at once, other pages are there, and when the
// other side is back everybody is served.
func TestCallsOfOneWhoHangsAreBounded(t *testing.T) {
	const people = 200
	for endpoint, prepare := range map[fakeidp.Endpoint]func(w *world) func() reply{
		fakeidp.EndpointMe: func(w *world) func() reply {
			b := w.browser()
			b.mustSignIn(fakeidp.UserMember)
			return func() reply { return b.get("/call_api") }
		},
		fakeidp.EndpointToken: func(w *world) func() reply {
			b := w.browser()
			answer := b.approve(b.begin("/login"), fakeidp.UserMember)
			return func() reply { return b.callback(answer) }
		},
	} {
		t.Run(string(endpoint), func(t *testing.T) {
			w := newWorld(t, nil)
			var asks []func() reply
			for range people {
				asks = append(asks, prepare(w))
			}
			other := w.browser()
			other.mustSignIn(fakeidp.UserAdmin)
			before := w.idp.Requests(endpoint)
			w.idp.Fail(endpoint, fakeidp.Fault{Hang: true})

			statuses := make(chan int, people)
			var all sync.WaitGroup
			for _, ask := range asks {
				all.Go(func() { statuses <- ask().StatusCode })
			}
			under := func() int { return w.idp.Requests(endpoint) - before }
			require.Eventually(t, func() bool { return under() == webhttp.MaxCalls }, 10*time.Second, 5*time.Millisecond)
			assert.True(t, other.signedIn())
			assert.Equal(t, http.StatusOK, other.get("/sessions").StatusCode)
			assert.Equal(t, http.StatusSeeOther, w.browser().get("/login").StatusCode)
			assert.Equal(t, webhttp.MaxCalls, under())

			w.idp.Heal()
			all.Wait()
			close(statuses)
			for status := range statuses {
				assert.Less(t, status, 400)
			}
		})
	}
}
