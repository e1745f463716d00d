package standalone

import (
	"encoding/json"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"webapp/internal/adapters/fakeidp"
)

// pathFaults is where a test sets and clears faults.
const pathFaults = "/_faults"

const (
	maxFaultBody  = 16 << 10 // bytes
	maxFaultDelay = 30 * time.Second
	maxFaultTimes = 1000
)

// faultsEndpoint sets faults (POST) and clears them (DELETE).
type faultsEndpoint struct {
	provider *fakeidp.Provider
	logger   *slog.Logger
}

// before serves pathFaults and leaves all other paths to next.
func (f *faultsEndpoint) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == pathFaults {
			f.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ServeHTTP refuses web pages before it does anything: browsers send Origin with
// every POST and DELETE, and a website whose name leads to this machine (DNS
// rebinding) sends its own name as Host.
func (f *faultsEndpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, fromPage := r.Header["Origin"]
	switch {
	case !loopbackHost(r.Host):
		http.Error(w, "Host must be localhost or a loopback address.", http.StatusForbidden)
	case fromPage:
		http.Error(w, "Web pages must not set faults: send no Origin.", http.StatusForbidden)
	case r.Method == http.MethodDelete:
		f.provider.Heal()
		f.logger.Info("all faults are cleared")
		w.WriteHeader(http.StatusNoContent)
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", "POST, DELETE")
		http.Error(w, "POST sets a fault, DELETE clears all.", http.StatusMethodNotAllowed)
	case !isJSON(r.Header.Values("Content-Type")):
		http.Error(w, "Content-Type must be application/json.", http.StatusUnsupportedMediaType)
	default:
		f.set(w, r)
	}
}

func (f *faultsEndpoint) set(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxFaultBody))
	if err != nil {
		http.Error(w, "The body cannot be read, or is too large.", http.StatusBadRequest)
		return
	}
	endpoint, fault, problems := readFault(body)
	if len(problems) > 0 {
		http.Error(w, strings.Join(problems, "\n"), http.StatusBadRequest)
		return
	}
	f.provider.Fail(endpoint, fault)
	f.logger.Info("a fault is set", "endpoint", endpoint, "times", fault.Times)
	w.WriteHeader(http.StatusNoContent)
}

// faultEndpoints are the endpoints at which a fault can be set.
var faultEndpoints = []fakeidp.Endpoint{
	fakeidp.EndpointMetadata, fakeidp.EndpointKeys, fakeidp.EndpointAuthorize, fakeidp.EndpointToken,
	fakeidp.EndpointUserInfo, fakeidp.EndpointGraph, fakeidp.EndpointLogout,
}

// readFault reads the body of a POST. problems is empty if the fault can be set.
func readFault(body []byte) (endpoint fakeidp.Endpoint, fault fakeidp.Fault, problems []string) {
	var r strictReader
	known := func(name string) bool { return slices.Contains(faultEndpoints, fakeidp.Endpoint(name)) }
	r.document(body, func(place string, value any) {
		r.object(place, value, map[string]reading{
			"endpoint": r.textThat(known, "metadata, keys, authorize, token, userinfo, graph or logout")((*string)(&endpoint)),
			"status":   r.number(&fault.Status, 200, 599),
			"delay":    r.delay(&fault.Delay),
			"times":    r.number(&fault.Times, 1, maxFaultTimes),
			"error":    r.fault(&fault),
		}, "endpoint")
		if len(r.problems) == 0 && fault.Status == 0 && fault.Delay == 0 && fault.Error == nil {
			r.add("", "the fault does nothing: give status, delay or error")
		}
	})
	return endpoint, fault, r.problems
}

func (r *strictReader) delay(into *time.Duration) reading {
	return func(place string, value any) {
		text, _ := value.(string)
		delay, err := time.ParseDuration(text)
		if err != nil || delay <= 0 || delay > maxFaultDelay {
			r.add(place, "must be a duration up to %s, such as 2s or 500ms", maxFaultDelay)
			return
		}
		*into = delay
	}
}

func (r *strictReader) fault(fault *fakeidp.Fault) reading {
	isObject := func(text string) bool {
		var object map[string]any
		return json.Unmarshal([]byte(text), &object) == nil && object != nil
	}
	return func(place string, value any) {
		fault.Error = &fakeidp.Error{}
		r.object(place, value, map[string]reading{
			"number": r.errorNumber(&fault.Error.Number),
			"claims": r.textThat(isObject, "a JSON object, written as a text")(&fault.Error.Claims),
		}, "number")
	}
}

// isJSON reports whether the request has exactly one media type, JSON.
func isJSON(contentType []string) bool {
	if len(contentType) != 1 {
		return false
	}
	kind, _, err := mime.ParseMediaType(contentType[0])
	return err == nil && kind == "application/json"
}

// loopbackHost reports whether the Host of a request is this machine.
func loopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}
