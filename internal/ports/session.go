package ports

import (
	"context"
	"time"
)

// SessionManager combines the five session ports. An adapter for sessions
// implements all of them.
//
// Most methods act for one browser. The adapter puts the browser into the context
// (for HTTP in a middleware), so neither the domain nor these interfaces know of
// cookies. Without a browser in the context, these methods return ErrNoBrowser.
//
// Every method can return ErrStoreUnavailable. The browser's session is then as
// it was before: a store that is down signs nobody out.
type SessionManager interface {
	PendingSignIns
	Sessions
	SessionTokens
	SessionDirectory
	OneTimeIDs
}

// PendingSignIns keeps the sign-ins that have begun and are not complete yet. The
// browser stores them, so an anonymous visitor takes no memory on the server.
type PendingSignIns interface {
	// Keep stores p for this browser under p.State. A browser can have several
	// pending sign-ins. Their number is limited: a new one replaces the oldest.
	Keep(ctx context.Context, p PendingSignIn) error

	// Take returns this browser's pending sign-in with exactly this state and
	// marks the state as spent. A second Take of the same state fails on every
	// instance that shares the store, even if the browser sends an old copy.
	//
	// Take returns ErrNoPendingSignIn if this browser has no such sign-in, and
	// ErrPendingSpent if it was taken before. With ErrPendingSpent, State and
	// ReturnTo are set if the browser still has the sign-in, because it has not
	// received the response to the first Take. With ErrStoreUnavailable nothing
	// is spent, and ReturnTo is set if the browser has the sign-in.
	//
	// The caller compares State and checks Expires. After Expires, Take may return an
	// error, or the sign-in, even if an earlier call returned it.
	Take(ctx context.Context, state string) (PendingSignIn, error)

	// RecordOutcome stores how the sign-in that Take returned ended, for all
	// instances that share the store. outcome is not empty. Only the first call
	// has an effect; later ones return nil. RecordOutcome returns ErrNoRecord if
	// the state is not marked as spent. It needs no browser.
	RecordOutcome(ctx context.Context, p PendingSignIn, outcome []byte) error

	// Outcome returns what RecordOutcome stored, or ErrNoOutcome. It needs no
	// browser.
	Outcome(ctx context.Context, state string) ([]byte, error)
}

// PendingSignIn is the state of a sign-in while the person is at the provider.
type PendingSignIn struct {
	State string
	// Secret is Authorization.Secret.
	Secret string
	// ReturnTo is the local path to go to after the sign-in.
	ReturnTo string
	// StepUp belongs to the domain. The adapter stores it unread.
	StepUp string
	// Flow is AuthorizationRequest.Flow.
	Flow Flow
	// Expires is when the sign-in must be complete. The domain checks it. The
	// adapter keeps the sign-in, and the mark that it is spent, until then.
	Expires time.Time
}

// Sessions keeps the sessions of signed-in browsers.
type Sessions interface {
	// Start begins a new session for this browser, with a new unguessable token.
	// It ends the sessions that the browser had before and returns them, as End
	// does. If it returns an error, no session has begun, but old ones may have
	// ended. Each call begins another session.
	Start(ctx context.Context, n NewSession, withTokens bool) ([]EndedSession, error)

	// Current returns this browser's session. It returns ErrNoSession if the
	// browser has none, or if the session has ended or cannot be read. It returns
	// ErrSessionExpired, with the session, if Expires has passed, the store still
	// has it and End has not ended it; its end can then be audited. All other
	// methods treat an expired session as if there was none. Current changes
	// nothing.
	Current(ctx context.Context) (Session, error)

	// Touch sets Seen and Expires of this browser's session. It returns
	// ErrNoSession if the session has ended, and never writes an ended session
	// back. Of two concurrent calls either may win.
	Touch(ctx context.Context, seen, expires time.Time) error

	// UpdateMemberships replaces Identity.Roles and Groups of this browser's
	// session and changes nothing else. It returns ErrNoSession if the session has
	// ended, and never writes an ended session back. A concurrent Touch loses
	// neither the memberships nor an end. A repeated call changes nothing.
	UpdateMemberships(ctx context.Context, roles, groups []string) error

	// End ends this browser's session and deletes its tokens, on all instances.
	// It returns the sessions that it ended, expired ones included; there are
	// several if the browser sent several. Of several calls, on any instances,
	// exactly one returns a given session. Without a session End returns none
	// and no error. If it returns an error, it also returns the sessions that
	// have ended, and the next call ends the others.
	//
	// With withTokens it also returns the refresh tokens of these sessions. A
	// failure to read a token does not keep the session alive.
	End(ctx context.Context, withTokens bool) ([]EndedSession, error)
}

// EndedSession is a session that a call ended.
type EndedSession struct {
	Session
	// RefreshToken is the last refresh token that was stored before the session
	// ended. It is empty if the session had none, if the store did not return it,
	// or if the caller did not ask for it.
	RefreshToken string
}

// NewSession is the content of a new session. Its parts are stored apart because
// they are read at different times: Session with every request, Claims on the
// account page, Tokens for a call to an API.
type NewSession struct {
	Session Session
	Claims  []Claim
	Tokens  Tokens
}

// Session is the part of a session that every request reads.
type Session struct {
	Identity Identity
	// Groups are the object IDs of all groups of the person, if they are few enough to
	// be read with every request. nil means that the session has no list of groups, but
	// Tokens.Groups may have one. An empty list means that the person has no groups.
	Groups []string
	// Device is the browser and operating system in words, from User-Agent.
	Device string
	// StepUp guards against a loop of step-up sign-ins. It belongs to the domain.
	// The adapter stores it unread. Most sessions have none.
	StepUp string
	// Started is the time of the sign-in.
	Started time.Time
	// Seen is the time of the last Touch.
	Seen time.Time
	// Expires is when the session ends unless Touch moves it. The store may keep
	// the session for some time after that.
	Expires time.Time
}

