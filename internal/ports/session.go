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

// SessionManager joins the five ports of an adapter for sessions.
type SessionManager interface {
	PendingSignIns
	Sessions
	SessionTokens
	SessionDirectory
	OneTimeIDs
}

// PendingSignIns keeps sign-ins that have begun and not come back yet. They
// live with the browser: an anonymous visitor costs the server nothing.
type PendingSignIns interface {
	// Keep remembers p for this browser under p.State. Several sign-ins may be
	// pending in one browser; their number is bounded and the oldest is
	// dropped for a new one.
	Keep(ctx context.Context, p PendingSignIn) error

	// Take returns the pending sign-in with exactly this state that began in
	// this browser, and spends it: a second Take of the same state fails, on
	// every instance that shares a store, also when the browser presents an
	// old copy. Errors: ErrNoPendingSignIn where there is none, ErrPendingSpent
	// where there was one and it has been taken. Beside ErrStoreUnavailable,
	// which spends nothing, ReturnTo is set where the browser has it. Beside
	// ErrPendingSpent, State and ReturnTo are set if this browser still holds the
	// sign-in: it has not had the response to the first Take.
	Take(ctx context.Context, state string) (PendingSignIn, error)

	// RecordOutcome records how the sign-in of a spent state ended, for every
	// instance that shares a store and as long as the state is known to be
	// spent. outcome is not empty. The first call counts; a later one changes
	// nothing and is no error. It needs no browser in ctx. ErrNoRecord if the
	// state is not known to be spent.
	RecordOutcome(ctx context.Context, state string, outcome []byte) error

	// Outcome returns what RecordOutcome has recorded, ErrNoOutcome if there is
	// nothing. It needs no browser in ctx.
	Outcome(ctx context.Context, state string) ([]byte, error)
}

// PendingSignIn is what is remembered of a sign-in while the browser is at the
// provider.
type PendingSignIn struct {
	State    string
	Secret   string // Authorization.Secret
	ReturnTo string // where to go afterwards, checked when it began
	Scopes   []string
	// StepUp is the domain's and opaque to the adapter.
	StepUp string
	Began  time.Time
}

// Sessions keeps who is signed in.
type Sessions interface {
	// Start begins a new session for this browser, under a new unguessable
	// token. What this browser had before is ended and returned as by End, also
	// beside an error, after which no session has begun. Every call begins
	// another session.
	Start(ctx context.Context, n NewSession) ([]Session, error)

	// Current returns this browser's session. Errors: ErrNoSession where it
	// has none (never had, ended, forgotten, or unreadable). One whose Expires
	// has passed is none either, for every method: it comes with
	// ErrSessionExpired as long as the store knows it and End has not ended it,
	// so that its end can be told of. Calling it again changes nothing.
	Current(ctx context.Context) (Session, error)

	// Touch records that the session was used at seen, and that it runs out at
	// expires. ErrNoSession where it has ended meanwhile; an ended session is
	// never written back. Of two touches at once either may win.
	Touch(ctx context.Context, seen, expires time.Time) error

	// UpdateRoles replaces the roles of this browser's session and changes
	// nothing else of it. ErrNoSession where it has ended meanwhile; an ended
	// session is never written back. A Touch at the same time loses neither the
	// roles nor an end. Calling it again changes nothing.
	UpdateRoles(ctx context.Context, roles []string) error

	// End ends this browser's session and its grant for good, on every
	// instance, and returns what it has ended: one that had run out too, and
	// more than one where the browser names several. Of several calls, on
	// whatever instances, exactly one returns a session. Ending twice, or
	// without a session, is no error and returns none. Beside an error it
	// returns what has ended all the same; the next call does the rest.
	End(ctx context.Context) ([]Session, error)
}

// SessionReferences is an optional ability of a Sessions whose browsers send
// some requests without what proves their session, as they do with a form that
// another site has them post.
type SessionReferences interface {
	// ReferencedSession returns the session that this browser's request names without
	// proof. It says that somebody is signed in there; nothing may be shown or
	// done for them because of it. ErrNoSession where it names none, or one
	// that has ended or run out. Calling it again changes nothing.
	ReferencedSession(ctx context.Context) (Session, error)
}

// SessionHandOver is an optional ability of a Sessions: two requests of the same
// browser can get the same new session.
type SessionHandOver interface {
	// HandOver returns a function that gives this browser's session to the
	// request in another context. Its caller knows that both requests come from
	// the same browser. ErrNoSession if there is no session. Calling either again
	// changes nothing.
	HandOver(ctx context.Context) (give func(ctx context.Context) error, err error)
}

// NewSession is what a session begins with. The parts are kept apart, because
// they are needed at different times: the session with every request, the
// claims on the person's own page, the grant when an API is called.
type NewSession struct {
	Session Session
	Claims  []Claim
	Tokens  Tokens
}

