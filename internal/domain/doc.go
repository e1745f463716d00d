// Package domain holds the rules of signing in and out: what a valid return
// path is, when a pending sign-in or a session is over, who a user is and which
// role opens which page. It knows neither HTTP nor a provider nor a store; it
// reaches them through package ports.
//
// The way of a sign-in:
//
//	SignIn          checks the return path, makes the state, lets the provider
//	                begin, keeps the pending sign-in with the browser
//	  │  (the browser is at the provider)
//	CompleteSignIn  takes the pending sign-in for this state and this browser,
//	                checks its age, only then lets the provider complete,
//	                starts a new session
//	CurrentUser     returns who is signed in, within the session's limits
//	AccessToken     returns a token for an API, refreshed when it is due
//	SignOut         ends the session, then says where the provider's own
//	                sign-out is
package domain
