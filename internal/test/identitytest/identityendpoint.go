package identitytest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"
)

// PathInstanceMetadata and PathAppService are the paths of IdentityEndpoint.
const (
	PathInstanceMetadata = "/metadata/identity/oauth2/token" // virtual machines, AKS
	PathAppService       = "/msi/token"                      // App Service, Container Apps
)

// IdentityTokenLifetime is how long a token of IdentityEndpoint is valid.
const IdentityTokenLifetime = 24 * time.Hour

// maxIdentityRequests is how many requests IdentityEndpoint remembers.
const maxIdentityRequests = 128

// IdentityEndpoint is the managed identity endpoint of an Azure host that has
// one user-assigned identity. It issues tokens for any resource.
type IdentityEndpoint struct {
	// Tokens issues the tokens. Its issuer is the one of the tenant.
	Tokens *TokenIssuer
	// ClientID is the identity's client ID. PrincipalID is its object ID, which
	// becomes the subject of the tokens.
	ClientID, PrincipalID string
	// Header is the secret that PathAppService demands.
	Header string

	mu       sync.Mutex
	requests []url.Values
	fail     int // how many requests still fail; negative for all
	status   int
}

// Fail makes the next requests end with status: as many as times says, or all
// of them if it is negative. 0 stops that.
func (e *IdentityEndpoint) Fail(times, status int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fail, e.status = times, status
}

// Requests returns the queries of the last requests, the oldest first.
func (e *IdentityEndpoint) Requests() []url.Values {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.requests)
}

// ServeHTTP responds with a token, or with an error as Azure words it.
func (e *IdentityEndpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if status := e.record(query); status != 0 {
		respond(w, status, map[string]string{"error": "server_error", "error_description": "switched off"})
		return
	}
	version := "2018-02-01"
	allowed := r.Header.Get("Metadata") == "true" && r.Header.Get("X-Forwarded-For") == ""
	if r.URL.Path == PathAppService {
		version, allowed = "2019-08-01", e.Header != "" && r.Header.Get("X-Identity-Header") == e.Header
	}
	switch {
	case r.URL.Path != PathAppService && r.URL.Path != PathInstanceMetadata || r.Method != http.MethodGet:
		respond(w, http.StatusNotFound, map[string]string{"error": "not_found"})
	case !allowed, query.Get("api-version") != version, query.Get("resource") == "":
		respond(w, http.StatusBadRequest, map[string]string{"error": "invalid_request", "error_description": "Required metadata header not specified"})
	case query.Get("client_id") != e.ClientID:
		respond(w, http.StatusBadRequest, map[string]string{"error": "invalid_request", "error_description": "Identity not found"})
	default:
		e.respondToken(w, query.Get("resource"))
	}
}

// record remembers a request. It returns the status that Fail demands, or 0.
func (e *IdentityEndpoint) record(query url.Values) (status int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.requests = append(e.requests, query)
	e.requests = e.requests[max(0, len(e.requests)-maxIdentityRequests):]
	if e.fail == 0 {
		return 0
	}
	if e.fail > 0 {
		e.fail--
	}
	return e.status
}

func (e *IdentityEndpoint) respondToken(w http.ResponseWriter, resource string) {
	token, err := e.Tokens.Token(e.PrincipalID, resource, IdentityTokenLifetime)
	if err != nil {
		respond(w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
		return
	}
	expires := e.Tokens.clock().Add(IdentityTokenLifetime).Unix()
	respond(w, http.StatusOK, map[string]string{
		"access_token": token, "client_id": e.ClientID, "expires_on": strconv.FormatInt(expires, 10),
		"resource": resource, "token_type": "Bearer",
	})
}

func respond(w http.ResponseWriter, status int, document map[string]string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document) // fails only if the client has gone
}
