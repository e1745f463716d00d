// Package entra is the OpenID Connect relying party: it signs people in at
// Microsoft Entra ID (a tenant, several tenants, B2C, External ID) or at any
// other OpenID Provider.
//
//	Begin ──► authorization URL ──► browser ──► provider ──► callback
//	                                                            │
//	Complete: callback ─► code, once ─► token answer ─► ID token checks ─► identity
//	             ▲                                          ▲
//	          metadata (cache)                           keys (cache)
//
// Everything that comes from outside is refused unless it passes every check;
// there is no option that turns a check off. Package idtoken verifies ID tokens
// and logout tokens (back channel); package authority knows which issuers fit
// the configured provider.
//
// Metadata and keys are loaded when they are first needed, so the application
// starts while the provider is down. While they are used they are refreshed
// hourly in the background, and the last good ones survive an outage. A key ID that
// no key has is a reason to load the keys again: for a sign-in at once and again
// after seconds, for a logout token once in five minutes. A bad signature never is.
//
// A name that the ID token of another OpenID Provider leaves out is asked for at
// its UserInfo endpoint (userinfo.go); it is for display and nothing else.
//
// Groups that a token has no room for are looked up in the Microsoft Graph of
// the authority's cloud, and nowhere else.
//
// No error text holds a token, a code, a secret, an answer's body or a URL's
// query.
package entra
