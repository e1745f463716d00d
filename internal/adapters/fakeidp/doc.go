// Package fakeidp is an OpenID Provider that behaves like Microsoft Entra ID. It
// runs inside the process and serves real HTTP requests, so that a relying party
// can be tested without a network, an app registration or a browser.
//
// It signs in anybody without a password. Start therefore accepts loopback
// addresses only.
//
// # Use it in a test
//
//	idp, err := fakeidp.New(fakeidp.Config{})
//	...
//	base, err := idp.Start("127.0.0.1:0")
//	...
//	defer idp.Close()
//
//	// Configure the relying party.
//	authority := idp.Authority(fakeidp.ContosoTenantID) // or "common", "contoso.example", ...
//	clientID, secret := fakeidp.DefaultClientID, fakeidp.DefaultClientSecret
//
//	// Sign somebody in: from the authorization URL to the callback URL.
//	response, err := idp.Authorize(authorizationURL, fakeidp.UserMember)
//	page, err := http.Get(response.URL())
//
// Config.Tenants, Accounts and Clients replace the default ones. In a browser,
// the authorization endpoint shows an account picker.
//
// # Control it from a test
//
//   - Authorize and Decline act as the person who signs in.
//   - Mutate changes ID tokens before they are signed. MutateMetadata, MutateKeys
//     and MutateUserInfo change the other documents. Package forgery has a list of
//     bad ID tokens.
//   - Fail makes an endpoint slow, broken or unavailable. Down makes the whole
//     provider unreachable. Heal repairs everything.
//   - RotateKeys, RevokeRefreshTokens, RevokeAccessTokens, DemandClaims,
//     DemandSignIn and SignOut do what an administrator can do at any time.
//   - Requests and Log tell what the relying party sent.
//
// # What it implements
//
// It has the discovery, authorization, token, keys, end-session and UserInfo
// endpoints, and Microsoft Graph's /v1.0/me and /v1.0/me/getMemberObjects. It
// supports tenants by GUID and domain, common, organizations and consumers, with
// the issuer of each; app roles, groups overage and guests; PKCE, single-use
// codes, rotating refresh tokens, consent, prompt, login_hint, max_age, acr_values
// and the claims parameter, with the optional claims auth_time and acrs; front-channel
// logout; pushed authorization requests and token revocation, if Config.PushedRequests
// and Config.Revocation are set. It also has the device code flow, the client
// credentials flow, the on-behalf-of flow, access tokens that an API can verify,
// instance discovery and the admin consent page. Errors carry AADSTS numbers,
// correlation IDs and trace IDs.
//
// Tenant.UserFlows add the user flows of Azure AD B2C, each with an authority of its own
// (UserFlow). The default tenant Contoso has three. Config.SignUp adds the registration
// of accounts, as in External ID.
//
// Clients authenticate with a secret, or with an Authenticator: package clientauth
// has those for certificates, workload identity federation and managed identities.
//
// It is stricter than Entra where that finds mistakes in a relying party: it
// demands state, nonce and PKCE (unless Client.Lax is set), and it refuses repeated
// parameters.
package fakeidp
