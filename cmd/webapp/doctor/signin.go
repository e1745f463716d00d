package doctor

import (
	"context"
	"net/http"
	"net/url"

	"webapp/internal/adapters/entra/authority"
)

// checkSignIn begins a sign-in as a browser would, and reads where it leads.
func (x *examination) checkSignIn(ctx context.Context) Check {
	var err error
	if x.login, err = x.get(ctx, x.public("/login"), nil); err != nil {
		return unreachable(x.cfg.PublicURL, err)
	}
	if x.login.status == http.StatusServiceUnavailable {
		return fail("/login answers "+statusText(x.login.status)+".",
			"The running application cannot reach the identity provider or its session store at this moment.",
			"/readyz of the running application says which; its log says why.")
	}
	location, err := url.Parse(x.login.header.Get("Location"))
	if err != nil || location.Host == "" || x.login.status != http.StatusSeeOther && x.login.status != http.StatusFound {
		return fail("/login does not lead to the identity provider; it answers "+statusText(x.login.status)+".",
			"A sign-in begins with a redirect to the provider.",
			"Does the proxy answer in webapp's place, or change its redirects?")
	}
	return x.judgeLocation(location)
}

// judgeLocation compares where a sign-in leads with the configuration here.
func (x *examination) judgeLocation(location *url.URL) Check {
	query := location.Query()
	endpoint := location.Scheme + "://" + location.Host + location.Path
	const remedy = "Run this where the application runs, with its environment; restart the application where its configuration has changed; let no proxy rewrite redirects."
	known, err := url.Parse(x.metadata.AuthorizationEndpoint)
	switch got := query.Get("redirect_uri"); {
	case x.outcome[nameMetadata] == OK && err == nil && endpoint != known.Scheme+"://"+known.Host+known.Path:
		return fail("/login leads to "+shown(endpoint)+", which is not the provider configured here.",
			"The running application has another configuration, or something rewrites its redirects.", remedy)
	case x.cfg.RedirectURI != "" && got != x.cfg.RedirectURI:
		return fail("The running application lets people come back to "+shown(got)+".",
			"REDIRECT_URI is "+x.cfg.RedirectURI+".", remedy)
	case x.cfg.Entra.ClientID != "" && authority.FoldGUID(query.Get("client_id")) != authority.FoldGUID(x.cfg.Entra.ClientID):
		return fail("The running application has the client ID "+shown(query.Get("client_id"))+".",
			"CLIENT_ID is "+x.cfg.Entra.ClientID+".", remedy)
	}
	return ok("/login leads to the provider, with the redirect URI and client ID that are configured here.")
}