// Session is what is kept of a signed-in browser and read with every request.
type Session struct {
	Identity Identity
	// Device names the browser and system in words, as they said themselves.
	Device string
	// StepUp guards against a loop of step-up sign-ins. The domain writes and
	// reads it; it is opaque to the adapter and empty in most sessions.
	StepUp string
	// Started is when the person signed in.
	Started time.Time
	// Seen is when the session was last known to be used; it lags behind by
	// as much as the domain allows between two Touches.
	Seen time.Time
	// Expires is when the session runs out unless it is touched. The store may
	// know it for some time longer.
	Expires time.Time
}

// SessionTokens keeps what belongs to the browser's session and is not needed with
// every request. Each method returns ErrNoSession where there is no session.
type SessionTokens interface {
	// Claims returns the claims that the session began with.
	Claims(ctx context.Context) ([]Claim, error)

	// Tokens returns the current session's grant, as it is in the store now.
	// It is empty where the session has none or the store has lost it.
	Tokens(ctx context.Context) (Tokens, error)

	// UpdateTokens lets change alter the current session's grant and stores the
	// result, so that of two updates at once none is lost. change may be
	// called several times, each time with the grant as it then is.
	// ErrNoSession where the session has ended meanwhile; an ended session's
	// grant is never written back.
	UpdateTokens(ctx context.Context, change func(*Tokens)) error

	// LeaseRefresh takes the right to renew this session's tokens until the
	// given time, on all instances together. ErrLeased where another holds it.
	// Whoever holds the lease calls release when done; a lease that is never
	// released runs out. Releasing late or twice takes nothing from others.
	LeaseRefresh(ctx context.Context, until time.Time) (release func(context.Context), err error)
}

// SessionDirectory finds sessions of other browsers, by index and never by a
// scan. A person is issuer and subject here, since that is what a provider's
// logout token names; within one application it is the same person as tid and
// oid.
type SessionDirectory interface {
	// SessionsOf lists the live sessions of one person, this browser's
	// included, at most MaxSessions of them. None is no error.
	SessionsOf(ctx context.Context, issuer, subject string) ([]ListedSession, error)

	// The methods that end sessions return what they have ended, one EndedSessions for
	// each person, also beside an error; the next call does the rest. Of several
	// calls at once exactly one returns a session. Nothing to end is no error
	// and returns none.

	// EndSession ends the session that ListedSession.ID names, if it is that
	// person's; it ends nothing where it is somebody else's.
	EndSession(ctx context.Context, issuer, subject, id string) ([]EndedSessions, error)

	// EndSessionsOf ends all sessions of one person, but for this browser's
	// where keepThis is set. With keepThis unset it needs no browser in ctx.
	EndSessionsOf(ctx context.Context, issuer, subject string, keepThis bool) ([]EndedSessions, error)

	// EndLeastRecentlyUsed ends sessions of one person until at most keep are left:
	// those that have run out first, then the ones seen the longest time ago.
	// It never ends this browser's, whose session counts too. A session that is
	// used while the call goes on may be kept beyond that.
	EndLeastRecentlyUsed(ctx context.Context, issuer, subject string, keep int) ([]EndedSessions, error)

	// EndProviderSession ends all sessions that began in the provider's
	// session sid. An empty issuer or subject stands for any; else sessions of
	// others are left alone. It needs no browser in ctx.
	EndProviderSession(ctx context.Context, issuer, subject, sid string) ([]EndedSessions, error)
}

// MaxProviderSession bounds Identity.ProviderSession, in bytes: a provider's
// session with a longer name is none that anybody can end here.
const MaxProviderSession = 512

// MaxSessions is how many sessions a person has at most.
const MaxSessions = 100

// EndedSessions is what a call has ended of one person's sessions.
type EndedSessions struct {
	// Identity is the person's, as one of the sessions had it. It is zero for
	// all those together who come after the first MaxEndedUsers.
	Identity Identity
	// Live is how many sessions were live, and Expired how many of those that
	// were removed had run out before, with nobody told.
	Live, Expired int
}

// MaxEndedUsers bounds the people that one call tells apart.
const MaxEndedUsers = 100

// ListedSession is one session of a person's list.
type ListedSession struct {
	// ID names the session among that person's. It is no credential: nothing
	// can be read or done with it alone.
	ID string
	// Current says that it is the session of the browser that asks.
	Current bool
	Session Session
}

// OneTimeIDs remembers identifiers that may be used once, on all instances
// together.
type OneTimeIDs interface {
	// CheckUnspent returns ErrSpent where id has been recorded, and records nothing.
	// It needs no browser in ctx.
	CheckUnspent(ctx context.Context, id string) error

	// Spend records id until the given time. ErrSpent where it has been
	// recorded before. It needs no browser in ctx.
	Spend(ctx context.Context, id string, until time.Time) error
}
