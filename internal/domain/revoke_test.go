package domain_test

import (
	"context"
	"fmt"
	"slices"
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

// revoking returns a fixture whose provider revokes tokens.
func revoking(t *testing.T, change ...func(*domain.Config)) (*fixture, *auditLog) {
	log := &auditLog{}
	return newFixtureWith(t, func(cfg *domain.Config) {
		cfg.AllowLogoutWithoutIssuer, cfg.Audit = true, log
		cfg.Provider.(*portstest.FakeProvider).OfferRevocation()
		for _, c := range change {
			c(cfg)
		}
	}), log
}

// refreshToken returns the refresh token of the session of b.
func (f *fixture) refreshToken(b *portstest.FakeBrowser) string {
	f.Helper()
	tokens, err := f.sessions.Tokens(b.Context(f.Context()))
	require.NoError(f, err)
	require.NotEmpty(f, tokens.RefreshToken)
	return tokens.RefreshToken
}

// revoked waits for all revocations and returns the tokens.
func (f *fixture) revoked() []string {
	f.FinishRevocations(f.Context())
	revoked := f.provider.Revoked()
	slices.Sort(revoked)
	return revoked
}

func (f *fixture) backChannel(claims ports.LogoutToken) {
	f.Helper()
	claims.ID = "jti"
	_, err := f.BackChannelLogout(f.Context(), f.provider.SignLogout(claims))
	require.NoError(f, err)
}

// The contract's list: which ways of ending a session revoke its refresh token. Each way
// gets two browsers of Ada, here and there.
func TestWhichEndsRevokeTokens(t *testing.T) {
	const (
		none = iota
		ofHere
		ofThere
		ofBoth
	)
	ada := entraIdentity("ada", "sid")
	type way struct {
		end  func(f *fixture, here, there *portstest.FakeBrowser)
		want int
	}
	for name, w := range map[string]way{
		"sign-out": {func(f *fixture, here, _ *portstest.FakeBrowser) {
			_, err := f.SignOut(here.Context(f.Context()))
			require.NoError(f, err)
		}, ofHere},
		"sign-out twice": {func(f *fixture, here, _ *portstest.FakeBrowser) {
			copied := here.Clone().(*portstest.FakeBrowser)
			for _, b := range []*portstest.FakeBrowser{here, copied} {
				_, err := f.SignOut(b.Context(f.Context()))
				require.NoError(f, err)
			}
		}, ofHere},
		"one of the list": {func(f *fixture, here, _ *portstest.FakeBrowser) {
			own, err := f.OwnSessions(here.Context(f.Context()))
			require.NoError(f, err)
			require.NoError(f, f.EndOwnSession(here.Context(f.Context()), own[1].ID))
			require.NoError(f, f.EndOwnSession(here.Context(f.Context()), own[1].ID))
		}, ofThere},
		"all others": {func(f *fixture, here, _ *portstest.FakeBrowser) {
			_, err := f.EndOtherSessions(here.Context(f.Context()))
			require.NoError(f, err)
		}, ofThere},
		"back channel by sid": {func(f *fixture, _, _ *portstest.FakeBrowser) {
			f.backChannel(ports.LogoutToken{ProviderSession: "sid"})
		}, ofBoth},
		"back channel by sub": {func(f *fixture, _, _ *portstest.FakeBrowser) {
			f.backChannel(ports.LogoutToken{Subject: ada.Subject})
		}, ofBoth},
		"idle limit": {func(f *fixture, here, _ *portstest.FakeBrowser) {
			f.clock.Advance(66 * time.Minute)
			_, err := f.CurrentUser(here.Context(f.Context()))
			require.ErrorIs(f, err, domain.ErrNotSignedIn)
		}, ofHere},
		"sign-out after the limit": {func(f *fixture, here, _ *portstest.FakeBrowser) {
			f.clock.Advance(66 * time.Minute)
			_, err := f.SignOut(here.Context(f.Context()))
			require.NoError(f, err)
		}, ofHere},
		"another person's sign-in": {func(f *fixture, here, _ *portstest.FakeBrowser) {
			f.signIn(here, entraIdentity("eve", ""), "api")
		}, ofHere},

		"the same person's sign-in": {func(f *fixture, here, _ *portstest.FakeBrowser) {
			f.signIn(here, ada, "api")
		}, none},
		"the same person's sign-in after the limit": {func(f *fixture, here, _ *portstest.FakeBrowser) {
			f.clock.Advance(66 * time.Minute)
			f.signIn(here, ada, "api")
		}, none},
		"the limit, unseen": {func(f *fixture, here, _ *portstest.FakeBrowser) {
			f.clock.Advance(66 * time.Minute)
			_, err := f.Peek(here.Context(f.Context()))
			require.ErrorIs(f, err, domain.ErrNotSignedIn)
		}, none},
		"front channel": {func(f *fixture, _, _ *portstest.FakeBrowser) {
			n, err := f.FrontChannelLogout(f.Context(), "", "sid")
			require.NoError(f, err)
			require.Equal(f, 2, n)
		}, none},
		"account gone": {func(f *fixture, here, _ *portstest.FakeBrowser) {
			f.provider.DisableAccounts()
			f.clock.Advance(59 * time.Minute)
			_, err := f.AccessToken(here.Context(f.Context()), "api")
			require.ErrorIs(f, err, domain.ErrNotSignedIn)
		}, none},
		"too many sessions": {func(f *fixture, _, _ *portstest.FakeBrowser) {
			for range ports.MaxSessions {
				f.clock.Advance(time.Second)
				f.signIn(f.sessions.NewBrowser(), ada, "api")
			}
			require.Equal(f, ports.MaxSessions, f.sessions.Len())
		}, none},
		"another person's logout token": {func(f *fixture, _, _ *portstest.FakeBrowser) {
			f.backChannel(ports.LogoutToken{Subject: "s-eve"})
		}, none},
	} {
		t.Run(name, func(t *testing.T) {
			f, log := revoking(t)
			here, there := f.sessions.NewBrowser(), f.sessions.NewBrowser()
			f.signIn(there, ada, "api")
			f.signIn(here, ada, "api")
			tokens := []string{f.refreshToken(here), f.refreshToken(there)}
			var want []string
			for i, token := range tokens {
				if w.want&(1<<i) != 0 {
					want = append(want, token)
				}
			}
			slices.Sort(want)
			w.end(f, here, there)
			assert.Equal(t, want, f.revoked())
			assert.Len(t, log.revocations(), len(want))
			for _, e := range log.revocations() {
				assert.Equal(t, ports.AuditEvent{Kind: ports.AuditTokenRevoked, User: "tid:t1 oid:ada", Tenant: "t1"}, e)
			}
		})
	}
}

// revocations returns the events of revocations.
func (l *auditLog) revocations() (events []ports.AuditEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if e.Kind == ports.AuditTokenRevoked || e.Kind == ports.AuditRevocationFailed {
			events = append(events, e)
		}
	}
	return events
}

