// Package domain contains the rules of signing in and out: which return paths are
// valid, when a pending sign-in or a session has expired, who a user is and which
// role opens which page. It does not know HTTP, a provider or a store. It reaches
// them through package ports.
//
// A sign-in goes through these methods of Service:
//
//	SignIn          checks the return path, creates the state, calls the
//	                provider's Begin and stores the pending sign-in
//	  │  (the browser is at the provider)
//	CompleteSignIn  takes this browser's pending sign-in with this state, checks
//	                its age, calls the provider's Complete and starts a new
//	                session
//	CurrentUser     returns the signed-in user if the session has not expired
//	Authorize       is CurrentUser for a proxy in front of another application
//	CheckSignIn     returns an error if a page requires a more recent or a stronger
//	                sign-in, and StepUp begins that sign-in
//	AccessToken     returns a token for an API and refreshes it in time
//	SignOut         ends the session and returns the provider's sign-out URL
package domain
