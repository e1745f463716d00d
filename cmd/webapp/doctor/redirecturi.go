package doctor

import (
	"context"
	"net"
	"net/netip"
	"net/url"

	"webapp/internal/adapters/entra/authority"
)

// checkRedirectURI looks at its form. Whether it is registered shows only when a
// person signs in.
func (x *examination) checkRedirectURI(context.Context) Check {
	u, err := url.Parse(x.cfg.RedirectURI)
	if err != nil || u.Host == "" || x.broken("REDIRECT_URI") {
		return skipBroken()
	}
	host := u.Hostname()
	address, err := netip.ParseAddr(host)
	numeric := err == nil && address.IsLoopback()
	local := numeric || host == "localhost"
	switch {
	case numeric && x.authority.Kind != authority.KindOther:
		return warn("The redirect URI has the address "+host+" in the place of localhost.",
			"Entra's registration page refuses it; such an address can be registered in the manifest only.",
			"Use localhost in REDIRECT_URI, and open the application under that name too.")
	case local && !x.listensOn(u):
		return warn("The redirect URI leads to port "+portOf(u)+" of this machine, and webapp listens on "+x.cfg.ListenAddr+".",
			"People come back to a port where webapp does not listen, unless something passes it on.",
			"Give REDIRECT_URI and LISTEN_ADDR the same port.")
	}
	return ok("Its form is right; register exactly " + x.cfg.RedirectURI + x.redirectNote(u, local))
}

func (x *examination) redirectNote(u *url.URL, local bool) string {
	switch {
	case x.authority.Kind == authority.KindOther:
		return ", to the letter."
	case local && u.Scheme == "http":
		return ` (platform "Web"; the port does not matter, capitals in the path do).`
	}
	return ` (platform "Web"; capitals in the path matter).`
}

// listensOn says whether a redirect URI on this machine leads to LISTEN_ADDR. A
// port that the system chooses fits none.
func (x *examination) listensOn(u *url.URL) bool {
	_, port, err := net.SplitHostPort(x.cfg.ListenAddr)
	// With https something stands in front that speaks TLS.
	return err != nil || u.Scheme == "https" || port == portOf(u)
}

func portOf(u *url.URL) string {
	_, port, _ := net.SplitHostPort(hostOf(u))
	return port
}
