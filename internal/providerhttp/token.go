package providerhttp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// TokenRequest is one request to a token endpoint.
type TokenRequest struct {
	URL       string
	ClientID  string
	Secret    string           // empty where Params have a client assertion
	AuthStyle oauth2.AuthStyle // how ID and secret are sent
	Params    url.Values       // grant_type and what belongs to it
}

// RequestToken lets x/oauth2 build and send a token request, exactly once, and
// returns the whole answer. The caller reads it in place of x/oauth2, which
// refuses an answer without an access token, as Azure AD B2C gives it.
func (c *Client) RequestToken(ctx context.Context, r TokenRequest) (Response, error) {
	sent := &singleRequest{client: c, err: Unavailable("the address cannot be asked")}
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
		_, _ = config.Exchange(ctx, r.Params.Get("code"), options...) // sent has the answer, or the error
		return sent.answer, sent.err
	}
	// oauth2.Config's own refresh can name no scope.
	config := clientcredentials.Config{
		ClientID: r.ClientID, ClientSecret: r.Secret, TokenURL: r.URL, AuthStyle: r.AuthStyle, EndpointParams: r.Params,
	}
	_, _ = config.Token(ctx)
	return sent.answer, sent.err
}

// singleRequest is a transport for one request. It keeps the answer.
type singleRequest struct {
	client *Client
	used   bool
	answer Response
	err    error
}

// RoundTrip implements http.RoundTripper. A second request is an error: a code
// is never posted twice.
func (s *singleRequest) RoundTrip(req *http.Request) (*http.Response, error) {
	if s.used {
		closeBody(req.Body)
		return nil, errors.New("a token request is sent once")
	}
	s.used = true
	req = req.Clone(req.Context())
	req.Header.Set("Accept", "application/json")
	s.answer, s.err = s.client.Do(req.Context(), req)
	if s.err != nil {
		return nil, s.err
	}
	return &http.Response{
		StatusCode: s.answer.Status,
		Header:     s.answer.Header,
		Body:       io.NopCloser(bytes.NewReader(s.answer.Body)),
		Request:    req,
	}, nil
}
