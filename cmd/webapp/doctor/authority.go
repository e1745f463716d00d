package doctor

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"webapp/internal/adapters/entra/authority"
)

// checkAuthorityName reads the authority and looks up its host.
func (x *examination) checkAuthorityName(ctx context.Context) Check {
	if x.misconfigured("AUTHORITY", "OIDC_AUTHORITY", "B2C_TENANT_NAME", "SIGNUPSIGNIN_USER_FLOW") {
		return skipMisconfigured()
	}
	var err error
	if x.cfg.Entra.Authority != "" {
		x.authority, err = authority.Parse(x.cfg.Entra.Authority)
	} else {
		x.authority, err = authority.ParseIssuer(x.cfg.Entra.Issuer)
	}
	if err != nil {
		return skipMisconfigured()
	}
	return x.lookup(ctx, x.authorityURL())
}

// authorityURL returns the first URL that a sign-in requests from the provider.
func (x *examination) authorityURL() string {
	if x.cfg.OwnAdapter {
		return x.cfg.Entra.Issuer
	}
	return x.authority.DiscoveryURL()
}

// checkConnection sends one request to the provider.
func (x *examination) checkConnection(ctx context.Context) Check {
	target := x.authorityURL()
	u, err := url.Parse(target)
	if err != nil {
		return skipMisconfigured()
	}
	if x.connection, err = x.get(ctx, target, nil); err != nil {
		return unreachable(u, err)
	}
	return x.connected(u, x.connection, "")
}

// The limits for the difference between this machine's clock and the provider's.
// The application accepts tokens with a difference of five minutes.
const (
	skewWarning = time.Minute
	skewFailure = 5 * time.Minute
)

// checkClock compares this machine's clock with the provider's header Date
// (RFC 9110, section 6.6.1).
func (x *examination) checkClock(context.Context) Check {
	theirs, err := http.ParseTime(x.connection.header.Get("Date"))
	if err != nil {
		return skip("Not checked, because the provider's response has no Date header.")
	}
	// A cache says in the header Age how long it has kept the response.
	if age, err := strconv.Atoi(x.connection.header.Get("Age")); err == nil && age > 0 {
		theirs = theirs.Add(time.Duration(age) * time.Second)
	}
	ours := x.connection.began.Add(x.connection.ended.Sub(x.connection.began) / 2)
	skew, direction := ours.Sub(theirs), "fast"
	if skew < 0 {
		skew, direction = -skew, "slow"
	}
	if skew <= skewWarning {
		return ok("This machine's clock agrees with the provider's.")
	}
	minutes := int(skew.Round(time.Minute).Minutes())
	summary := "This machine's clock is about " + plural(minutes, "1 minute", "%d minutes") + " " + direction + "."
	const remedy = "Synchronize the clock with a time server, for example by: timedatectl set-ntp true"
	if skew > skewFailure {
		return fail(summary, "Tokens are valid for a limited time. With more than five minutes of difference, valid tokens are refused.", remedy)
	}
	return warn(summary, "Five minutes are tolerated. A clock that drifts will pass that limit.", remedy)
}
