// Package idtoken verifies the ID tokens and logout tokens of one OpenID Provider
// and reads their claims. It makes no request: the caller supplies the keys.
//
// Package entra calls Verifier.Verify after a sign-in and after a refresh, and
// Verifier.VerifyLogout for back-channel logout. Both check in this order:
//
//	1 form        jwt.go         size, three segments, strict base64url (RFC 7515)
//	2 header      jwt.go         alg on the list, no crit, typ, kid (RFC 7515, RFC 8725)
//	3 key         keys.go        the keys that kid and alg select (RFC 7517, RFC 7518)
//	4 signature   keys.go        RFC 7518, section 3; RFC 8037
//	5 claims      jwt.go         JSON without duplicates (RFC 7519, section 4)
//	6 each claim  claims.go      OpenID Connect Core 1.0, section 3.1.3.7
//	              entra.go       Microsoft's rules: tenant, key issuer, version, groups
//	              logouttoken.go OpenID Connect Back-Channel Logout 1.0, section 2.6
//	7 go-oidc     idtoken.go     iss, aud, sub and the events of logout tokens, again
//
// No claim is read before the signature is verified. Every error matches
// ports.ErrTokenRefused, or comes from the caller's function that supplies the keys.
// Its text is constant and quotes nothing of the token. No option turns a check off.
package idtoken
