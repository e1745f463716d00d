//go:build integration && linux

package cluster

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"webapp/internal/adapters/fakeidp"
)

// atOnce bounds the concurrent requests of a load. More of them would measure the
// machine's scheduler.
const atOnce = 8

// load is a number of browsers that request pages until finish.
type load struct {
	t       *testing.T
	slots   chan struct{} // has one element for each running request
	threads sync.WaitGroup
	stop    chan struct{}
	pages   atomic.Int64 // seen so far
	signIns atomic.Int64 // completed so far
	broken  atomic.Int64 // interrupted sign-ins, see signInOnce

	mu       sync.Mutex
	problems []string
}

// pagesOfTheDay are the paths that each browser requests in turn.
func pagesOfTheDay() []string { return []string{"/", "/call_api", "/", "/logout", "/", "/sessions"} }

// judge returns the problem of a response to a signed-in browser, or "".
type judge func(path string, r reply, err error) string

// mustServe is a judge that accepts no failure.
func mustServe(path string, r reply, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case r.StatusCode != http.StatusOK:
		return r.Status
	case path == "/" && !r.greets():
		return "not signed in"
	case r.deletesCookie():
		return "a cookie is deleted"
	case r.took > pageLimit:
		return "it took " + r.took.String()
	}
	return ""
}

// startLoad starts the browsers. They work until finish.
func (c *cluster) startLoad(browsers []*browser, judge judge) *load {
	l := &load{t: c.t, slots: make(chan struct{}, atOnce), stop: make(chan struct{})}
	for _, b := range browsers {
		l.threads.Go(func() { l.work(b, judge) })
	}
	return l
}

func (l *load) work(b *browser, judge judge) {
	pages := pagesOfTheDay()
	for n := 0; !l.stopped(); n++ {
		path := pages[n%len(pages)]
		l.slots <- struct{}{}
		r, err := b.try(anyInstance, http.MethodGet, path, nil)
		<-l.slots
		if problem := judge(path, r, err); problem != "" {
			l.report("GET %s on instance %d: %s", path, r.instanceOrNone(), problem)
		}
		l.pages.Add(1)
	}
}

// alsoSignIn makes n people sign in again and again.
func (l *load) alsoSignIn(c *cluster, n int) {
	for range n {
		l.threads.Go(func() {
			for !l.stopped() {
				l.signInOnce(c.browser())
			}
		})
	}
}

// signInOnce signs in and requests the home page. If an instance is killed during a
// callback, the balancer sends the callback to another instance, which finds the
// state spent. The person then gets an error page and starts again.
func (l *load) signInOnce(b *browser) {
	r, err := b.trySignIn(anyInstance, fakeidp.UserMember)
	switch {
	case err != nil:
		l.report("sign-in: %v", err)
	case r.StatusCode == http.StatusBadRequest && r.Header.Get(repeated) != "":
		l.broken.Add(1)
	case r.StatusCode != http.StatusSeeOther:
		l.report("sign-in: callback answers %s", r.Status)
	default:
		if home, err := b.try(anyInstance, http.MethodGet, "/", nil); mustServe("/", home, err) != "" {
			l.report("home after a sign-in: %s", mustServe("/", home, err))
		}
		l.signIns.Add(1)
	}
}

func (l *load) stopped() bool {
	select {
	case <-l.stop:
		return true
	default:
		return false
	}
}

// report records a problem. It keeps only the first ones.
func (l *load) report(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.problems) < 20 {
		l.problems = append(l.problems, fmt.Sprintf(format, args...))
	}
}

// more waits for this many more pages.
func (l *load) more(pages int64) {
	l.t.Helper()
	enough := l.pages.Load() + pages
	eventually(l.t, workLimit, fmt.Sprintf("%d more pages", pages), func() bool { return l.pages.Load() >= enough })
}

// finish stops the browsers and fails the test if there was a problem.
func (l *load) finish() {
	l.t.Helper()
	close(l.stop)
	l.threads.Wait()
	assert.Empty(l.t, l.problems)
}

// instanceOrNone returns the instance that responded, or none.
func (r reply) instanceOrNone() int {
	if r.Response == nil {
		return anyInstance
	}
	return r.instance()
}