// A person who is no longer admitted does not sign out, so the token stays.
func TestNoTokenIsRevokedIfAPersonIsNoLongerAdmitted(t *testing.T) {
	wide, _ := revoking(t)
	b := wide.sessions.NewBrowser()
	wide.signIn(b, entraIdentity("ada", ""), "api")
	narrow, _ := revoking(t, func(cfg *domain.Config) {
		cfg.Sessions, cfg.Provider, cfg.AllowedSubjects = wide.sessions, wide.provider, []string{"another"}
	})
	_, err := narrow.CurrentUser(b.Context(t.Context()))
	require.ErrorIs(t, err, domain.ErrNotSignedIn)
	narrow.FinishRevocations(t.Context())
	assert.Empty(t, wide.provider.Revoked())
	assert.Zero(t, wide.sessions.Len())
}

func TestTheRefreshedTokenIsRevoked(t *testing.T) {
	f, _ := revoking(t)
	b := f.sessions.NewBrowser()
	f.signIn(b, entraIdentity("ada", ""), "api")
	first := f.refreshToken(b)
	f.clock.Advance(56 * time.Minute)
	_, err := f.AccessToken(b.Context(t.Context()), "api")
	require.NoError(t, err)
	second := f.refreshToken(b)
	require.NotEqual(t, first, second)
	_, err = f.SignOut(b.Context(t.Context()))
	require.NoError(t, err)
	assert.Equal(t, []string{second}, f.revoked())
}

// lateProvider calls during while it refreshes. With keeps it does not replace the
// refresh token.
type lateProvider struct {
	*portstest.FakeProvider
	during func()
	keeps  bool
	got    string
}

func (p *lateProvider) Refresh(ctx context.Context, req ports.RefreshRequest) (ports.Refreshed, error) {
	refreshed, err := p.FakeProvider.Refresh(ctx, req)
	p.during()
	if p.keeps {
		refreshed.RefreshToken = req.RefreshToken
	}
	p.got = refreshed.RefreshToken
	return refreshed, err
}

