// Package session implements the session ports with cookies, the scs session
// manager and any [ports.SessionStore].
//
// Cookies, all HttpOnly and Path=/. With https they are Secure too, and their
// names begin with "__Host-" (RFC 6265bis, section 4.1.3):
//
//	webapp_session        the session token: 43 random characters
//	webapp_signin_<hash>  one pending sign-in, sealed
//	webapp_session_ref    the session's record key; only with CrossSiteCallback
//
// Records in the store. Keys are hashes, and each value is sealed for its key:
//
//	<hash of token>         the session: user, groups if few, times, device
//	<hash of token>.claims  the claims of the ID token, for the person's own page
//	<hash of token>.tokens  the tokens for API calls
//	lease.<hash of token>   a request is refreshing the tokens
//	spent.<hash of state>   a pending sign-in was taken, and how it ended
//	once.<hash of ID>       a one-time identifier was used
//
// Anonymous visitors have no record.
//
// A session's record is created once. Later writes replace exactly the version
// that was read and never insert a record. So a request in flight cannot write an
// ended session back. The record of an expired session stays for
// ExpiredRetention, so that the audit log can report its end.
//
// Each session's record has an index for its person and one for the provider's
// session. Both are keyed hashes, which mean nothing to a reader of the store.
//
// The session manager of scs makes the tokens, loads sessions and commits new ones.
// Its middleware is not used, because it commits at the end of each request by an
// insert or update, and would write ended sessions back.
//
// The session cookie has no Max-Age: browsers delete it when they close. The
// limits of a session are on the server.
package session

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/alexedwards/scs/v2"

	"webapp/internal/ports"
)

// Config says how a Manager keeps sessions.
type Config struct {
	// Store keeps the records. It is required.
	Store ports.SessionStore
	// Keys seal cookies and records. Each has 32 random bytes, and at least one
	// is required. The first key seals, all keys open. To replace a key without
	// signing anybody out, add the new one behind the old one on every instance,
	// then put it in front, and remove the old one after Lifetime. Sessions that
	// began under a key end when it is removed. UseKeys replaces the keys while the
	// program runs.
	Keys [][]byte
	// Realm names the application and its provider. Values that were sealed in
	// another realm do not open in this one, even with the same key and store,
	// because another provider decided who signs in there.
	Realm string
	// Secure says that browsers use https. It makes cookies Secure and gives
	// their names the prefix "__Host-".
	Secure bool
	// CrossSiteCallback says that the callback is a cross-site POST
	// (response_mode=form_post). Browsers send only SameSite=None cookies with
	// it. It needs Secure.
	CrossSiteCallback bool
	// Lifetime is how long the store keeps the claims and tokens of a session
	// that nobody ends. It is required, and at least as long as any session
	// lasts. The session itself ends at its Expires.
	Lifetime time.Duration
	// KeepsTokens reports whether the store keeps the tokens of an expired session as
	// long as its record, so that End can return the refresh token when the browser
	// comes back. Nil means no.
	KeepsTokens func() bool
	// Clock returns the time. The default is time.Now.
	Clock func() time.Time
}

// ExpiredRetention is how long the store keeps the record of an expired session.
// If its browser comes back within that time, the audit log reports the end.
const ExpiredRetention = 24 * time.Hour

// New returns a Manager, or an error that lists every fault in cfg.
func New(cfg Config) (*Manager, error) {
	keys, err := newSealer(cfg.Keys, cfg.Realm)
	if err := errors.Join(cfg.check(), err); err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.KeepsTokens == nil {
		cfg.KeepsTokens = func() bool { return false }
	}
	m := &Manager{
		realm:    cfg.Realm,
		cookies:  newCookieJar(cfg.Secure, cfg.CrossSiteCallback),
		clock:    cfg.Clock,
		lifetime: cfg.Lifetime,
		keeps:    cfg.KeepsTokens,
	}
	m.keys.Store(keys)
	m.records = &records{store: cfg.Store, seal: m.keysOf}
	// scs.New is not used: it starts a goroutine for a store of its own.
	m.scs = &scs.SessionManager{
		Lifetime: cfg.Lifetime,
		Store:    scsStore{records: m.records, manager: m},
		Codec:    codec{},
	}
	return m, nil
}

// check returns an error that lists every fault.
func (cfg Config) check() error {
	var faults []error
	if cfg.Store == nil {
		faults = append(faults, errors.New("no store"))
	}
	if cfg.Lifetime <= 0 {
		faults = append(faults, errors.New("lifetime is not positive"))
	}
	if cfg.CrossSiteCallback && !cfg.Secure {
		faults = append(faults, errors.New("a cross-site callback needs https"))
	}
	return errors.Join(faults...)
}

// Manager implements the session ports. It is safe for concurrent use. Most
// methods act for the browser that Middleware put into the context. Without one
// they return ports.ErrNoBrowser.
type Manager struct {
	records  *records
	keys     atomic.Pointer[sealer] // only Middleware and keysOf read it
	realm    string
	scs      *scs.SessionManager
	cookies  cookieJar
	clock    func() time.Time
	lifetime time.Duration
	keeps    func() bool
}

var (
	_ ports.SessionManager = (*Manager)(nil)
	_ ports.StoreReadiness = (*Manager)(nil)

	_ ports.SessionReferences = (*Manager)(nil)
	_ ports.SessionHandOver   = (*Manager)(nil)
)

// UseKeys replaces Config.Keys for everything that begins after the call. A request
// that has begun keeps the keys that it began with, so that it never works with two
// lists. If a key is malformed, UseKeys returns an error and changes nothing.
func (m *Manager) UseKeys(keys [][]byte) error {
	next, err := newSealer(keys, m.realm)
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	m.keys.Store(next)
	return nil
}

// Ready returns nil if the store responds. errors.Is matches
// ports.ErrStoreUnavailable otherwise.
func (m *Manager) Ready(ctx context.Context) error {
	if probe, ok := m.records.store.(ports.StoreReadiness); ok {
		return unavailable(probe.Ready(ctx))
	}
	err := m.records.exists(ctx, "ready")
	if errors.Is(err, ports.ErrNoRecord) {
		return nil
	}
	return unavailable(err)
}
