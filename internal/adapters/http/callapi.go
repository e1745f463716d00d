package http

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"webapp/internal/domain"
)

const (
	// apiPatience is how long the API may take to answer.
	apiPatience = 10 * time.Second
	// maxAPIBody is how much of the API's answer is read and shown, in bytes.
	maxAPIBody = 256 << 10
)

// callAPI calls the configured API as the signed-in user and shows its answer.
func (a *app) callAPI(w http.ResponseWriter, r *http.Request, session domain.Session) error {
	token, err := a.Domain.AccessToken(r.Context(), a.Scopes...)
	if err != nil {
		return err
	}
	v := a.api.call(r.Context(), token)
	return a.page(w, r, v.pageStatus(), &session, v.apiView)
}

// apiCaller calls one API endpoint with bearer tokens (RFC 6750).
type apiCaller struct {
	client   *http.Client
	endpoint string
	now      func() time.Time
}

func newAPICaller(transport http.RoundTripper, endpoint string, now func() time.Time) *apiCaller {
	if transport == nil {
		transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	return &apiCaller{endpoint: endpoint, now: now, client: &http.Client{
		Transport: transport,
		Timeout:   apiPatience,
		// A redirect would carry the token to a place nobody configured.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// apiAnswer is a view with the reason why there was no answer, if so.
type apiAnswer struct {
	apiView
	err error
}

// pageStatus is the status of our page: the API's trouble is a bad gateway,
// but an answer that says no is an answer.
func (v apiAnswer) pageStatus() int {
	switch {
	case v.err != nil && errors.Is(v.err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	case v.err != nil:
		return http.StatusBadGateway
	}
	return http.StatusOK
}

func (c *apiCaller) call(ctx context.Context, token string) apiAnswer {
	start := c.now()
	v := apiAnswer{apiView: apiView{Method: http.MethodGet, Endpoint: c.endpoint}}
	status, body, truncated, err := c.get(ctx, token)
	v.Took = c.now().Sub(start)
	v.err = err
	if err != nil {
		v.Explanation = "api.explain.unreachable"
		return v
	}
	v.Status, v.Body, v.Truncated = status, readableBody(body), truncated
	v.Explanation = explainStatus(status)
	return v
}

// get reads the endpoint's answer up to maxAPIBody.
func (c *apiCaller) get(ctx context.Context, token string) (status int, body []byte, truncated bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.endpoint, nil)
	if err != nil {
		return 0, nil, false, fmt.Errorf("call API: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	res, err := c.client.Do(req)
	if err != nil {
		return 0, nil, false, fmt.Errorf("call API: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err = io.ReadAll(io.LimitReader(res.Body, maxAPIBody+1))
	if err != nil {
		return 0, nil, false, fmt.Errorf("read API answer: %w", err)
	}
	if len(body) > maxAPIBody {
		return res.StatusCode, body[:maxAPIBody], true, nil
	}
	return res.StatusCode, body, false, nil
}

// explainStatus says in plain words what a status means for the person; empty
// for a success.
func explainStatus(status int) message {
	switch {
	case status < http.StatusMultipleChoices:
		return ""
	case status < http.StatusBadRequest:
		return "api.explain.redirect"
	case status == http.StatusUnauthorized:
		return "api.explain.unauthorized"
	case status == http.StatusForbidden:
		return "api.explain.forbidden"
	case status == http.StatusNotFound:
		return "api.explain.notfound"
	case status == http.StatusTooManyRequests:
		return "api.explain.toomany"
	case status >= http.StatusInternalServerError:
		return "api.explain.server"
	default:
		return "api.explain.refused"
	}
}