// A refresh that ends after its session brings a token that nobody needs. It is revoked,
// whichever of its writes finds that the session has ended.
func TestATokenOfALateRefreshIsRevoked(t *testing.T) {
	for name, c := range map[string]struct {
		memberships *ports.Memberships
		keeps       bool
		end         func(f *fixture, b *portstest.FakeBrowser) error
		want        func(old, late string) []string
	}{
		"sign-out": {nil, false, func(f *fixture, b *portstest.FakeBrowser) error {
			_, err := f.SignOut(b.Context(f.Context()))
			return err
		}, func(old, late string) []string { return []string{old, late} }},
		"front channel": {&ports.Memberships{}, false, func(f *fixture, _ *portstest.FakeBrowser) error {
			_, err := f.FrontChannelLogout(f.Context(), "", "sid")
			return err
		}, func(_, late string) []string { return []string{late} }},
		"front channel, the same token": {nil, true, func(f *fixture, _ *portstest.FakeBrowser) error {
			_, err := f.FrontChannelLogout(f.Context(), "", "sid")
			return err
		}, func(_, _ string) []string { return nil }},
		"the store is down": {nil, false, func(f *fixture, _ *portstest.FakeBrowser) error {
			f.sessions.SetDown(true)
			return nil
		}, func(_, _ string) []string { return nil }},
	} {
		t.Run(name, func(t *testing.T) {
			late := &lateProvider{keeps: c.keeps}
			f, _ := revoking(t, func(cfg *domain.Config) {
				late.FakeProvider = cfg.Provider.(*portstest.FakeProvider)
				cfg.Provider = late
			})
			b := f.sessions.NewBrowser()
			f.signIn(b, entraIdentity("ada", "sid"), "api")
			old := f.refreshToken(b)
			copied := b.Clone().(*portstest.FakeBrowser)
			late.during = func() { require.NoError(t, c.end(f, copied)) }
			f.provider.SetMemberships(c.memberships)
			f.clock.Advance(56 * time.Minute)
			_, err := f.AccessToken(b.Context(t.Context()), "api")
			require.Error(t, err)
			want := c.want(old, late.got)
			slices.Sort(want)
			assert.Equal(t, want, f.revoked())
		})
	}
}

// tokenReads is a session manager that records whether tokens were asked for.
type tokenReads struct {
	*portstest.FakeSessions
	asked bool
}

func (r *tokenReads) End(ctx context.Context, withTokens bool) ([]ports.EndedSession, error) {
	r.asked = r.asked || withTokens
	return r.FakeSessions.End(ctx, withTokens)
}

func (r *tokenReads) Start(ctx context.Context, n ports.NewSession, withTokens bool) ([]ports.EndedSession, error) {
	r.asked = r.asked || withTokens
	return r.FakeSessions.Start(ctx, n, withTokens)
}

func (r *tokenReads) EndSessionsOf(ctx context.Context, issuer, subject string, keepThis, withTokens bool) ([]ports.EndedSessions, error) {
	r.asked = r.asked || withTokens
	return r.FakeSessions.EndSessionsOf(ctx, issuer, subject, keepThis, withTokens)
}

// withoutEndpoint is a provider without a revocation endpoint, or with TOKEN_REVOCATION=off.
type withoutEndpoint struct{ *portstest.FakeProvider }

func (withoutEndpoint) RevokesTokens() bool { return false }

// withoutAbility is a provider that cannot revoke tokens.
type withoutAbility struct{ ports.IdentityProvider }

func TestTokensStayWhereTheyAreWithoutRevocation(t *testing.T) {
	for name, change := range map[string]func(*domain.Config){
		"no ability": func(cfg *domain.Config) { cfg.Provider = withoutAbility{cfg.Provider} },
		"no endpoint": func(cfg *domain.Config) {
			cfg.Provider = withoutEndpoint{cfg.Provider.(*portstest.FakeProvider)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			reads := &tokenReads{}
			f, log := revoking(t, change, func(cfg *domain.Config) {
				reads.FakeSessions = cfg.Sessions.(*portstest.FakeSessions)
				cfg.Sessions = reads
			})
			here, there := f.sessions.NewBrowser(), f.sessions.NewBrowser()
			f.signIn(here, entraIdentity("eve", ""), "api")
			f.signIn(here, entraIdentity("ada", ""), "api")
			f.signIn(there, entraIdentity("ada", ""), "api")
			_, err := f.EndOtherSessions(here.Context(t.Context()))
			require.NoError(t, err)
			_, err = f.SignOut(here.Context(t.Context()))
			require.NoError(t, err)
			assert.Empty(t, f.revoked())
			assert.Empty(t, log.revocations())
			assert.False(t, reads.asked, "tokens are not read in vain")
		})
	}
}

