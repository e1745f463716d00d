package doctor

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"webapp/cmd/webapp/config"
	"webapp/internal/adapters/entra/authority"
)

// checkConfiguration repeats what the application would say at its start.
func (x *examination) checkConfiguration(context.Context) Check {
	found := x.cfg.Problems
	if len(found) == 0 && len(x.cfg.Hints) > 0 {
		details, remedies := listed(x.cfg.Hints)
		return warn("webapp starts with it, but something looks like a mistake.", details, remedies)
	}
	if len(found) == 0 {
		return ok("Nothing is missing, malformed or contradictory.")
	}
	summary := fmt.Sprintf("There are %d problems; webapp does not start with them.", len(found))
	if len(found) == 1 {
		summary = "There is a problem; webapp does not start with it."
	}
	details, remedies := listed(append(found, x.cfg.Hints...))
	return fail(summary, details, remedies)
}

func listed(found []config.Problem) (detail, remedy string) {
	details, remedies := make([]string, len(found)), make([]string, len(found))
	for i, p := range found {
		details[i] = p.Name + " " + p.Wrong + "."
		remedies[i] = p.Name + ": " + p.Remedy
	}
	return strings.Join(details, "\n"), strings.Join(remedies, "\n")
}

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
