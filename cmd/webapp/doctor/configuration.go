package doctor

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"webapp/cmd/webapp/config"
	"webapp/internal/adapters/entra/authority"
)

// checkConfiguration reports the problems and hints that the application reports
// when it starts.
func (x *examination) checkConfiguration(context.Context) Check {
	problems, hints := x.cfg.Problems, x.cfg.Hints
	if len(problems) == 0 && len(hints) == 0 {
		summary := "No variable is missing, malformed or in conflict with another."
		if n := x.cfg.KeysInFile; n > 0 {
			summary += " SESSION_KEY_FILE has " + plural(n, "one session key.", "%d session keys: the first encrypts, all decrypt.")
		}
		return ok(summary)
	}
	var details, remedies []string
	for _, list := range [][]config.Problem{problems, hints} {
		for _, p := range list {
			details = append(details, p.Name+" "+p.Wrong+".")
			remedies = append(remedies, p.Name+": "+p.Remedy)
		}
	}
	detail, remedy := strings.Join(details, "\n"), strings.Join(remedies, "\n")
	if len(problems) == 0 {
		return warn("webapp starts, but something looks like a mistake.", detail, remedy)
	}
	return fail("webapp does not start: there "+plural(len(problems), "is a problem.", "are %d problems."), detail, remedy)
}

// checkRedirectURI checks the form of REDIRECT_URI. Only a real sign-in shows
// whether it is registered.
func (x *examination) checkRedirectURI(context.Context) Check {
	u, err := url.Parse(x.cfg.RedirectURI)
	if err != nil || u.Host == "" || x.misconfigured("REDIRECT_URI") {
		return skipMisconfigured()
	}
	host := u.Hostname()
	address, err := netip.ParseAddr(host)
	numeric := err == nil && address.IsLoopback()
	local := numeric || host == "localhost"
	switch {
	case numeric && x.authority.Kind != authority.KindOther:
		return warn("REDIRECT_URI has the address "+host+" instead of localhost.",
			"Entra's registration page refuses such an address. It can be registered in the manifest only.",
			"Write localhost in REDIRECT_URI, and open the application as localhost too.")
	case local && !x.listensOn(u):
		return warn("REDIRECT_URI leads to port "+portOf(u)+" of this machine, but webapp listens on "+x.cfg.ListenAddr+".",
			"After the sign-in, browsers open a port where webapp does not listen, unless another program forwards it.",
			"Use the same port in REDIRECT_URI and LISTEN_ADDR.")
	}
	return ok("The form is right. Register exactly " + x.cfg.RedirectURI + x.registrationNote(u, local) + x.optionalClaimNote())
}

// optionalClaimNote names the optional claim that /fresh needs at Entra. The doctor cannot
// see whether the application is registered for it.
func (x *examination) optionalClaimNote() string {
	if !x.authority.EntraParameters() {
		return ""
	}
	return " Pages that need a recent sign-in, such as /fresh, need the optional claim auth_time in the ID token."
}

// registrationNote says what to check when the redirect URI is registered.
func (x *examination) registrationNote(u *url.URL, local bool) string {
	switch {
	case x.authority.Kind == authority.KindOther:
		return " at the provider."
	case local && u.Scheme == "http":
		return ` (platform "Web"; any port works, the path is case-sensitive).`
	}
	return ` (platform "Web"; the path is case-sensitive).`
}

// listensOn reports whether a redirect URI on this machine leads to LISTEN_ADDR.
// With https a proxy listens on the port, so the ports may differ.
func (x *examination) listensOn(u *url.URL) bool {
	_, port, err := net.SplitHostPort(x.cfg.ListenAddr)
	return err != nil || u.Scheme == "https" || port == portOf(u)
}

func portOf(u *url.URL) string {
	_, port, _ := net.SplitHostPort(hostOf(u))
	return port
}
