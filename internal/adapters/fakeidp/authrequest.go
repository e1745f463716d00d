package fakeidp

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// authRequest is a checked authorization request (OpenID Connect Core 1.0,
// section 3.1.2.1).
type authRequest struct {
	at          authority
	client      *Client
	redirectURI string // empty unless the client has registered it
	formPost    bool
	state       string
	nonce       string
	challenge   string // PKCE, S256
	scopes      []string
	prompt      []string
	loginHint   string
	maxAge      time.Duration // negative if the request has none
	claims      string
	// idTokenClaims is the member id_token of claims.
	idTokenClaims requestedClaims
	acrValues     []string
	correlation   string
	raw           url.Values
}

// readAuthRequest reads and checks an authorization request. If it fails, the
// error goes to the returned redirectURI. If redirectURI is empty, the error must
// be shown on a page of the provider.
func (p *Provider) readAuthRequest(segment string, form url.Values) (authRequest, *Error) {
	req := authRequest{raw: form, maxAge: -1, correlation: guidOnly(form.Get("client-request-id"))}
	var err *Error
	if req.at, err = p.authority(segment); err != nil {
		return req, err
	}
	if err = req.readClient(p.client, form); err != nil {
		return req, err
	}
	for _, read := range []func(url.Values) *Error{req.readSingle, req.readResponse, req.readScopes, req.readBinding} {
		if err = read(form); err != nil {
			return req, err
		}
	}
	if err = req.readPrompt(form, p.config.SignUp && req.at.flow == nil); err != nil {
		return req, err
	}
	return req, nil
}

// readClient reads the client and its redirect URI.
func (req *authRequest) readClient(find func(string) *Client, form url.Values) *Error {
	id, uri := form.Get("client_id"), form.Get("redirect_uri")
	if id == "" {
		return missing("client_id")
	}
	client := find(id)
	if err := checkClientTenant(client, id, req.at); err != nil {
		return err
	}
	req.client = client
	if uri == "" {
		return newError(900971, "No reply address provided.")
	}
	if len(form["redirect_uri"]) != 1 || !client.redirects(uri) {
		return newError(50011, "The redirect URI '%s' specified in the request does not match the redirect URIs configured for the application '%s'. Make sure the redirect URI sent in the request matches one added to your application in the Azure portal.", clip(uri), client.ID)
	}
	req.redirectURI = uri
	req.state = form.Get("state")
	req.formPost = form.Get("response_mode") == "form_post"
	return nil
}

// readSingle refuses repeated parameters (RFC 6749, section 3.1) and request
// objects, which this provider does not support.
func (req *authRequest) readSingle(form url.Values) *Error {
	for name, values := range form {
		if len(values) > 1 {
			return newError(9002313, "Invalid request. Request is malformed or invalid: the parameter '%s' is repeated.", clip(name))
		}
	}
	for _, name := range []string{"request", "request_uri"} {
		if form.Has(name) {
			err := newError(9002313, "The parameter '%s' is not supported.", name)
			err.Code = name + "_not_supported"
			return err
		}
	}
	return nil
}

func (req *authRequest) readResponse(form url.Values) *Error {
	if form.Get("response_type") == "" {
		return missing("response_type")
	}
	if kind := form.Get("response_type"); kind != "code" {
		return newError(700054, "response_type '%s' is not enabled for the application.", clip(kind))
	}
	switch form.Get("response_mode") {
	case "", "query", "form_post":
		return nil
	}
	return newError(90014, "The response_mode '%s' is not supported.", clip(form.Get("response_mode")))
}

func (req *authRequest) readScopes(form url.Values) *Error {
	req.scopes = strings.Fields(form.Get("scope"))
	if len(req.scopes) == 0 {
		return missing("scope")
	}
	return nil
}

// readBinding reads the parameters that bind the response to this request: state,
// nonce and the PKCE challenge.
func (req *authRequest) readBinding(form url.Values) *Error {
	req.nonce, req.challenge = form.Get("nonce"), form.Get("code_challenge")
	if !req.client.Lax {
		for _, name := range []string{"state", "nonce"} {
			if form.Get(name) == "" {
				return missing(name)
			}
		}
		if req.challenge == "" {
			return newError(9002325, "Proof Key for Code Exchange is required for authorization code redemption.")
		}
	}
	if req.challenge == "" {
		return nil
	}
	if form.Get("code_challenge_method") != "S256" {
		return newError(50147, "The code_challenge_method '%s' is not supported: use S256.", clip(form.Get("code_challenge_method"))).withCode(codeInvalidRequest)
	}
	if sum, err := base64.RawURLEncoding.DecodeString(req.challenge); err != nil || len(sum) != sha256.Size {
		return newError(501471, "Invalid size of Code_Challenge parameter.").withCode(codeInvalidRequest)
	}
	return nil
}

const promptCreate = "create"

// readPrompt reads how the provider asks the person. signUp accepts promptCreate.
func (req *authRequest) readPrompt(form url.Values, signUp bool) *Error {
	req.prompt = strings.Fields(form.Get("prompt"))
	req.loginHint = form.Get("login_hint")
	supported := []string{"none", "login", "consent", "select_account"}
	if signUp {
		supported = append(supported, promptCreate)
	}
	for _, value := range req.prompt {
		if !slices.Contains(supported, value) {
			return newError(90023, "Unsupported 'prompt' value.")
		}
	}
	if req.asks("none") && len(req.prompt) > 1 {
		return newError(90023, "The 'prompt' value 'none' cannot be combined with another.")
	}
	if text := form.Get("max_age"); text != "" {
		seconds, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return newError(90014, "The value of 'max_age' is not a number of seconds.")
		}
		req.maxAge = time.Duration(seconds) * time.Second
	}
	req.acrValues = strings.Fields(form.Get("acr_values"))
	return req.readClaims(form.Get("claims"))
}

func (req *authRequest) asks(prompt string) bool { return slices.Contains(req.prompt, prompt) }
