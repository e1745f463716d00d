package domain_test

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/domain"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// slowProvider waits in Complete for release, and returns its error if there is one.
type slowProvider struct {
	*portstest.FakeProvider
	release chan error
}

func (p *slowProvider) Complete(ctx context.Context, cb ports.Callback, secret string) (ports.SignedIn, error) {
	if err := <-p.release; err != nil {
		return ports.SignedIn{}, err
	}
	return p.FakeProvider.Complete(ctx, cb, secret)
}

// twice is a sign-in whose first callback waits for a slow provider.
type twice struct {
	*fixture
	slow     *slowProvider
	browser  *portstest.FakeBrowser
	again    *portstest.FakeBrowser // the browser as it was before the first response
	callback domain.Callback
	giveUp   context.CancelFunc
	first    chan error
}

// beginTwice runs inside a synctest bubble.
func beginTwice(t *testing.T) *twice {
	t.Helper()
	x := &twice{slow: &slowProvider{release: make(chan error, 1)}, first: make(chan error, 1)}
	x.fixture = newFixtureWith(t, func(c *domain.Config) {
		x.slow.FakeProvider = c.Provider.(*portstest.FakeProvider)
		c.Provider, c.Wait = x.slow, nil
	})
	x.browser = x.sessions.NewBrowser()
	location, err := x.SignIn(x.browser.Context(t.Context()), domain.SignInRequest{ReturnTo: "/reports"})
	require.NoError(t, err)
	x.callback = x.provider.Approve(location, somebody())
	x.again = x.browser.Clone().(*portstest.FakeBrowser)
	ctx, giveUp := context.WithCancel(t.Context())
	x.giveUp = giveUp
	ctx = x.browser.Context(ctx)
	go func() {
		_, err := x.CompleteSignIn(ctx, x.callback, "")
		x.first <- err
	}()
	synctest.Wait()
	return x
}

func TestASecondCallbackGetsTheSessionOfTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := beginTwice(t)
		x.giveUp() // the browser shows only the second response
		second := x.again.Context(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() {
			to, err := x.CompleteSignIn(second, x.callback, "")
			assert.NoError(t, err)
			assert.Equal(t, "/reports", to)
		})
		synctest.Wait()
		x.slow.release <- nil
		wait.Wait()
		require.NoError(t, <-x.first)
		assert.Equal(t, 1, x.provider.Completions(), "the code is posted once")
		assert.Equal(t, "https://idp.example", x.user(x.again).Issuer)
		assert.Equal(t, 1, x.sessions.Len())
	})
}

// assertReturnsTo asserts that the page with this error leads to a new sign-in for path.
func assertReturnsTo(t *testing.T, err error, path string) {
	t.Helper()
	failure, ok := errors.AsType[*domain.SignInFailure](err)
	require.True(t, ok)
	assert.Equal(t, path, failure.ReturnTo)
}

// A copied cookie gets no session without the code. A person who clicked twice at the
// provider can have two codes, and gets a link to the wanted page.
func TestASecondCallbackWithAnotherCodeGetsNoSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := beginTwice(t)
		forged := x.callback
		forged.Code = "made-up"
		began := time.Now()
		_, err := x.CompleteSignIn(x.again.Context(t.Context()), forged, "")
		require.ErrorIs(t, err, domain.ErrUnknownSignIn)
		assertReturnsTo(t, err, "/reports")
		assert.Zero(t, time.Since(began))
		assert.False(t, x.again.SignedIn())
		x.slow.release <- nil
		require.NoError(t, <-x.first)
		assert.True(t, x.browser.SignedIn())
	})
}

// A spent state is refused at once, also with a copied cookie. The browser has not received
// the first response, so it gets the same error, and the page that it wanted.
func TestACallbackAfterTheFirstHasEndedIsRefused(t *testing.T) {
	for name, failure := range map[string]error{"completed": nil, "refused": ports.ErrProviderRefused} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := beginTwice(t)
				x.slow.release <- failure
				require.ErrorIs(t, <-x.first, failure)
				began := time.Now()
				_, err := x.CompleteSignIn(x.again.Context(t.Context()), x.callback, "")
				require.ErrorIs(t, err, cmp.Or(failure, domain.ErrUnknownSignIn))
				assertReturnsTo(t, err, "/reports")
				assert.Zero(t, time.Since(began))
				assert.False(t, x.again.SignedIn())
			})
		})
	}
}

// If no instance completes the sign-in, for example after a crash, the second callback
// returns an error after a few seconds.
func TestASecondCallbackWithoutAFirstDoesNotWaitForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := beginTwice(t)
		other := newFixtureWith(t, func(c *domain.Config) { c.Sessions, c.Wait = x.sessions, nil })
		began := time.Now()
		_, err := other.CompleteSignIn(x.again.Context(t.Context()), x.callback, "")
		require.ErrorIs(t, err, domain.ErrUnknownSignIn)
		assertReturnsTo(t, err, "/reports")
		assert.Equal(t, 5*time.Second, time.Since(began))
		x.slow.release <- nil
		require.NoError(t, <-x.first)
	})
}

func TestASecondCallbackGetsTheErrorOfTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := beginTwice(t)
		refused := &ports.ProviderError{Kind: ports.ErrDeclined, Code: "access_denied", Number: 65004}
		var wait sync.WaitGroup
		second := x.again.Context(t.Context())
		wait.Go(func() {
			_, err := x.CompleteSignIn(second, x.callback, "")
			assert.ErrorIs(t, err, domain.ErrDeclined)
			assert.ErrorIs(t, err, error(refused))
		})
		synctest.Wait()
		x.slow.release <- refused
		wait.Wait()
		require.ErrorIs(t, <-x.first, domain.ErrDeclined)
	})
}

