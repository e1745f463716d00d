package doctor

import (
	"context"
	"strings"
)

// checkHeaders looks for what webapp sends with every answer.
func (x *examination) checkHeaders(ctx context.Context) Check {
	p, err := x.get(ctx, x.public("/healthz"), nil)
	if err != nil {
		return unreachable(x.cfg.PublicURL, err)
	}
	if !strings.Contains(p.header.Get("Cache-Control"), "no-store") || p.header.Get("Age") != "" {
		return fail("What stands in front of webapp may keep its answers.",
			"Cache-Control does not arrive as no-store, or an answer comes out of a cache; one person could be shown another's page.",
			"Let the proxy obey Cache-Control as webapp sends it, and cache /static/ at most.")
	}
	wanted := []string{"Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "X-Request-Id"}
	if x.cfg.PublicURL.Scheme == "https" {
		wanted = append(wanted, "Strict-Transport-Security")
	}
	var missing []string
	for _, name := range wanted {
		if p.header.Get(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return warn("Headers are lost on the way: "+strings.Join(missing, ", ")+".",
			"They tell browsers how to protect people, and X-Request-Id finds a request in the log.",
			"Let the proxy pass these headers on; Strict-Transport-Security comes where REDIRECT_URI begins with https.")
	}
	return ok("The headers that protect people arrive.")
}
