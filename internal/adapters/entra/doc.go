// Package entra signs people in with OpenID Connect: at Microsoft Entra ID (a tenant,
// several tenants, Azure AD B2C, External ID) and at any other OpenID Provider.
//
//	Begin ──► authorization URL ──► browser ──► provider ──► callback
//	                                                            │
//	Complete: callback ─► code, once ─► tokens ─► ID token ─► identity
//	             ▲                                   ▲
//	         metadata (cache)                    keys (cache)
//
// Package domain calls Provider through package ports, and cmd/webapp makes it with New.
// Each flow is one file that reads from top to bottom:
//
//	begin.go    Begin                 OpenID Connect Core 1.0, section 3.1.2.1; PKCE (RFC 7636)
//	push.go     pushed authorization requests (RFC 9126)
//	complete.go Complete              iss of the callback (RFC 9207), code (RFC 6749, section
//	                                  4.1.3), ID token, UserInfo (Core, section 5.3)
//	refresh.go  Refresh               RFC 6749, section 6; Core, section 12
//	revoke.go   RevokeToken           RFC 7009
//	flow.go     HasFlow               user flows of Azure AD B2C, registration of an account
//	signout.go  EndSessionURL         RP-Initiated Logout 1.0
//	            VerifyLogoutToken     Back-Channel Logout 1.0
//	graph.go    MemberGroups          groups that a token leaves out, from Microsoft Graph
//	examine.go  Examiner              the doctor's requests
//
// They share token.go (requests with the application's credential), metadata.go (OpenID
// Connect Discovery 1.0), keys.go, cache.go and providererror.go. The packages below entra:
//
//	authority   which cloud and which issuers fit the configured authority
//	idtoken     verifies ID tokens and logout tokens
//	credential  authenticates the application at the provider
//
// Metadata and keys are loaded when they are first needed, so the application starts while
// the provider is down. They are refreshed hourly while they are used, and the last good
// ones stay in use during an outage. An unknown key ID loads the keys again; a bad
// signature never does.
//
// Every response that fails a check is refused, and no option turns a check off. No error
// text has a token, a code, a secret, the body of a response or the query of a URL.
package entra
