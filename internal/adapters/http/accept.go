package http

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// maxAccept limits the bytes of the Accept header that are parsed. Browsers send
// fewer than 200. Parsing a header of the maximum size would cost more than a page.
const maxAccept = 1 << 10

// wantsJSON reports whether the client prefers JSON to HTML (RFC 9110, section
// 12.5.1). Wildcards such as "*/*" express no preference.
func wantsJSON(r *http.Request) bool {
	var page, doc float64
	size := 0
	for _, line := range r.Header["Accept"] {
		if size += len(line); size > maxAccept {
			return false
		}
		for item := range strings.SplitSeq(line, ",") {
			kind, params, err := mime.ParseMediaType(item)
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
