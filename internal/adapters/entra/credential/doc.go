// Package credential authenticates the application at a provider's token endpoint (RFC
// 6749, section 2.3; OpenID Connect Core 1.0, section 9). There are four credentials:
//
//	secret.go           client secret                         client_secret_basic or client_secret_post
//	certificate.go      certificate: signs a client assertion private_key_jwt (RFC 7523, section 2.2)
//	federated.go        token of another issuer from a file   the same, the token is the assertion
//	managedidentity.go  token of an Azure managed identity    the same
//
// Package entra calls New once, and Credential.Authenticate for each token request.
// GitHub's adapter gets its secret from SecretSource. Config.Problems checks the
// configuration and the files before the program starts.
//
// certificatefile.go reads PEM and PFX files, and pbes2.go opens encrypted PEM keys.
// Package secretfile reads a file again when it changes, so that a credential can be
// replaced without a restart. No error and no log entry quotes a secret, a key or a token.
package credential
