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
	// apiPatience is how long the API may take to answer, its body included.
	apiPatience = 10 * time.Second
	// maxAPIBody is how much of the API's answer is read and shown, in bytes.
	maxAPIBody = 256 << 10
)

// callAPI calls the configured API as the signed-in user and shows its answer.
// It is also the example of a handler with an API client.
func (a *app) callAPI(w http.ResponseWriter, r *http.Request, session domain.Session) error {
	start := a.Now()
	got, err := get(r.Context(), a.APIClient(a.Scopes...), a.Endpoint)
	if err != nil && !errors.Is(err, errAPI) {
		return err
	}
	v := apiView{
		Method: http.MethodGet, Endpoint: a.Endpoint, Took: a.Now().Sub(start),
		Status: got.status, Body: readableBody(got.body), Truncated: got.truncated,
		Explanation: explainStatus(got.status),
	}
	status := http.StatusOK
	if err != nil {
		observed(r.Context()).err = err
		status, v.Explanation = apiTrouble(err)
		if status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "10")
		}
	}
	return a.page(w, r, status, &session, v)
}

// errAPI marks the API's own trouble; other errors of a call are about the
// user's token and go to the edge as they are.
var errAPI = errors.New("the API did not answer")

// apiTrouble is the status of our page when the API gave no answer, and what it
// means. An answer that says no is an answer.
func apiTrouble(err error) (int, message) {
	switch {
	case errors.Is(err, ErrTooManyCalls):
		return http.StatusServiceUnavailable, "api.explain.waiting"
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout, "api.explain.unreachable"
	default:
		return http.StatusBadGateway, "api.explain.unreachable"
	}
}

// apiAnswer is what an API answered, up to maxAPIBody.
type apiAnswer struct {
	status    int
	body      []byte
	truncated bool
}

func get(ctx context.Context, client *http.Client, endpoint string) (apiAnswer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, nil)
	if err != nil {
		return apiAnswer{}, fmt.Errorf("%w: %w", errAPI, err)
	}
	req.Header.Set("Accept", "application/json")
	res, err := client.Do(req)
	if err != nil {
		if _, ok := errors.AsType[*tokenError](err); ok {
			return apiAnswer{}, err
		}
		return apiAnswer{}, fmt.Errorf("%w: %w", errAPI, err)
	}
	defer closeBody(res.Body)
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAPIBody+1))
	if err != nil {
		return apiAnswer{}, fmt.Errorf("%w: %w", errAPI, err)
	}
	got := apiAnswer{status: res.StatusCode, body: body}
	if len(body) > maxAPIBody {
		got.body, got.truncated = body[:maxAPIBody], true
	}
	return got, nil
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
