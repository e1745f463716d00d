package fakeidp

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Endpoint is the name of an endpoint for Fail, Requests and Log.
type Endpoint string

// The endpoints of a Provider.
const (
	EndpointMetadata     Endpoint = "metadata"
	EndpointKeys         Endpoint = "keys"
	EndpointAuthorize    Endpoint = "authorize"
	EndpointPushed       Endpoint = "par" // pushed authorization requests
	EndpointToken        Endpoint = "token"
	EndpointRevocation   Endpoint = "revocation"
	EndpointDeviceCode   Endpoint = "devicecode"
	EndpointLogout       Endpoint = "logout"
	EndpointAdminConsent Endpoint = "adminconsent"
	EndpointUserInfo     Endpoint = "userinfo"
	EndpointMe           Endpoint = "me"
	EndpointMemberGroups Endpoint = "getMemberObjects"

	// EndpointGraph stands for all endpoints of Microsoft Graph. Only Fail accepts
	// it.
	EndpointGraph Endpoint = "graph"
)

const (
	pathMe           = "/v1.0/me"
	pathMemberGroups = "/v1.0/me/getMemberObjects"
	pathUserInfo     = "/oidc/userinfo"
	pathAdminConsent = "/v2.0/adminconsent" // below the tenant
)

func (p *Provider) buildRoutes() http.Handler {
	mux := http.NewServeMux()
	sameOrigin := http.NewCrossOriginProtection()

	// Azure AD B2C has the endpoints of a sign-in below each user flow too.
	for _, under := range []string{"/{tenant}", "/{tenant}/{flow}"} {
		mux.Handle("GET "+under+"/v2.0/.well-known/openid-configuration", p.at(EndpointMetadata, p.serveMetadata))
		mux.Handle("GET "+under+"/discovery/v2.0/keys", p.at(EndpointKeys, p.serveKeys))
		mux.Handle("GET "+under+"/oauth2/v2.0/authorize", p.at(EndpointAuthorize, p.serveAuthorize))
		mux.Handle("POST "+under+"/oauth2/v2.0/authorize", p.at(EndpointAuthorize, p.serveAuthorize))
		mux.Handle("POST "+under+"/login", sameOrigin.Handler(p.form(p.servePick)))
		if p.config.PushedRequests {
			mux.Handle("POST "+under+"/oauth2/v2.0/par", p.at(EndpointPushed, p.servePushed))
		}
		mux.Handle("POST "+under+"/oauth2/v2.0/token", p.at(EndpointToken, p.serveToken))
		mux.Handle("GET "+under+"/oauth2/v2.0/logout", p.at(EndpointLogout, p.serveLogout))
		mux.Handle("POST "+under+"/oauth2/v2.0/logout", p.at(EndpointLogout, p.serveLogout))
	}
	mux.Handle("GET /common/discovery/instance", p.at(EndpointMetadata, p.serveInstance))
	if p.config.Revocation {
		mux.Handle("POST /{tenant}/oauth2/v2.0/revoke", p.at(EndpointRevocation, p.serveRevocation))
	}
	mux.Handle("POST /{tenant}/oauth2/v2.0/devicecode", p.at(EndpointDeviceCode, p.serveDeviceCode))
	mux.Handle("GET "+pathDeviceLogin, p.form(p.serveDeviceLogin))
	mux.Handle("POST "+pathDeviceLogin, sameOrigin.Handler(p.form(p.serveDeviceLogin)))

	mux.Handle("GET /{tenant}"+pathAdminConsent, p.at(EndpointAdminConsent, p.serveAdminConsent))
	mux.Handle("POST /{tenant}"+pathAdminConsent, sameOrigin.Handler(p.at(EndpointAdminConsent, p.serveAdminConsent)))

	mux.Handle("GET "+pathUserInfo, p.at(EndpointUserInfo, p.serveUserInfo))
	mux.Handle("POST "+pathUserInfo, p.at(EndpointUserInfo, p.serveUserInfo))
	mux.Handle("GET "+pathMe, p.at(EndpointMe, p.serveMe))
	mux.Handle("GET "+pathMemberGroups, p.at(EndpointMemberGroups, p.serveMemberGroups))
	mux.Handle("POST "+pathMemberGroups, p.at(EndpointMemberGroups, p.serveMemberGroups))

	mux.HandleFunc("GET "+stylesheetPath(), p.serveStylesheet)
	mux.HandleFunc("GET /error", p.serveErrorHelp)
	mux.HandleFunc("GET /{$}", p.serveFrontPage)
	mux.HandleFunc("/", p.serveNotFound)
	return mux
}

// ServeHTTP serves all endpoints and pages of the provider.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.faults.isDown() {
		cut(w)
		return
	}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "strict-origin")
	h.Set("Cache-Control", "no-store")
	switch {
	case p.base() == "":
		http.Error(w, "This provider has no base URL yet: set Config.BaseURL, or call Start.", http.StatusInternalServerError)
	case !p.addressed(r.Host):
		http.Error(w, "This provider serves "+p.base()+" only.", http.StatusMisdirectedRequest)
	case len(r.URL.RawQuery) > maxQuery:
		http.Error(w, "The query is too long.", http.StatusRequestURITooLong)
	default:
		p.routes.ServeHTTP(w, r)
	}
}

// addressed reports whether host is the provider's. Other names are refused,
// because a website's name can resolve to the loopback address (DNS rebinding).
func (p *Provider) addressed(host string) bool {
	u, err := url.Parse(p.base())
	if err != nil {
		return false
	}
	return strings.EqualFold(withPort(host, u.Scheme), withPort(u.Host, u.Scheme))
}

func withPort(host, scheme string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	if scheme == "https" {
		return host + ":443"
	}
	return host + ":80"
}

// at returns the handler of an endpoint. It parses the form, logs the request and
// applies a fault before handle.
func (p *Provider) at(endpoint Endpoint, handle http.HandlerFunc) http.Handler {
	return p.form(func(w http.ResponseWriter, r *http.Request) {
		p.log.add(endpoint, r, p.now())
		if fault, ok := p.faults.take(endpoint, r); ok {
			p.applyFault(w, r, fault, handle)
			return
		}
		handle(w, r)
	})
}

// form parses and bounds the parameters of a request.
func (p *Provider) form(handle http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		if err := r.ParseForm(); err != nil || len(r.Form) > maxFields {
			p.showError(w, r, newError(9002313, "Invalid request. Request is malformed or invalid."), http.StatusBadRequest)
			return
		}
		if flow := r.PathValue("flow"); flow != "" {
			r.SetPathValue("tenant", r.PathValue("tenant")+"/"+flow)
		}
		handle(w, r)
	})
}
