// Package fakeidp is a whole OpenID Provider in one process, shaped like
// Microsoft Entra ID and spoken to over real HTTP. A relying party can be
// tried out and tested against it without a network, a registration or a
// browser.
//
// It signs in whoever asks, without a password. Start therefore listens on a
// loopback address only.
//
//	idp, err := fakeidp.New(fakeidp.Config{})
//	...
//	base, err := idp.Start("127.0.0.1:0")
//	...
//	defer idp.Close()
//
//	// Point the relying party at it.
//	authority := idp.Authority(fakeidp.ContosoTenantID) // or "common", "contoso.example", ...
//	clientID, secret := fakeidp.DefaultClientID, fakeidp.DefaultClientSecret
//
//	// Play the person: from the relying party's redirect to its callback.
//	answer, err := idp.Authorize(authorizationURL, fakeidp.UserMember)
//	response, err := http.Get(answer.URL())
//
// # What it offers
//
// Discovery, authorization, token, keys, end-session and UserInfo endpoints;
// Microsoft Graph's /v1.0/me and /v1.0/me/getMemberObjects. Tenants by GUID and
// domain, common, organizations and consumers, with the issuer rules of each;
// app roles, groups overage, guests; PKCE, single-use codes, rotating refresh
// tokens, consent, prompt, login_hint, max_age and the claims parameter;
// front-channel logout. Errors carry AADSTS numbers, correlation IDs and trace
// IDs as Entra's do.
//
// Clients prove themselves by a secret, by a certificate (CertificateAuthenticator)
// or by a token of another issuer (FederatedAuthenticator, with TokenIssuer and
// IdentityEndpoint to make such tokens).
//
// It is stricter than Entra where that catches mistakes: state, nonce and PKCE
// are required (see Client.Lax), and no parameter may be repeated.
//
// # What a test can do
//
// Authorize and Decline play the person. Mutate turns ID tokens into wrong
// ones, MutateMetadata, MutateKeys and MutateUserInfo do the same to the
// documents. Fail makes an endpoint slow, wrong or dead; Down takes the whole
// provider away. RotateKeys, RevokeRefreshTokens, RevokeAccessTokens,
// DemandClaims and SignOut are the events of an administrator's day. Requests
// and Log tell what the relying party sent.
package fakeidp
