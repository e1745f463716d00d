package doctor

import (
	"context"
	"net/url"
)

// checkAPI asks the API without a token: any answer proves that it is there,
// and 401 is the best one.
func (x *examination) checkAPI(ctx context.Context) Check {
	u, err := url.Parse(x.cfg.Endpoint)
	switch {
	case err != nil || x.broken("ENDPOINT"):
		return skipBroken()
	case x.cfg.Endpoint == "":
		return skip("No API is called: ENDPOINT or SCOPE is empty.")
	}
	if c := x.lookup(ctx, x.cfg.Endpoint); c.Status == Failed {
		return c
	}
	p, err := x.get(ctx, x.cfg.Endpoint, nil)
	switch {
	case err != nil:
		return unreachable(u, err)
	case p.status >= 500:
		return warn("The API answers "+statusText(p.status)+".", "It has a trouble of its own at this moment.",
			"Try again later; check ENDPOINT if it stays so.")
	}
	return x.connected(u, p, "; without a token its answer is "+statusText(p.status))
}
