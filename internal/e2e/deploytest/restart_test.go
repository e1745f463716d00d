//go:build integration

package deploytest

import (
	"fmt"
	"maps"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/browsertest"
)

// newPair starts two instances that share their sessions.
func newPair(t *testing.T) *site {
	t.Helper()
	s := newSite(t, map[string]string{"SESSION_STORE": "sqlite:" + filepath.Join(t.TempDir(), "sessions.db")})
	s.start(0)
	s.start(1)
	return s
}

// Each instance is restarted in turn, as in a rolling update, while people load
// pages without a pause. There are no errors, and nobody is signed out.
func TestRollingRestart(t *testing.T) {
	s := newPair(t)
	var people []*person
	for range 3 {
		p := s.visitor("127.0.0.2")
		_, landed := p.signIn(fakeidp.UserAdmin)
		require.Equal(t, http.StatusSeeOther, landed.StatusCode, landed.body)
		people = append(people, p)
	}
	traffic := startTraffic(people)
	for round := range 4 {
		i := round % 2
		traffic.await(50)
		s.apps[i].Stop()
		traffic.await(50)
		s.start(i)
	}
	traffic.await(50)
	assert.Empty(t, traffic.stop())
	s.awaitLog(fmt.Sprintf("127.0.0.1:%d, 127.0.0.1:%d", s.ports[1], s.ports[0])) // the second instance handled the request
}

// A sign-in that starts on one instance completes on the other, even if the first
// has stopped.
func TestSignInWhileAnInstanceStops(t *testing.T) {
	s := newPair(t)
	for i, other := range []int{1, 0} {
		p := s.visitor("127.0.0.2")
		begun := p.get("/login")
		answer, err := s.idp.Authorize(begun.Header.Get("Location"), fakeidp.UserMember)
		require.NoError(t, err)
		s.apps[i].Stop()
		landed := p.do(http.MethodPost, answer.RedirectURI, answer.Values, "Origin", s.idp.BaseURL(), "Sec-Fetch-Site", "cross-site")
		require.Equal(t, http.StatusSeeOther, landed.StatusCode, landed.body)
		s.start(i)
		s.apps[other].Stop()
		assert.Contains(t, p.get("/").body, "Welcome Adele Vance!")
		s.start(other)
	}
}

// The proxy never sends a POST that one instance has received to another, because it
// may have had an effect. The test kills an instance while it redeems a code.
func TestPostIsNotSentTwice(t *testing.T) {
	s := newPair(t)
	s.apps[0].Stop()
	p := s.visitor("127.0.0.2")
	begun := p.get("/login")
	answer, err := s.idp.Authorize(begun.Header.Get("Location"), fakeidp.UserMember)
	require.NoError(t, err)
	s.apps[1].Stop()
	kill := s.startMortal(1)

	arrived := make(chan struct{})
	s.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Hang: true, Met: sync.OnceFunc(func() { close(arrived) })})
	before := s.idp.Requests(fakeidp.EndpointToken)
	landed := make(chan reply, 1)
	go func() {
		r, err := p.try(http.MethodPost, answer.RedirectURI, answer.Values, "Origin", s.idp.BaseURL(), "Sec-Fetch-Site", "cross-site")
		assert.NoError(t, err)
		landed <- r
	}()
	<-arrived
	s.start(0)
	kill()
	r := <-landed
	s.idp.Heal()
	require.NotNil(t, r.Response)
	assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode)
	assert.Contains(t, r.body, "try again")
	assert.Equal(t, 1, s.idp.Requests(fakeidp.EndpointToken)-before, "the code was posted once")
	assert.NotContains(t, s.apps[0].Output(), "/getAToken")
}

// startMortal runs the instance with this index and returns a function that kills
// it.
func (s *site) startMortal(i int) (kill func()) {
	s.t.Helper()
	env := maps.Clone(s.env)
	env["LISTEN_ADDR"] = fmt.Sprintf("127.0.0.1:%d", s.ports[i])
	cmd := exec.Command(binary)
	cmd.Dir = s.t.TempDir()
	browsertest.StartProcess(s.t, cmd, env).WaitForOutput("is ready")
	return func() { require.NoError(s.t, cmd.Process.Kill()) }
}

// traffic is several signed-in browsers that load the home page without a pause.
type traffic struct {
	answered chan struct{} // receives a value for each response
	done     chan struct{} // closed by stop
	wg       sync.WaitGroup
	mu       sync.Mutex
	wrong    []string
}

func startTraffic(people []*person) *traffic {
	tr := &traffic{answered: make(chan struct{}), done: make(chan struct{})}
	for _, p := range people {
		tr.wg.Go(func() { tr.visit(p) })
	}
	return tr
}

func (tr *traffic) visit(p *person) {
	for {
		r, err := p.try(http.MethodGet, "/", nil)
		switch {
		case err != nil:
			tr.note(err.Error())
		case r.StatusCode != http.StatusOK || !strings.Contains(r.body, "Welcome Megan Bowen!"):
			tr.note(r.Status + " " + r.body)
		}
		select {
		case tr.answered <- struct{}{}:
		case <-tr.done:
			return
		}
	}
}

func (tr *traffic) note(what string) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.wrong = append(tr.wrong, what)
}

// await waits for this many more responses.
func (tr *traffic) await(n int) {
	for range n {
		<-tr.answered
	}
}

// stop ends the traffic and returns the problems.
func (tr *traffic) stop() []string {
	close(tr.done)
	tr.wg.Wait()
	return tr.wrong
}
