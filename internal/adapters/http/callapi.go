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

	"webapp/internal/domain"
	"webapp/internal/providerhttp"
	"webapp/templates"
)

// maxAPIBody limits the bytes of the API's response that are read and shown.
const maxAPIBody = 256 << 10

// callAPI calls the configured API as the signed-in user and shows the response.
// It is the example of a handler that uses APIClient.
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
		v.Explanation = a.textsOf(errorPageFor(err), err).sentence
		return nil, &viewError{err, v}
	}
	return v, nil
}

// withoutQuery returns endpoint without its query, which may contain an API key,
// and without user information.
func withoutQuery(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}

// apiResponse is an API's response with at most maxAPIBody bytes of its body.
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
	defer func() { _ = res.Body.Close() }()
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

// apiError turns an error of a request to the API into errAPI, errAPIBusy or
// errAPISlow for the log. It keeps the cause only if its text shows nothing but a
// host: *url.Error quotes the URL, which may contain a key, and a protocol error
// quotes the API's response.
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
	return fmt.Errorf("%w: the connection failed, or the response was not HTTP", errAPI)
}

// explainStatus returns a text for the user about an API's status, or "" for a
// success.
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

// maxIndented limits the size of an indented JSON document in bytes. Indentation
// grows with the depth, so a megabyte of brackets would become gigabytes of spaces.
const maxIndented = 1 << 20

// indent is one level of indentation.
const indent = "  "

// jsonSpace is the whitespace of JSON (RFC 8259, section 2).
const jsonSpace = " \t\r\n"

// readableBody returns the body of an API's response as text. JSON is indented and
// keeps its numbers and the order of its members. Other text stays unchanged.
// Bytes that are not UTF-8 become replacement characters.
func readableBody(body []byte) string {
	var out bytes.Buffer
	if indentedSize(body) <= maxIndented && json.Indent(&out, bytes.Trim(body, jsonSpace), "", indent) == nil {
		body = out.Bytes()
	}
	return strings.ToValidUTF8(string(body), "\uFFFD")
}

// indentedSize returns an upper bound for the size of body after indentation. It
// also counts brackets and commas inside strings.
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