// SessionTokens keeps the parts of a session that few requests need. Every method
// returns ErrNoSession if the browser has no session.
type SessionTokens interface {
	// Claims returns the claims that the session began with.
	Claims(ctx context.Context) ([]Claim, error)

	// Tokens returns the session's tokens as the store has them now. They are
	// empty if the session has none or the store has lost them.
	Tokens(ctx context.Context) (Tokens, error)

	// Groups returns Tokens.Groups and reads no other token.
	Groups(ctx context.Context) (Groups, error)

	// UpdateTokens calls change with the session's tokens and stores the result.
	// Concurrent updates all take effect: change may run several times, each
	// time with the current tokens. UpdateTokens returns ErrNoSession if the
	// session has ended, and never writes the tokens of an ended session back.
	UpdateTokens(ctx context.Context, change func(*Tokens)) error

	// LeaseRefresh takes the exclusive right to refresh this session's tokens
	// until the given time, on all instances together. It returns ErrLeased if
	// another request has it. The caller calls release when it is done; a lease
	// that is not released expires. A late or repeated release has no effect on
	// the lease of another request.
	LeaseRefresh(ctx context.Context, until time.Time) (release func(context.Context), err error)
}

// SessionDirectory finds the sessions of other browsers, by an index and never by
// a scan. It names a person by issuer and subject, because a logout token does.
//
// The methods that end sessions return the sessions that they ended, as one
// EndedSessions for each person. Of several concurrent calls exactly one returns a
// given session. If there are none to end, they return none and no error. If they
// return an error, they also return the sessions that have ended, and the next
// call ends the others. With withTokens they also return refresh tokens, as
// Sessions.End does.
type SessionDirectory interface {
	// SessionsOf returns the unexpired sessions of one person, this browser's
	// included, at most MaxSessions. It returns no error if there are none.
	SessionsOf(ctx context.Context, issuer, subject string) ([]ListedSession, error)

	// EndSession ends the session with the given ListedSession.ID, if it belongs
	// to that person.
	EndSession(ctx context.Context, issuer, subject, id string, withTokens bool) ([]EndedSessions, error)

	// EndSessionsOf ends all sessions of one person, except this browser's if
	// keepThis is set. It needs no browser if keepThis is not set.
	EndSessionsOf(ctx context.Context, issuer, subject string, keepThis, withTokens bool) ([]EndedSessions, error)

	// EndLeastRecentlyUsed ends sessions of one person until at most keep are left:
	// first expired ones, then those that were seen the longest time ago. It never
	// ends this browser's session, which is one of the keep sessions. A session
	// that is used during the call may stay as well.
	EndLeastRecentlyUsed(ctx context.Context, issuer, subject string, keep int) ([]EndedSessions, error)

	// EndProviderSession ends all sessions that began in the provider's session
	// sid, of this issuer and subject. An empty issuer or subject matches any.
	// It needs no browser.
	EndProviderSession(ctx context.Context, issuer, subject, sid string, withTokens bool) ([]EndedSessions, error)
}

// MaxSessions is the largest number of sessions that a person can have.
const MaxSessions = 100

// ListedSession is one session in a person's list.
type ListedSession struct {
	// ID identifies the session in that person's list. It is not a credential:
	// nobody can use the session with it.
	ID string
	// Current is true for the session of the browser that made the request.
	Current bool
	Session Session
}

// EndedSessions are the sessions of one person that a call ended.
type EndedSessions struct {
	// Identity is from one of the sessions. A call names at most MaxEndedUsers
	// people; one more EndedSessions with a zero Identity has the sums for all
	// others.
	Identity Identity
	// Live is the number of unexpired sessions that ended, and Expired the number
	// of expired ones that were removed and that no call had returned before.
	Live, Expired int
	// RefreshTokens are the refresh tokens of these sessions, live and expired, as
	// in EndedSession. One call returns at most MaxEndedTokens.
	RefreshTokens []string
}

// MaxEndedUsers is the largest number of people that one call names in its
// EndedSessions.
const MaxEndedUsers = 100

// MaxEndedTokens is the largest number of refresh tokens that one call returns in
// its EndedSessions. A person's sessions have fewer.
const MaxEndedTokens = 2 * MaxSessions

// OneTimeIDs remembers identifiers that can be used once, on all instances
// together. Its methods need no browser.
type OneTimeIDs interface {
	// CheckUnspent returns ErrSpent if id is spent. It changes nothing.
	CheckUnspent(ctx context.Context, id string) error

	// Spend marks id as spent until the given time. It returns ErrSpent if id is
	// spent already.
	Spend(ctx context.Context, id string, until time.Time) error
}

// SessionReferences is an optional ability of a SessionManager. A request without
// the session cookie, such as a form that another site posts, can still name a
// session by a reference cookie.
type SessionReferences interface {
	// ReferencedSession returns the session that this request names. The
	// reference proves nothing: it shows that somebody is signed in, and the
	// caller must not show or do anything for that person. ReferencedSession
	// returns ErrNoSession if the request names none, or one that has ended or
	// expired. It changes nothing.
	ReferencedSession(ctx context.Context) (Session, error)
}

// SessionHandOver is an optional ability of a SessionManager: two requests of one
// browser can get the same new session.
type SessionHandOver interface {
	// HandOver returns a function that gives this browser's session to the
	// request in another context. The caller makes sure that both requests come
	// from the same browser. HandOver returns ErrNoSession if this browser has no
	// session. Repeated calls of either function change nothing.
	HandOver(ctx context.Context) (give func(ctx context.Context) error, err error)
}
