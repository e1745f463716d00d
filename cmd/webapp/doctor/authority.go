package doctor

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"webapp/internal/adapters/entra/authority"
)

// checkAuthorityName reads the authority and asks for its host's addresses, or
// for those of the proxy that leads there.
func (x *examination) checkAuthorityName(ctx context.Context) Check {
	if x.broken("AUTHORITY", "OIDC_AUTHORITY") {
		return skipBroken()
	}
	var err error
	if x.authority, err = authority.ParseIssuer(x.cfg.Entra.Issuer); x.cfg.Entra.Authority != "" {
		x.authority, err = authority.Parse(x.cfg.Entra.Authority)
	}
	if err != nil {
		return skipBroken()
	}
	return x.lookup(ctx, x.authorityURL())
}

// authorityURL is what the authority is first asked for.
func (x *examination) authorityURL() string {
	if x.cfg.OwnAdapter {
		return x.cfg.Entra.Issuer
	}
	return x.authority.DiscoveryURL()
}

// lookup asks for the addresses of target's host.
func (x *examination) lookup(ctx context.Context, target string) Check {
	u, err := url.Parse(target)
	if err != nil {
		return skipBroken()
	}
	proxy := x.proxyFor(target)
	host, suffix := u.Hostname(), "."
	if proxy != nil {
		host, suffix = proxy.Hostname(), ", the proxy for "+u.Hostname()+"."
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return ok("No name has to be looked up for " + host + suffix)
	}
	addresses, err := x.cfg.LookupHost(ctx, host)
	if err == nil {
		return ok("The name server knows " + plural(len(addresses), "an address", "%d addresses") + " of " + host + suffix)
	}
	dns, found := errors.AsType[*net.DNSError](err)
	if !found {
		dns = &net.DNSError{}
	}
	c := unknownHost(host, dns)
	if proxy != nil {
		c.Detail += "\nHTTPS_PROXY or HTTP_PROXY names it as the way to " + u.Hostname() + "."
	}
	return c
}

// checkConnection makes one whole request, through TLS where there is some.
func (x *examination) checkConnection(ctx context.Context) Check {
	target := x.authorityURL()
	u, err := url.Parse(target)
	if err != nil {
		return skipBroken()
	}
	if x.connection, err = x.get(ctx, target, nil); err != nil {
		return unreachable(u, err)
	}
	return x.connected(u, x.connection, "")
}

// connected judges a connection that was made; more is said at its end.
func (x *examination) connected(u *url.URL, p *probe, more string) Check {
	end, soon := x.endingCertificate(p)
	switch {
	case end.IsZero():
		return ok(hostOf(u) + " answers, without TLS on this machine" + more + ".")
	case soon:
		return warn("The certificate of "+hostOf(u)+" ends "+x.until(end)+".",
			"From then on no connection is made, unless it is renewed.",
			"Whoever runs "+u.Hostname()+" has to renew it; if that happens by itself, see whether it still does.")
	}
	return ok(hostOf(u) + " answers, with a certificate that this system trusts" + more + ".")
}

// Bounds of the difference between two clocks. Tokens are accepted with five
// minutes of it, each way.
const (
	skewWarning = time.Minute
	skewFailure = 5 * time.Minute
)

// checkClock holds this machine's clock against the authority's (RFC 9110,
// section 6.6.1).
func (x *examination) checkClock(context.Context) Check {
	theirs, err := http.ParseTime(x.connection.header.Get("Date"))
	if err != nil {
		return skip("Not looked at, because the authority's answer has no date.")
	}
	// A cache in between tells how long it has kept the answer.
	if age, err := strconv.Atoi(x.connection.header.Get("Age")); err == nil && age > 0 {
		theirs = theirs.Add(time.Duration(age) * time.Second)
	}
	ours := x.connection.began.Add(x.connection.ended.Sub(x.connection.began) / 2)
	skew, direction := ours.Sub(theirs), "fast"
	if skew < 0 {
		skew, direction = -skew, "slow"
	}
	if skew <= skewWarning {
		return ok("This machine's clock agrees with the authority's.")
	}
	summary := "This machine's clock is about " + plural(int(skew.Round(time.Minute).Minutes()), "a minute", "%d minutes") +
		" " + direction + ", measured by the authority's."
	remedy := "Let the clock follow a time server: timedatectl set-ntp true, or the like."
	if skew > skewFailure {
		return fail(summary, "Tokens say from when and until when they hold; more than five minutes are taken for a wrong token.", remedy)
	}
	return warn(summary, "Up to five minutes are tolerated. A clock that goes wrong will be beyond them some day.", remedy)
}
