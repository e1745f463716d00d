package doctor

import (
	"context"
	"net/http"
	"strings"
)

// What a sign-in can bring along. Both are below the 8 KiB at which most proxies
// draw the line for one line of a request.
const (
	// longestQuery is a callback with a long code: Entra's pass 4096 bytes.
	longestQuery = 5000
	// longestCookies are the cookies of a browser with as many sign-ins begun as
	// webapp lets there be (6 KiB), and its session.
	longestCookies = 6500
)

// checkSizes sends the largest requests that a sign-in can make.
func (x *examination) checkSizes(ctx context.Context) Check {
	for _, one := range []struct {
		what, query string
		header      http.Header
		remedy      string
	}{
		{"a callback of 5,000 characters", "?size=" + strings.Repeat("q", longestQuery), nil,
			"Raise the proxy's limit for the request line to 8 KiB (nginx: large_client_header_buffers 4 8k; Apache: LimitRequestLine 8190), or set RESPONSE_MODE=form_post."},
		{"a cookie header of 6.5 kB", "", http.Header{"Cookie": {"size=" + strings.Repeat("c", longestCookies)}},
			"Raise the proxy's limit for a header field to 8 KiB (nginx: large_client_header_buffers 4 8k; Apache: LimitRequestFieldSize 8190)."},
	} {
		p, err := x.get(ctx, x.public("/healthz")+one.query, one.header)
		if err != nil {
			return unreachable(x.cfg.PublicURL, err)
		}
		if p.status != http.StatusOK {
			return fail("What stands in front of webapp refuses "+one.what+" ("+statusText(p.status)+").",
				"Sign-ins can bring as much: Entra's codes are long, and each sign-in that has begun has its cookie.", one.remedy)
		}
	}
	return ok("The longest callbacks and cookies of sign-ins come through.")
}
