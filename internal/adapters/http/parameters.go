package http

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"webapp/internal/adapters/http/server"
	"webapp/internal/domain"
)

// Bounds of a request's parts, so that none of them costs more to take apart
// than a page costs. The server bounds the header as a whole, server.MaxHeader.
const (
	// maxURL bounds a request's target in bytes. It has room for the longest
	// callback, maxCallback, and for a return path that is far too long, 8 kB
	// with each character escaped: that begins a sign-in, to the start page.
	maxURL = 28 << 10
	// maxFields bounds the parameters of a query and the fields of a form. The
	// provider sends half a dozen.
	maxFields = 100
	// maxCookies and maxCookieBytes bound the cookies of a request: more than
	// the 180 that a browser keeps for a site, and twice what proxies commonly
	// let through. Ours are at most 7 kB.
	maxCookies     = 200
	maxCookieBytes = 16 << 10
)

// limitRequestSize refuses a request whose target or cookies are larger than
// anybody needs, before they are parsed.
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

// headerSize is the size of a header as it came, but for spaces.
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

// refuseCallback tells the domain of a callback that its handler will not see;
// other requests it leaves alone.
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

// postedForm reads the fields of an HTML form from the body, and from there
// alone. Files, or anything else that is not a plain form, are not read at all.
// limitBody bounds the body. Errors: errMediaType, errTooManyFields,
// *http.MaxBytesError, errUnreadable; none quotes what was sent.
func postedForm(r *http.Request) (url.Values, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, errMediaType
	}
	body, err := readForm(r.Body)
	if err != nil {
		return nil, err
	}
	fields, err := url.ParseQuery(body)
	if err != nil {
		return nil, fmt.Errorf("unreadable form: %w", withoutInput(err))
	}
	return fields, nil
}

// readForm reads a form no further than to the first field too many.
func readForm(r io.Reader) (string, error) {
	body, ampersands := make([]byte, 0, 512), 0
	for {
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
		n, err := r.Read(body[len(body):cap(body)])
		ampersands += bytes.Count(body[len(body):len(body)+n], []byte{'&'})
		body = body[:len(body)+n]
		switch {
		case ampersands >= maxFields:
			return "", errTooManyFields
		case err == io.EOF:
			return string(body), nil
		case err != nil:
			return "", fmt.Errorf("unreadable form: %w", withoutInput(err))
		}
	}
}
