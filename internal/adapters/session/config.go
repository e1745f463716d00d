package session

import (
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

// Remains is how long the store keeps a session that has run out, so that its
// end can be told of when its browser comes back: until the next day. It is
// small beside its claims and grant, which stay for Lifetime. Its record expires
// that much later than the session itself.
const Remains = 24 * time.Hour

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
