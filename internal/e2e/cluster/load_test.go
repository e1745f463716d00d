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

// atOnce is how many requests of a load are on their way at a time. More would
// measure how the machine shares out its processors.
const atOnce = 8

// load is people at work: browsers that go from page to page until they are
// told to stop.
type load struct {
	t       *testing.T
	slots   chan struct{} // holds one for each request on its way
	threads sync.WaitGroup
	stop    chan struct{}
	pages   atomic.Int64 // seen so far
	signIns atomic.Int64 // completed so far
	broken  atomic.Int64 // sign-ins that broke off, see signInOnce

	mu       sync.Mutex
	problems []string
}

// pagesOfTheDay are what each browser asks for in turn.
func pagesOfTheDay() []string { return []string{"/", "/call_api", "/", "/logout", "/", "/sessions"} }

// judge returns what is wrong with an answer to a signed-in browser, or "".
type judge func(path string, r reply, err error) string

// mustServe is the judge who wants every page, whatever happens.
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

// startLoad lets browsers work until finish.
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

// alsoSignIn lets n people sign in, over and over.
func (l *load) alsoSignIn(c *cluster, n int) {
	for range n {
		l.threads.Go(func() {
			for !l.stopped() {
				l.signInOnce(c.browser())
			}
		})
	}
}

// signInOnce signs in and looks at home. A callback that reached an instance
// that died with it is given to another, which finds the state spent: that
// person reads so, and starts again.
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

// report remembers a problem; of many the first ones.
func (l *load) report(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.problems) < 20 {
		l.problems = append(l.problems, fmt.Sprintf(format, args...))
	}
}

// more waits until so many more pages have been seen.
func (l *load) more(pages int64) {
	l.t.Helper()
	enough := l.pages.Load() + pages
	eventually(l.t, workLimit, fmt.Sprintf("%d more pages", pages), func() bool { return l.pages.Load() >= enough })
}

// finish ends the work and fails the test where something was wrong.
func (l *load) finish() {
	l.t.Helper()
	close(l.stop)
	l.threads.Wait()
	assert.Empty(l.t, l.problems)
}

// instanceOrNone is instance, also where there is no answer.
func (r reply) instanceOrNone() int {
	if r.Response == nil {
		return anyInstance
	}
	return r.instance()
}
