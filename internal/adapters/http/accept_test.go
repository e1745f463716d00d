package http

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWantsJSON(t *testing.T) {
	for accept, want := range map[string]bool{
		"":                                          false,
		"*/*":                                       false,
		"text/html":                                 false,
		"application/json":                          true,
		"Application/JSON":                          true,
		"application/problem+json":                  true,
		"application/json;charset=utf-8":            true,
		"application/json, text/plain, */*":         true,
		"text/html, application/json":               false,
		"text/html;q=0.1, application/json":         true,
		"application/json;q=0.1, text/html":         false,
		"application/json;q=0":                      false,
		"application/json;q=x":                      false,
		"text/html,application/xhtml+xml,*/*;q=0.8": false,
		"text/json-like":                            false,
		"image/svg+json":                            false,
		";;,, application/json":                     true,
		"application/json;q=NaN, text/html;q=0.5":   false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept", accept)
		assert.Equal(t, want, wantsJSON(r), "%q", accept)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header["Accept"] = []string{"text/plain", "application/json"}
	assert.True(t, wantsJSON(r), "in a second header line")
}

func TestALongAcceptIsNotRead(t *testing.T) {
	for _, lines := range [][]string{
		{"application/json," + strings.Repeat("text/x;q=0.1,", 100)},
		slices.Repeat([]string{"application/json"}, 100),
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Accept"] = lines
		assert.False(t, wantsJSON(r))
		r.Header["Accept"] = lines[:1]
		r.Header["Accept"][0] = r.Header["Accept"][0][:len("application/json")]
		assert.True(t, wantsJSON(r))
	}
}
