package fakeidp

import (
	"encoding/json"
	"net/http"
	"strings"
)

// serveMetadata serves the metadata (OpenID Connect Discovery 1.0, section 4) with
// the members that Entra sends. Like Entra, it supports PKCE and leaves out
// code_challenge_methods_supported.
func (p *Provider) serveMetadata(w http.ResponseWriter, r *http.Request) {
	at, refused := p.authority(r.PathValue("tenant"))
	if refused != nil {
		p.writeError(w, r, refused)
		return
	}
	document := p.metadataOf(at)
	p.mu.Lock()
	change := p.metadata
	p.mu.Unlock()
	if change != nil {
		change(at.segment, document)
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cache-Control", "max-age=86400, private")
	writeJSON(w, http.StatusOK, document)
}

func (p *Provider) metadataOf(at authority) map[string]any {
	if at.flow != nil {
		return p.flowMetadata(at)
	}
	tenantID, segment := tenantPlaceholder, at.segment
	if at.tenant != nil {
		tenantID, segment = at.tenant.ID, at.tenant.ID
	}
	under := p.base() + "/" + segment
	document := map[string]any{
		"issuer":                                p.issuer(tenantID),
		"authorization_endpoint":                under + "/oauth2/v2.0/authorize",
		"token_endpoint":                        under + "/oauth2/v2.0/token",
		"device_authorization_endpoint":         under + "/oauth2/v2.0/devicecode",
		"end_session_endpoint":                  under + "/oauth2/v2.0/logout",
		"jwks_uri":                              under + "/discovery/v2.0/keys",
		"userinfo_endpoint":                     p.base() + pathUserInfo,
		"token_endpoint_auth_methods_supported": []string{methodPost, methodAssertion, methodBasic},
		"response_modes_supported":              []string{"query", "form_post"},
		"response_types_supported":              []string{"code"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"claims_supported": []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "nonce",
			"preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email"},
		"request_uri_parameter_supported": false,
		"http_logout_supported":           true,
		"frontchannel_logout_supported":   true,
		"tenant_region_scope":             "EU",
		"cloud_instance_name":             cloudName,
		"cloud_graph_host_name":           "graph.windows.net",
		"msgraph_host":                    host(p.base()),
	}
	if p.config.PushedRequests {
		document["pushed_authorization_request_endpoint"] = under + "/oauth2/v2.0/par"
		document["require_pushed_authorization_requests"] = p.config.RequirePushedRequests
	}
	if p.config.SignUp {
		document["prompt_values_supported"] = []string{"none", "login", "consent", "select_account", promptCreate}
	}
	if p.config.Revocation {
		document["revocation_endpoint"] = under + "/oauth2/v2.0/revoke"
	}
	return document
}

// serveInstance serves Entra's instance discovery. Microsoft's libraries ask it
// which hosts belong to the same cloud before they send anything to an authority.
func (p *Provider) serveInstance(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if query.Get("api-version") == "" {
		p.writeError(w, r, missing("api-version"))
		return
	}
	path, ours := strings.CutPrefix(query.Get("authorization_endpoint"), p.base()+"/")
	segment, _, _ := strings.Cut(path, "/")
	if !ours {
		p.writeError(w, r, newError(50049, "Unknown or invalid instance.").withCode("invalid_instance"))
		return
	}
	at, refused := p.authority(segment)
	if refused != nil {
		p.writeError(w, r, refused)
		return
	}
	name := host(p.base())
	writeJSON(w, http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": p.base() + "/" + at.segment + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []any{map[string]any{
			"preferred_network": name, "preferred_cache": name, "aliases": []string{name},
		}},
	})
}

const cloudName = "fakeidp.example"

// MutateMetadata makes f change the metadata before they are sent. tenant is the
// path segment of the authority. nil removes f.
func (p *Provider) MutateMetadata(f func(tenant string, document map[string]any)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.metadata = f
}

// MutateKeys makes f change the key set before it is sent. Its member "keys" is a
// []any of map[string]any. nil removes f.
func (p *Provider) MutateKeys(f func(tenant string, document map[string]any)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keySet = f
}

func writeJSON(w http.ResponseWriter, status int, document any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document) // fails only if the client has gone
}

// writeError writes an error as JSON.
func (p *Provider) writeError(w http.ResponseWriter, r *http.Request, err *Error) {
	writeJSON(w, err.status(), p.report(err, correlationID(r)).body())
}
