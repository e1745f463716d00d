package http

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"webapp/internal/domain"
	"webapp/internal/providerhttp"
	"webapp/templates"
)

const (
	// apiTimeout is how long the API may take to answer, its body included.
	apiTimeout = 10 * time.Second
	// maxAPIBody is how much of the API's answer is read and shown, in bytes.
	maxAPIBody = 256 << 10
)

// callAPI calls the configured API as the signed-in user and shows its answer.
// It is also the example of a handler with an API client.
func (a *app) callAPI(r *http.Request, _ domain.Session) (templates.View, error) {
	start := a.Now()
	got, err := get(r.Context(), a.APIClient(a.Scopes...), a.Endpoint)
	if err != nil && !errors.Is(err, errAPI) {
		return nil, err
	}
	v := templates.API{
		Method: http.MethodGet, Endpoint: withoutQuery(a.Endpoint), Took: a.Now().Sub(start),
		Status: got.status, Body: readableBody(got.body), Truncated: got.truncated,
		Explanation: explainStatus(got.status),
	}
	if err != nil {
		v.Explanation = a.wording(errorPageFor(err), err).sentence
		return nil, &viewError{err, v}
	}
	return v, nil
}

// withoutQuery is what may be shown of an API's address: APIs take keys in the
// query.
func withoutQuery(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}

// apiResponse is what an API answered, up to maxAPIBody.
type apiResponse struct {
	status    int
	body      []byte
	truncated bool
}

func get(ctx context.Context, client *http.Client, endpoint string) (apiResponse, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, nil)
	if err != nil {
		return apiResponse{}, apiError(err)
	}
	req.Header.Set("Accept", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return apiResponse{}, apiError(err)
	}
	defer closeBody(res.Body)
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAPIBody+1))
	if err != nil {
		return apiResponse{}, apiError(err)
	}
	got := apiResponse{status: res.StatusCode, body: body}
	if len(body) > maxAPIBody {
		got.body, got.truncated = body[:maxAPIBody], true
	}
	return got, nil
}

// apiError keeps the cause only where its text is known to hold nothing but an
// address: a *url.Error quotes the whole URL, which may hold a key, and a
// protocol error what the API sent.
func apiError(err error) error {
	if _, ok := errors.AsType[*tokenError](err); ok {
		return err
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && !op.Timeout() {
		return fmt.Errorf("%w: %w", errAPI, op)
	}
	if bad, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("%w: %w", errAPI, bad)
	}
	for _, known := range []struct{ cause, kind error }{
		{context.Canceled, errAPI}, {providerhttp.ErrTooManyCalls, errAPIBusy}, {context.DeadlineExceeded, errAPISlow},
		{io.ErrUnexpectedEOF, errAPI}, {io.EOF, errAPI},
	} {
		if errors.Is(err, known.cause) {
			return fmt.Errorf("%w: %w", known.kind, known.cause)
		}
	}
	return fmt.Errorf("%w: the connection failed, or the answer was not HTTP", errAPI)
}

// explainStatus says in plain words what a status means for the person; empty
// for a success.
func explainStatus(status int) templates.Message {
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

// maxIndented bounds the size in bytes of an indented JSON document. The
// indentation grows with the depth: without a bound, a megabyte of brackets
// would become gigabytes of spaces.
const maxIndented = 1 << 20

// indent is one level of indentation.
const indent = "  "

// jsonSpace is what may stand around a document (RFC 8259, section 2).
const jsonSpace = " \t\r\n"

// readableBody turns an API's answer into text for a person: JSON is indented,
// with its numbers and the order of its members kept, anything else stays as
// it is. Bytes that are no UTF-8 become replacement characters.
func readableBody(body []byte) string {
	var out bytes.Buffer
	if indentedSize(body) <= maxIndented && json.Indent(&out, bytes.Trim(body, jsonSpace), "", indent) == nil {
		body = out.Bytes()
	}
	return strings.ToValidUTF8(string(body), "\uFFFD")
}

// indentedSize is at least the size of body once it is indented. Brackets and
// commas inside strings count too, so it may be more.
func indentedSize(body []byte) int {
	size, depth := len(body), 0
	for _, b := range body {
		switch b {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ',', ':':
		default:
			continue
		}
		size += 1 + max(depth, 0)*len(indent)
	}
	return size
}
