package fakeidp

import (
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// The paths of IdentityEndpoint, and the life of its tokens.
const (
	PathInstanceMetadata  = "/metadata/identity/oauth2/token" // virtual machines, AKS
	PathAppService        = "/msi/token"                      // App Service, Container Apps
	IdentityTokenLifetime = 24 * time.Hour
)

// IdentityEndpoint is the managed identity endpoint of an Azure host with one
// user-assigned identity. Its tokens are for whatever resource is asked for.
type IdentityEndpoint struct {
	// Tokens makes the tokens; its issuer is the tenant's.
	Tokens *TokenIssuer
	// ClientID is the identity's client ID, PrincipalID its object ID, which is
	// the subject of its tokens.
	ClientID, PrincipalID string
	// Header is the secret of PathAppService.
	Header string

	mu       sync.Mutex
	requests []url.Values
	fail     int // requests to fail, negative for all
	status   int
}

// Fail makes the next times requests, or all where times is negative, end with
// status. 0 ends that.
func (e *IdentityEndpoint) Fail(times, status int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fail, e.status = times, status
}

// Requests returns the queries of the requests so far.
func (e *IdentityEndpoint) Requests() []url.Values {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]url.Values(nil), e.requests...)
}

// ServeHTTP responds with a token, or an error as Azure words it.
func (e *IdentityEndpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if status := e.note(query); status != 0 {
		answerJSON(w, status, map[string]string{"error": "server_error", "error_description": "switched off"})
		return
	}
	version := "2018-02-01"
	allowed := r.Header.Get("Metadata") == "true" && r.Header.Get("X-Forwarded-For") == ""
	if r.URL.Path == PathAppService {
		version, allowed = "2019-08-01", e.Header != "" && r.Header.Get("X-Identity-Header") == e.Header
	}
	switch {
	case r.URL.Path != PathAppService && r.URL.Path != PathInstanceMetadata || r.Method != http.MethodGet:
		answerJSON(w, http.StatusNotFound, map[string]string{"error": "not_found"})
	case !allowed, query.Get("api-version") != version, query.Get("resource") == "":
		answerJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_request", "error_description": "Required metadata header not specified"})
	case query.Get("client_id") != e.ClientID:
		answerJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_request", "error_description": "Identity not found"})
	default:
		e.answer(w, query.Get("resource"))
	}
}

func (e *IdentityEndpoint) note(query url.Values) (status int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.requests = append(e.requests, query)
	e.requests = e.requests[max(0, len(e.requests)-logCapacity):]
	if e.fail == 0 {
		return 0
	}
	if e.fail > 0 {
		e.fail--
	}
	return e.status
}

func (e *IdentityEndpoint) answer(w http.ResponseWriter, resource string) {
	token, err := e.Tokens.Token(e.PrincipalID, resource, IdentityTokenLifetime)
	if err != nil {
		answerJSON(w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
		return
	}
	expires := e.Tokens.clock().Add(IdentityTokenLifetime).Unix()
	answerJSON(w, http.StatusOK, map[string]string{
		"access_token": token, "client_id": e.ClientID, "expires_on": strconv.FormatInt(expires, 10),
		"resource": resource, "token_type": "Bearer",
	})
}
