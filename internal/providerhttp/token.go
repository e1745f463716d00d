package providerhttp

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// TokenRequest is a request to a token endpoint, or to another endpoint that
// authenticates the client in the same way.
type TokenRequest struct {
	URL       string
	ClientID  string
	Secret    string           // empty if Params have a client assertion
	AuthStyle oauth2.AuthStyle // how the ID and the secret are sent
	Params    url.Values       // without the client authentication
}

// RequestToken sends a token request, exactly once, and returns the response. x/oauth2
// builds the request. It does not read the response, because it refuses a response without
// an access token, as Azure AD B2C sends it.
func (c *Client) RequestToken(ctx context.Context, r TokenRequest) (Response, error) {
	sent := &singleRequest{client: c, err: Unavailable("the URL cannot be requested")}
	ctx = context.WithValue(WithEndpoint(ctx, EndpointToken), oauth2.HTTPClient, &http.Client{
		Transport: sent, CheckRedirect: followNoRedirect,
	})
	if r.Params.Get("grant_type") == "authorization_code" {
		config := oauth2.Config{
			ClientID: r.ClientID, ClientSecret: r.Secret, Endpoint: oauth2.Endpoint{TokenURL: r.URL, AuthStyle: r.AuthStyle},
		}
		var options []oauth2.AuthCodeOption
		for name := range r.Params {
			options = append(options, oauth2.SetAuthURLParam(name, r.Params.Get(name)))
		}
		_, _ = config.Exchange(ctx, r.Params.Get("code"), options...) // sent has the response or the error
		return sent.response, sent.err
	}
	// The refresh of oauth2.Config cannot name a scope.
	config := clientcredentials.Config{
		ClientID: r.ClientID, ClientSecret: r.Secret, TokenURL: r.URL, AuthStyle: r.AuthStyle, EndpointParams: r.Params,
	}
	_, _ = config.Token(ctx)
	return sent.response, sent.err
}

// PostForm sends r, exactly once, to another endpoint that authenticates the client as the
// token endpoint does (RFC 9126, RFC 7009), and returns the response. RequestToken cannot
// do that, because x/oauth2 adds a grant type. endpoint is the name for metrics and traces.
// The form always has client_id, which is also a parameter of an authorization request.
func (c *Client) PostForm(ctx context.Context, endpoint string, r TokenRequest) (Response, error) {
	form := maps.Clone(r.Params)
	form.Set("client_id", r.ClientID)
	if r.Secret != "" && r.AuthStyle != oauth2.AuthStyleInHeader {
		form.Set("client_secret", r.Secret)
	}
	req, err := http.NewRequest(http.MethodPost, r.URL, strings.NewReader(form.Encode()))
	if err != nil {
		return Response{}, Unavailable("the URL cannot be requested")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	if r.Secret != "" && r.AuthStyle == oauth2.AuthStyleInHeader { // RFC 6749, section 2.3.1
		req.SetBasicAuth(url.QueryEscape(r.ClientID), url.QueryEscape(r.Secret))
	}
	return c.Do(WithEndpoint(ctx, endpoint), req)
}

// singleRequest is a transport for one request. It keeps the response for the caller and
// gives x/oauth2 an empty one, which costs nothing to parse.
type singleRequest struct {
	client   *Client
	used     bool
	response Response
	err      error
}

// RoundTrip implements http.RoundTripper. It returns an error for a second request: a code
// must not be sent twice.
func (s *singleRequest) RoundTrip(req *http.Request) (*http.Response, error) {
	if s.used {
		CloseBody(req.Body)
		return nil, errors.New("a token request is sent once")
	}
	s.used = true
	req = req.Clone(req.Context())
	req.Header.Set("Accept", "application/json")
	s.response, s.err = s.client.Do(req.Context(), req)
	if s.err != nil {
		return nil, s.err
	}
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: req}, nil
}
