package observe

import (
	"net/http"
	"time"
)

// Request records one answered request. route is the pattern that it
// matched, never a path, or "" for none.
func (m *Metrics) Request(method, route string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	if !knownMethod(method) {
		method = other
	}
	m.requests.WithLabelValues(route, method, statusClass(status)).Observe(took.Seconds())
}

// knownMethod says whether a method is one of RFC 9110 or 5789. Others are
// whatever a stranger wrote.
func knownMethod(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

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
