package forwardauth

import (
	"cmp"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"webapp/internal/clientaddr"
)

// isNavigation reports whether a trusted proxy asks for a person who opens a page of
// this origin in a browser. Only then can a redirect lead to the sign-in and back.
func (h *handler) isNavigation(r *http.Request) bool {
	return clientaddr.FromProxy(r, h.Proxies) &&
		singleValue(r, "X-Forwarded-Method") == http.MethodGet &&
		h.isOwnHost(singleValue(r, "X-Forwarded-Host")) &&
		namesHTML(r.Header["Accept"])
}

// isOwnHost reports whether host is the host and port of Origin. The default port of the
// scheme may be missing.
func (h *handler) isOwnHost(host string) bool {
	scheme, own, _ := strings.Cut(h.Origin, "://")
	port := map[string]string{"https": ":443", "http": ":80"}[scheme]
	return host != "" && strings.EqualFold(strings.TrimSuffix(host, port), strings.TrimSuffix(own, port))
}

// signInURL returns the URL that starts a sign-in and returns to the page that the
// person opened. If X-Forwarded-Uri is not a valid return path, it returns to the home
// page.
func (h *handler) signInURL(r *http.Request) string {
	pathAndQuery, _, _ := strings.Cut(singleValue(r, "X-Forwarded-Uri"), "#")
	return h.BasePath + "/login?return_to=" + url.QueryEscape(h.domain.ReturnPath(pathAndQuery))
}

// singleValue returns the value of a header, or "" if it is absent or repeated.
func singleValue(r *http.Request, name string) string {
	if values := r.Header[name]; len(values) == 1 {
		return values[0]
	}
	return ""
}

// maxAccept limits the bytes of Accept that are parsed. Browsers send fewer than 200.
const maxAccept = 1 << 10

// namesHTML reports whether Accept names text/html (RFC 9110, section 12.5.1).
// Wildcards do not count: scripts and images send them too.
func namesHTML(lines []string) bool {
	size := 0
	for _, line := range lines {
		if size += len(line); size > maxAccept {
			return false
		}
		for item := range strings.SplitSeq(line, ",") {
			kind, params, err := mime.ParseMediaType(item)
			if err != nil || kind != "text/html" {
				continue
			}
			quality, err := strconv.ParseFloat(cmp.Or(params["q"], "1"), 64)
			if err == nil && quality > 0 {
				return true
			}
		}
	}
	return false
}