// On another instance with the same store, the second callback returns the same outcome.
func TestASecondCallbackOnAnotherInstanceLearnsTheOutcome(t *testing.T) {
	refused := &ports.ProviderError{Kind: ports.ErrDeclined, Code: "access_denied", Number: 65004, CorrelationID: "c"}
	for name, failure := range map[string]error{"completed": nil, "refused": refused, "tenant": ports.ErrTenantNotAllowed, "unforeseen": errors.New("odd")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := beginTwice(t)
				other := newFixtureWith(t, func(c *domain.Config) { c.Sessions, c.Wait = x.sessions, nil })
				second := x.again.Context(t.Context())
				var wait sync.WaitGroup
				wait.Go(func() {
					to, err := other.CompleteSignIn(second, x.callback, "")
					switch reported, _ := errors.AsType[*domain.ProviderError](err); {
					case failure == nil:
						assert.NoError(t, err)
						assert.Equal(t, "/reports", to)
					case failure == refused:
						assert.Equal(t, refused, reported)
						assert.ErrorIs(t, err, domain.ErrDeclined)
					case errors.Is(failure, ports.ErrTenantNotAllowed):
						assert.ErrorIs(t, err, failure)
					default:
						assert.Error(t, err)
						assert.NotErrorIs(t, err, domain.ErrUnknownSignIn)
					}
				})
				synctest.Wait()
				x.slow.release <- failure
				wait.Wait()
				<-x.first
				assert.Zero(t, other.provider.Completions())
			})
		})
	}
}

// Another browser with the same callback is refused at once.
func TestASecondCallbackOfAnotherBrowserDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := beginTwice(t)
		began := time.Now()
		stranger := x.sessions.NewBrowser()
		_, err := x.CompleteSignIn(stranger.Context(t.Context()), x.callback, "")
		require.ErrorIs(t, err, domain.ErrUnknownSignIn)
		assert.Zero(t, time.Since(began))
		x.slow.release <- nil
		require.NoError(t, <-x.first)
		_, err = x.CompleteSignIn(stranger.Context(t.Context()), x.callback, "")
		require.ErrorIs(t, err, domain.ErrUnknownSignIn)
		assert.False(t, stranger.SignedIn())
	})
}

// The number of second callbacks that wait is limited, and so is the time.
func TestSecondCallbacksThatWaitAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := beginTwice(t)
		const most = 64
		began := time.Now()
		var wait sync.WaitGroup
		for range most {
			second := x.again.Clone().(*portstest.FakeBrowser).Context(t.Context())
			wait.Go(func() {
				_, err := x.CompleteSignIn(second, x.callback, "")
				assert.ErrorIs(t, err, domain.ErrProviderUnavailable)
				assert.Equal(t, 20*time.Second, time.Since(began))
			})
		}
		synctest.Wait()
		_, err := x.CompleteSignIn(x.again.Clone().(*portstest.FakeBrowser).Context(t.Context()), x.callback, "")
		require.ErrorIs(t, err, domain.ErrProviderUnavailable)
		assert.Zero(t, time.Since(began), "one too many fails at once")
		wait.Wait()
		x.slow.release <- nil
		require.NoError(t, <-x.first)
	})
}

// The number of requests that wait for a token refresh is limited.
func TestRequestsThatWaitForARefreshAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixtureWith(t, func(c *domain.Config) { c.Wait = nil })
		b := f.sessions.NewBrowser()
		f.signIn(b, somebody(), "api")
		f.clock.Advance(59*time.Minute + 59*time.Second)
		_, err := f.CurrentUser(b.Context(t.Context()))
		require.NoError(t, err)
		f.clock.Advance(2 * time.Minute)
		release, err := f.sessions.LeaseRefresh(b.Context(t.Context()), f.clock.Now().Add(time.Hour))
		require.NoError(t, err)
		const most = 128
		began := time.Now()
		var wait sync.WaitGroup
		for range most {
			ctx := b.Context(t.Context())
			wait.Go(func() {
				_, err := f.AccessToken(ctx, "api")
				assert.ErrorIs(t, err, domain.ErrRefreshBusy)
				assert.NotZero(t, time.Since(began))
			})
		}
		synctest.Wait()
		_, err = f.AccessToken(b.Context(t.Context()), "api")
		require.ErrorIs(t, err, domain.ErrRefreshBusy)
		assert.Zero(t, time.Since(began), "one too many fails at once")
		wait.Wait()
		release(t.Context())
	})
}

// A copied browser that replays a callback after the sign-in is refused, and the audit
// log says so.
func TestAReplayedCallbackIsAudited(t *testing.T) {
	log := &auditLog{}
	f := newFixtureWith(t, func(cfg *domain.Config) { cfg.Audit = log })
	b := f.sessions.NewBrowser()
	location, err := f.SignIn(b.Context(t.Context()), domain.SignInRequest{})
	require.NoError(t, err)
	callback := f.provider.Approve(location, somebody())
	copied := b.Clone().(*portstest.FakeBrowser)
	_, err = f.CompleteSignIn(b.Context(t.Context()), callback, "")
	require.NoError(t, err)
	_, err = f.CompleteSignIn(copied.Context(t.Context()), callback, "")
	require.ErrorIs(t, err, domain.ErrUnknownSignIn)
	assert.Equal(t, ports.AuditSignInRefused, log.last().Kind)
	assert.Equal(t, domain.ErrUnknownSignIn.Error(), log.last().Reason)
}
