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

// Each instance is restarted in turn, as a new version is rolled out, under
// people who never pause: none sees an error, and nobody is signed out.
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
	s.awaitLog(fmt.Sprintf("127.0.0.1:%d, 127.0.0.1:%d", s.ports[1], s.ports[0])) // one took over from the other
}

// A sign-in that begins on one instance ends on the other, also when the first
// is gone by then.
func TestSignInWhileAnInstanceGoes(t *testing.T) {
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

// A POST that an instance has read is never sent to another one: nobody knows
// what it did. Here an instance is killed while it redeems a code.
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

// startMortal runs the instance with that index, and returns how to kill it
// without notice.
func (s *site) startMortal(i int) (kill func()) {
	s.t.Helper()
	env := maps.Clone(s.env)
	env["LISTEN_ADDR"] = fmt.Sprintf("127.0.0.1:%d", s.ports[i])
	cmd := exec.Command(binary)
	cmd.Dir = s.t.TempDir()
	browsertest.StartProcess(s.t, cmd, env).WaitForOutput("is ready")
	return func() { require.NoError(s.t, cmd.Process.Kill()) }
}

// traffic is signed-in people who load the home page without a pause.
type traffic struct {
	answered chan struct{} // one for each answer
	done     chan struct{} // closed to end it
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

// await returns when that many more answers have come.
func (tr *traffic) await(n int) {
	for range n {
		<-tr.answered
	}
}

// stop ends the traffic and returns what was wrong.
func (tr *traffic) stop() []string {
	close(tr.done)
	tr.wg.Wait()
	return tr.wrong
}
