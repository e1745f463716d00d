package http

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMountsTakeNoPathOfAPage(t *testing.T) {
	for path, good := range map[string]bool{
		"/api": true, "/api/v1": true, "/loginz": true,
		"": false, "/": false, "api": false, "/api/": false, "/api/{id}": false, "/api/*": false, "/a%70i": false,
		"/login": false, "/healthz": false, "/static": false, "/static/own": false, "/getAToken": false,
	} {
		a := &app{Config: Config{CallbackPath: "/getAToken", Mounts: map[string]http.Handler{path: http.NotFoundHandler()}}}
		err := a.checkMounts()
		if good {
			assert.NoError(t, err, path)
			continue
		}
		assert.ErrorContains(t, err, "cannot be mounted", path)
	}
}
