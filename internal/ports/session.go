package ports

import (
	"context"
	"time"
)

// The session port keeps things for one browser. Which browser that is stands
// in ctx: the adapter puts it there (for HTTP, in a middleware), so that
// neither the domain nor these interfaces know of cookies. A ctx that no
// adapter has prepared is a programming error, reported as ErrNoBrowser.
//
// Every method may fail with ErrStoreUnavailable. It then has changed nothing
// that the browser could notice: nobody is signed out by a store that is down.

// PendingSignIns keeps sign-ins that have begun and not come back yet. They
// live with the browser: an anonymous visitor costs the server nothing.
type PendingSignIns interface {
	// Keep remembers p for this browser under p.State. Several sign-ins may be
	// pending in one browser; their number is bounded and the oldest is
	// dropped for a new one.
	Keep(ctx context.Context, p PendingSignIn) error

	// Take answers the pending sign-in with exactly this state that began in
	// this browser, and spends it: a second Take of the same state fails, on
	// every instance that shares a store, also when the browser presents an
	// old copy. Errors: ErrNoPendingSignIn where there is none, ErrPendingSpent
	// where there was one and it has been taken.
	Take(ctx context.Context, state string) (PendingSignIn, error)
}

// PendingSignIn is what is remembered of a sign-in while the browser is at the
// provider.
type PendingSignIn struct {
	State    string
	Secret   string // Authorization.Secret
	ReturnTo string // where to go afterwards, checked when it began
	Scopes   []string
	Began    time.Time
}

// Sessions keeps who is signed in.
type Sessions interface {
	// Start begins a new session for this browser, under a new unguessable
	// token, with the grant beside it. A session that this browser had before
	// is ended.
	Start(ctx context.Context, s Session, g Grant) error

	// Current answers this browser's session. Errors: ErrNoSession where it
	// has none (never had, ended, expired, or unreadable).
	Current(ctx context.Context) (Session, error)

	// Touch records that the session was used at seen, and that the store may
	// forget it at expires. ErrNoSession where it has ended meanwhile; an
	// ended session is never written back.
	Touch(ctx context.Context, seen, expires time.Time) error

	// End ends this browser's session and its grant for good, on every
	// instance. Ending twice, or without a session, is no error.
	End(ctx context.Context) error
}

// Grants keeps the tokens that belong to the browser's session.
type Grants interface {
	// Grant answers the current session's grant. ErrNoSession where there is
	// no session.
	Grant(ctx context.Context) (Grant, error)

	// SaveGrant replaces the current session's grant. ErrNoSession where the
	// session has ended meanwhile; an ended session's grant is never written
	// back.
	SaveGrant(ctx context.Context, g Grant) error
}

// Session is what is kept of a signed-in browser and read with every request.
type Session struct {
	Identity Identity
	// Started is when the person signed in.
	Started time.Time
	// Seen is when the session was last known to be used; it lags behind by
	// as much as the domain allows between two Touches.
	Seen time.Time
	// Expires is when the store may forget the session unless it is touched.
	Expires time.Time
}

// SessionStore is where the session adapter keeps its records: memory, a file
// or a server. Keys and values are opaque to it; keys hold no secret (they are
// hashes) and values come sealed.
type SessionStore interface {
	// Create adds a record. ErrRecordExists where the key is taken by a record
	// that has not expired; of two creators at once exactly one succeeds.
	Create(ctx context.Context, r Record) error

	// Find answers the value under key. ErrNoRecord where there is none or it
	// has expired.
	Find(ctx context.Context, key string) ([]byte, error)

	// Replace changes a record that exists. ErrNoRecord where it does not, or
	// no longer does: a deleted record never comes back by Replace.
	Replace(ctx context.Context, r Record) error

	// Delete removes a record. A record that is not there is no error.
	Delete(ctx context.Context, key string) error
}

// Record is one entry of a SessionStore.
type Record struct {
	Key     string
	Value   []byte
	Expires time.Time
}

// StoreReadiness is the optional ability of a session store, or of the adapter
// in front of it, to tell whether it answers.
type StoreReadiness interface {
	// Ready answers nil when the store answers, else an error that wraps
	// ErrStoreUnavailable.
	Ready(ctx context.Context) error
}