func TestAFailedRevocationIsRecorded(t *testing.T) {
	f, log := revoking(t)
	b := f.sessions.NewBrowser()
	f.signIn(b, entraIdentity("ada", ""), "api")
	token := f.refreshToken(b)
	f.provider.Down(true)
	_, err := f.SignOut(b.Context(t.Context()))
	require.NoError(t, err)
	f.FinishRevocations(t.Context())
	require.Len(t, log.revocations(), 1)
	assert.Equal(t, ports.AuditEvent{
		Kind: ports.AuditRevocationFailed, Reason: domain.ErrProviderUnavailable.Error(), User: "tid:t1 oid:ada", Tenant: "t1",
	}, log.revocations()[0])
	assert.NotContains(t, fmt.Sprint(log.events), token)
}

// hangingRevoker is a provider whose revocation endpoint responds only when released.
type hangingRevoker struct {
	*portstest.FakeProvider
	release chan struct{}

	mu           sync.Mutex
	running, max int
}

func (h *hangingRevoker) RevokeToken(ctx context.Context, token string) error {
	h.mu.Lock()
	h.running++
	h.max = max(h.max, h.running)
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.running--
	}()
	select {
	case <-h.release:
		return h.FakeProvider.RevokeToken(ctx, token)
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ports.ErrProviderUnavailable, ctx.Err())
	}
}

// counts returns how many revocations run, and how many have run at once.
func (h *hangingRevoker) counts() (running, max int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.running, h.max
}

func hanging(t *testing.T) (*fixture, *auditLog, *hangingRevoker) {
	slow := &hangingRevoker{release: make(chan struct{})}
	f, log := revoking(t, func(cfg *domain.Config) {
		slow.FakeProvider = cfg.Provider.(*portstest.FakeProvider)
		cfg.Provider = slow
	})
	return f, log, slow
}

// signOuts signs n people in and out.
func (f *fixture) signOuts(n int) {
	f.Helper()
	for i := range n {
		b := f.sessions.NewBrowser()
		f.signIn(b, entraIdentity(fmt.Sprint("person ", i), ""), "api")
		request, cancel := context.WithCancel(b.Context(f.Context()))
		_, err := f.SignOut(request)
		require.NoError(f, err)
		cancel() // the browser has gone; the revocation goes on
	}
}

// Nobody waits for a provider that hangs. Few requests run, few tokens wait, and all is
// over after five seconds.
func TestRevocationsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, log, slow := hanging(t)
		began := time.Now()
		const people, waiting, calls = 500, 400, 16
		f.signOuts(people)
		assert.Zero(t, time.Since(began), "nobody waits")
		synctest.Wait()
		running, _ := slow.counts()
		assert.Equal(t, calls, running)
		assert.Len(t, log.revocations(), people-waiting, "too many at once")
		f.FinishRevocations(t.Context())
		assert.Equal(t, 5*time.Second, time.Since(began))
		_, most := slow.counts()
		assert.Equal(t, calls, most)
		assert.Empty(t, f.provider.Revoked())
		require.Len(t, log.revocations(), people)
		for _, e := range log.revocations() {
			require.Equal(t, ports.AuditRevocationFailed, e.Kind)
			require.Contains(t, []string{domain.ErrProviderUnavailable.Error(), "too many token revocations at once"}, e.Reason)
			require.Contains(t, domain.AuditReasons(), e.Reason)
		}
	})
}

// A back-channel logout can end a hundred sessions. A provider that responds revokes all
// their tokens, a few at a time.
func TestALogoutTokenRevokesAHundredTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, log, slow := hanging(t)
		for range ports.MaxSessions {
			f.signIn(f.sessions.NewBrowser(), entraIdentity("ada", ""), "api")
		}
		f.backChannel(ports.LogoutToken{Subject: "s-ada"})
		synctest.Wait()
		close(slow.release)
		assert.Len(t, f.revoked(), ports.MaxSessions)
		assert.Len(t, log.revocations(), ports.MaxSessions)
		_, most := slow.counts()
		assert.Equal(t, 16, most)
	})
}

// Invariant 14: the end of the program waits for running revocations, and no other
// begins.
func TestTheEndOfTheProgramWaitsForRevocations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, log, slow := hanging(t)
		f.signOuts(20)
		time.AfterFunc(4*time.Second, func() { close(slow.release) })
		began := time.Now()
		f.FinishRevocations(t.Context())
		assert.Equal(t, 4*time.Second, time.Since(began))
		assert.Len(t, f.provider.Revoked(), 20)

		f.signOuts(1)
		synctest.Wait()
		assert.Len(t, f.provider.Revoked(), 20)
		assert.Equal(t, "too many token revocations at once", log.revocations()[20].Reason)
	})
}

func TestTheEndOfTheProgramIsNotHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, slow := hanging(t)
		f.signOuts(20)
		limit, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		began := time.Now()
		f.FinishRevocations(limit)
		assert.Equal(t, 2*time.Second, time.Since(began))
		close(slow.release)
		synctest.Wait()
	})
}
