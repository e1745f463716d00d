package http

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"webapp/internal/adapters/http/server"
	"webapp/internal/domain"
)

// Limits of the parts of a request, so that parsing one never costs more than
// rendering a page. server.MaxHeader limits the whole header.
const (
	// maxURL limits a request's target in bytes. The longest callback fits, and a
	// /login whose return path is 8 kB, fully escaped. Such a return path is too
	// long, so the sign-in returns to the home page.
	maxURL = 28 << 10
	// maxFields limits the parameters of a query and the fields of a form. The
	// provider sends about six.
	maxFields = 100
	// maxCookies and maxCookieBytes limit the cookies of a request. Browsers keep
	// at most 180 cookies for a site, and proxies commonly accept 8 kB. Ours take
	// at most 7 kB.
	maxCookies     = 200
	maxCookieBytes = 16 << 10
)

// limitRequestSize refuses a request with an oversized target, query, header or
// cookies before they are parsed.
func (a *app) limitRequestSize(next http.Handler) http.Handler {
	return a.handle(func(w http.ResponseWriter, r *http.Request) error {
		if err := checkRequestSize(r); err != nil {
			a.refuseCallback(r, err)
			return err
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

// headerSize returns the size of the header that was sent, without optional
// spaces.
func headerSize(r *http.Request) int {
	size := len(r.Method) + len(r.RequestURI) + len("  HTTP/1.1\r\n\r\nHost: \r\n") + len(r.Host)
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(value) + len(": \r\n")
		}
	}
	return size
}

func checkRequestSize(r *http.Request) error {
	switch {
	case len(r.RequestURI) > maxURL:
		return errLongURL
	case manyFields(r.URL.RawQuery):
		return errTooManyFields
	case manyCookies(r.Header["Cookie"]):
		return errCookies
	case headerSize(r) > server.MaxHeader:
		return errLargeHeader
	}
	return nil
}

// refuseCallback records the refusal in the audit log if r is a callback.
func (a *app) refuseCallback(r *http.Request, err error) {
	if r.URL.Path == a.CallbackPath && (r.Method == http.MethodPost) == a.FormPost {
		_ = a.Domain.RecordRefusal(r.Context(), fmt.Errorf("%w: %w", domain.ErrBadCallback, err))
	}
}

func manyFields(encoded string) bool { return strings.Count(encoded, "&") >= maxFields }

func manyCookies(lines []string) bool {
	count, size := 0, 0
	for _, line := range lines {
		count += 1 + strings.Count(line, ";")
		size += len(line)
	}
	return count > maxCookies || size > maxCookieBytes
}

// postedForm reads the fields of an HTML form from the body only. limitBody limits
// the body. It returns errMediaType for any other media type, errTooManyFields,
// *http.MaxBytesError or errUnreadable. No error quotes the input.
func postedForm(r *http.Request) (url.Values, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, errMediaType
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("unreadable form: %w", withoutInput(err))
	}
	if manyFields(string(body)) {
		return nil, errTooManyFields
	}
	fields, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, fmt.Errorf("unreadable form: %w", withoutInput(err))
	}
	return fields, nil
}
