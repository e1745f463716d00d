// Package session keeps browsers apart and people signed in. It implements the
// session ports on top of cookies, the scs session manager and any
// [ports.SessionStore].
//
// What a browser holds, all of it HttpOnly and Path=/, on https also Secure
// and named with the "__Host-" prefix (RFC 6265bis, section 4.1.3):
//
//	webapp_session        random token of a session; opaque, 43 characters
//	webapp_signin_<hash>  one sealed cookie for each pending sign-in
//	webapp_session_ref    the session's record key; only with CrossSiteCallback
//
// What the store holds, under keys that are hashes and in values that are
// sealed to their key:
//
//	<hash of token>         the session: who, since when, until when
//	<hash of token>.claims  the ID token's claims, for the person's own page
//	<hash of token>.grant   its tokens, for calls of APIs
//	lease.<hash of token>   somebody is renewing the tokens
//	spent.<hash of state>   a mark that a pending sign-in has been taken
//	once.<hash of ID>       a mark that a one-time identifier has been used
//
// A session that has run out is none any more; its own record stays for ExpiredRetention,
// so that its end can be told of once.
//
// An anonymous visitor has no record at all. A session record is added once and
// afterwards only replaced, in exactly the version that was read and never by
// an upsert, so a session that has ended stays ended whatever was in flight. It
// has two indexes, by which it is found for its person and for the provider's
// session; both are keyed hashes that tell a reader of the store nothing.
//
// Of scs, the session manager makes the tokens, hashes them for the store, and
// carries a session through Load, Put and Commit. Its middleware stays unused: it
// commits at the end of each request, by an upsert, and so writes an ended session
// back that a request was still in flight for. scsStore turns the upsert into the
// two things that it can mean.
//
// The session cookie has no Max-Age: browsers drop it when they are closed, and
// until then the limits that the server keeps decide alone.
package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"

	"webapp/internal/ports"
)

// Config says how a Manager keeps sessions.
type Config struct {
	// Store keeps the records. Required.
	Store ports.SessionStore
	// Keys seal cookies and records, 32 random bytes each. The first seals,
	// all of them open. To replace a key without signing anybody out, add the
	// new one behind the old on every instance, then put it in front, and
	// remove the old one after Lifetime: sessions that began under a key end
	// with it. At least one is required.
	Keys [][]byte
	// Realm names whose users the sessions are of: the application at its
	// provider. Nothing that was sealed in another realm opens in this one, even
	// with the same key and store: there somebody else decides who signs in.
	Realm string
	// Secure says that the application is reached by https: cookies become
	// Secure and carry the "__Host-" prefix.
	Secure bool
	// CrossSiteCallback says that the provider's answer comes as a cross-site
	// POST (response_mode=form_post), to which a browser attaches SameSite=None
	// cookies only. It needs Secure.
	CrossSiteCallback bool
	// Lifetime bounds how long the store keeps the claims and the grant of a
	// session that is never ended. The limit of the session itself is its Expires.
	// Required, and at least as long as any session lasts.
	Lifetime time.Duration
	// OpTimeout is how long one operation of the store may take before it
	// counts as unavailable; 3 seconds where it is 0.
	OpTimeout time.Duration
	// Clock tells the time; time.Now where it is nil.
	Clock func() time.Time
}

// ExpiredRetention is how long the store keeps a session that has run out, so that its
// end can be told of when its browser comes back: until the next day. It is
// small beside its claims and grant, which stay for Lifetime. Its record expires
// that much later than the session itself.
const ExpiredRetention = 24 * time.Hour

// defaultOpTimeout leaves a page time to say that the store is down.
const defaultOpTimeout = 3 * time.Second

// New returns a Manager, or an error that names every fault of cfg.
func New(cfg Config) (*Manager, error) {
	seal, err := newSealer(cfg.Keys, cfg.Realm)
	if err := errors.Join(cfg.check(), err); err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.OpTimeout == 0 {
		cfg.OpTimeout = defaultOpTimeout
	}
	records := &records{store: cfg.Store, seal: seal, limit: cfg.OpTimeout}
	m := &Manager{
		records:  records,
		seal:     seal,
		cookies:  newCookieJar(cfg.Secure, cfg.CrossSiteCallback),
		clock:    cfg.Clock,
		lifetime: cfg.Lifetime,
	}
	// Not scs.New, which starts the goroutine of a store that would not be
	// used. The middleware parts of scs stay unused as well: it would commit
	// at the end of a request and so revive an ended session.
	m.scs = &scs.SessionManager{
		Lifetime:         cfg.Lifetime,
		Store:            scsStore{records: records, manager: m},
		Codec:            codec{},
		HashTokenInStore: true,
	}
	return m, nil
}

// check reports what is missing or contradictory.
func (cfg Config) check() error {
	var faults []error
	if cfg.Store == nil {
		faults = append(faults, errors.New("no store"))
	}
	if cfg.Lifetime <= 0 {
		faults = append(faults, errors.New("lifetime is not positive"))
	}
	if cfg.OpTimeout < 0 {
		faults = append(faults, errors.New("store time limit is negative"))
	}
	if cfg.CrossSiteCallback && !cfg.Secure {
		faults = append(faults, errors.New("a cross-site callback needs https"))
	}
	return errors.Join(faults...)
}

// Manager is the session adapter. It is safe for concurrent use. Those of its
// methods that work on a browser find it in their context, where Middleware put
// it, and answer ports.ErrNoBrowser where there is none.
type Manager struct {
	records  *records
	seal     *sealer
	scs      *scs.SessionManager
	cookies  cookieJar
	clock    func() time.Time
	lifetime time.Duration
}

var (
	_ ports.SessionManager = (*Manager)(nil)
	_ ports.StoreReadiness = (*Manager)(nil)

	_ ports.SessionReferences = (*Manager)(nil)
	_ ports.SessionHandOver   = (*Manager)(nil)
)

// Ready returns nil when the store answers, else an error that wraps
// ports.ErrStoreUnavailable.
func (m *Manager) Ready(ctx context.Context) error {
	if probe, ok := m.records.store.(ports.StoreReadiness); ok {
		limited, cancel := m.records.limited(ctx)
		defer cancel()
		return unavailable(probe.Ready(limited))
	}
	err := m.records.exists(ctx, "ready")
	if errors.Is(err, ports.ErrNoRecord) {
		return nil
	}
	return unavailable(err)
}
