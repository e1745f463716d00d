//go:build integration

package deploytest

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Traefik itself does not run here: its files are read as it would read them.
func TestTraefikFilesReferToEachOther(t *testing.T) {
	static := documents(t, "deploy/traefik/traefik.yaml")[0]
	routes := documents(t, "deploy/traefik/dynamic.yaml")[0]
	for _, name := range strs(routes.at("http", "routers", "webapp", "entryPoints")) {
		assert.NotNil(t, static.at("entryPoints", name), name)
	}
	for _, name := range strs(routes.at("http", "routers", "webapp", "middlewares")) {
		assert.NotNil(t, routes.at("http", "middlewares", name), name)
	}
	resolver := routes.at("http", "routers", "webapp", "tls", "certResolver").(string)
	assert.NotNil(t, static.at("certificatesResolvers", resolver))
	service := routes.at("http", "routers", "webapp", "service").(string)
	transport := routes.at("http", "services", service, "loadBalancer", "serversTransport").(string)
	assert.NotNil(t, routes.at("http", "serversTransports", transport))

	for name := range static.at("entryPoints").(document) {
		assert.Nil(t, static.at("entryPoints", name, "forwardedHeaders"), "nobody's X-Forwarded-For is believed")
	}
	claims := routes.at("http", "middlewares", "webapp-claims", "headers", "customRequestHeaders").(document)
	for _, name := range []string{"Forwarded", "X-Request-Id", "Traceparent", "Tracestate"} {
		assert.Equal(t, "", claims[name], "%s is removed", name)
	}
	assert.Contains(t, strs(routes.at("http", "routers", "webapp", "middlewares")), "webapp-claims")

	assert.Equal(t, "drop", static.at("accessLog", "fields", "defaultMode"))
	kept := static.at("accessLog", "fields", "names").(document)
	for _, revealing := range []string{"RequestPath", "RequestLine", "RequestAddr"} {
		assert.NotContains(t, kept, revealing, "it holds codes and states")
	}
}
