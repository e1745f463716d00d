package http

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// maxAccept bounds the Accept header that is read, in bytes. Browsers send less
// than 200; reading all that a header has room for would cost more than a page.
const maxAccept = 1 << 10

// wantsJSON reports whether the client would rather have JSON than a page
// (RFC 9110, section 12.5.1). Only what it names counts: "*/*" is what it puts
// up with.
func wantsJSON(r *http.Request) bool {
	var page, doc float64
	size := 0
	for _, line := range r.Header["Accept"] {
		if size += len(line); size > maxAccept {
			return false // a page is what nearly everybody wants
		}
		for one := range strings.SplitSeq(line, ",") {
			kind, params, err := mime.ParseMediaType(one)
			if err != nil {
				continue
			}
			quality := 1.0
			if q, ok := params["q"]; ok {
				if quality, err = strconv.ParseFloat(q, 64); err != nil {
					continue
				}
			}
			switch {
			case kind == "text/html" || kind == "application/xhtml+xml":
				page = max(page, quality)
			case kind == "application/json" || strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json"):
				doc = max(doc, quality)
			}
		}
	}
	return doc > page
}
