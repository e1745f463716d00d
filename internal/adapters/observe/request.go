package observe

import (
	"net/http"
	"strconv"
	"time"
)

// Request records a request after its response. route is the matched route
// pattern, or "" if none matched. It must not be the path, because anybody can
// invent paths.
func (m *Metrics) Request(method, route string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	if !knownMethod(method) {
		method = other
	}
	code, known := m.statuses[status]
	if !known {
		code = other
	}
	m.requests.WithLabelValues(route, method, code).Observe(took.Seconds())
}

// statusLabels returns the label values of the statuses that the application uses.
func statusLabels() map[int]string {
	codes := map[int]string{}
	for _, status := range [...]int{
		http.StatusOK, http.StatusNoContent, http.StatusSeeOther,
		http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusUnsupportedMediaType,
		http.StatusTooManyRequests, http.StatusRequestHeaderFieldsTooLarge,
		http.StatusInternalServerError, http.StatusNotImplemented, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
	} {
		codes[status] = strconv.Itoa(status)
	}
	return codes
}

// knownMethod reports whether method is one of RFC 9110 or RFC 5789.
func knownMethod(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// statusClass returns the label value of a status that another server sent.
func statusClass(status int) string {
	switch status / 100 {
	case 1:
		return "1xx"
	case 2:
		return "2xx"
	case 3:
		return "3xx"
	case 4:
		return "4xx"
	case 5:
		return "5xx"
	}
	return other
}
