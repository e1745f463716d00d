package fakeidp

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Client authentication methods (OpenID Connect Core 1.0, section 9).
const (
	methodBasic     = "client_secret_basic"
	methodPost      = "client_secret_post"
	methodAssertion = "private_key_jwt"
)

// Authenticator authenticates the client of a token request that carries no
// client secret.
type Authenticator interface {
	// Authenticate returns nil if the request comes from the client. The token
	// endpoint responds with the error if it is an *Error, otherwise with
	// AADSTS700027.
	Authenticate(ctx context.Context, proof Proof) error
}

// Proof is the part of a token request that authenticates its client without a
// secret (RFC 7521, section 4.2).
type Proof struct {
	Client        Client
	Assertion     string // client_assertion
	AssertionType string // client_assertion_type
	Form          url.Values
	// Audiences are the accepted audiences of an assertion: the token endpoint and,
	// in a request to another endpoint, also that endpoint and the issuer (RFC 9126,
	// section 2).
	Audiences []string
	Now       time.Time
}

func (c *Client) public() bool {
	return len(c.Secrets) == 0 && len(c.ExpiredSecrets) == 0 && c.Authenticator == nil
}

// authenticate returns the authenticated client of a token request.
func (p *Provider) authenticate(r *http.Request, at authority) (*Client, *Error) {
	id, secret, method, refused := clientCredentials(r)
	if refused != nil {
		return nil, refused
	}
	if id == "" {
		return nil, missing("client_id")
	}
	client := p.client(id)
	if refused := checkClientTenant(client, id, at); refused != nil {
		return nil, refused
	}
	switch {
	case method == "" && p.publicFlow(r.PostForm):
		return client, nil
	case client.public():
		if method != "" {
			return nil, newError(700025, "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.")
		}
		return client, nil
	case method == methodBasic || method == methodPost:
		return client, client.checkSecret(secret, method)
	case client.Authenticator != nil:
		return client, p.askAuthenticator(r, at, client)
	case method == methodAssertion:
		return nil, newError(700027, "The certificate with identifier used to sign the client assertion is not registered on application.")
	}
	return nil, newError(7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
}

// clientCredentials returns the client ID, the secret and the method of client
// authentication. More than one method is an error (RFC 6749, section 2.3).
func clientCredentials(r *http.Request) (id, secret, method string, refused *Error) {
	form := r.PostForm
	id, secret = form.Get("client_id"), form.Get("client_secret")
	used := 0
	if secret != "" {
		method, used = methodPost, used+1
	}
	if form.Get("client_assertion") != "" {
		method, used = methodAssertion, used+1
	}
	if user, password, ok := r.BasicAuth(); ok {
		basicID, err := url.QueryUnescape(user)
		basicSecret, err2 := url.QueryUnescape(password)
		if err != nil || err2 != nil || id != "" && !strings.EqualFold(id, basicID) {
			return "", "", "", newError(9002313, "Invalid request. The Authorization header is malformed, or names another client.")
		}
		id, secret, method, used = basicID, basicSecret, methodBasic, used+1
	}
	if used > 1 {
		return "", "", "", newError(9002313, "Invalid request. The client authenticates in more than one way.")
	}
	return id, secret, method, nil
}

func (c *Client) checkSecret(secret, method string) *Error {
	switch {
	case len(c.AuthMethods) > 0 && !slices.Contains(c.AuthMethods, method):
		return newError(7000218, "The client may not authenticate by %s.", method)
	case containsSecret(c.Secrets, secret):
		return nil
	case containsSecret(c.ExpiredSecrets, secret):
		return newError(7000222, "The provided client secret keys for app '%s' are expired. Visit the Azure portal to create new keys for your app, or consider using certificate credentials for added security.", c.ID)
	}
	return newError(7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'.", c.ID)
}

// containsSecret reports in constant time whether secret is one of known.
func containsSecret(known []string, secret string) bool {
	sum, found := sha256.Sum256([]byte(secret)), 0
	for _, k := range known {
		other := sha256.Sum256([]byte(k))
		found |= subtle.ConstantTimeCompare(sum[:], other[:])
	}
	return found == 1
}

func (p *Provider) askAuthenticator(r *http.Request, at authority, client *Client) *Error {
	here := p.base() + r.URL.Path
	audiences := []string{here}
	for _, endpoint := range []string{"/par", "/revoke"} {
		if under, ok := strings.CutSuffix(here, endpoint); ok {
			audiences = append(audiences, under+"/token", p.Issuer(at.segment))
		}
	}
	err := client.Authenticator.Authenticate(r.Context(), Proof{
		Client:        *client,
		Assertion:     r.PostForm.Get("client_assertion"),
		AssertionType: r.PostForm.Get("client_assertion_type"),
		Form:          r.PostForm,
		Audiences:     audiences,
		Now:           p.now(),
	})
	if err == nil {
		return nil
	}
	if refused, ok := errors.AsType[*Error](err); ok {
		return refused
	}
	return newError(700027, "The client assertion was refused: %s", clip(err.Error()))
}

// checkClientTenant refuses an unknown client, and a single-tenant client at
// another authority.
func checkClientTenant(client *Client, id string, at authority) *Error {
	switch {
	case client == nil, client.TenantID != "" && at.tenant != nil && at.tenant.ID != client.TenantID:
		return newError(700016, "Application with identifier '%s' was not found in the directory '%s'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.", clip(id), at.segment)
	case client.TenantID != "" && at.tenant == nil:
		return newError(50194, "Application '%s' is not configured as a multi-tenant application. Usage of the /%s endpoint is not supported for such apps. Use a tenant-specific endpoint or configure the application to be multi-tenant.", client.ID, at.segment)
	}
	return nil
}
