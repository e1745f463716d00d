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
// A session that has run out is none any more; its own record stays for Remains,
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
