//go:build integration

package deploytest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Traefik does not run here. The test parses its files.
func TestTraefikFilesReferToEachOther(t *testing.T) {
	static := documents(t, "deploy/traefik/traefik.yaml")[0]
	for name := range static.at("entryPoints").(document) {
		assert.Nil(t, static.at("entryPoints", name, "forwardedHeaders"), "nobody's X-Forwarded-For is believed")
	}
	for _, file := range []string{"deploy/traefik/dynamic.yaml", "deploy/traefik/forward-auth.yaml"} {
		routes := documents(t, file)[0]
		for router := range routes.at("http", "routers").(document) {
			for _, name := range strs(routes.at("http", "routers", router, "entryPoints")) {
				assert.NotNil(t, static.at("entryPoints", name), name)
			}
			for _, name := range strs(routes.at("http", "routers", router, "middlewares")) {
				assert.NotNil(t, routes.at("http", "middlewares", name), name)
			}
			resolver := routes.at("http", "routers", router, "tls", "certResolver").(string)
			assert.NotNil(t, static.at("certificatesResolvers", resolver))
			assert.NotNil(t, routes.at("http", "services", routes.at("http", "routers", router, "service").(string)))
		}
		transport := routes.at("http", "services", "webapp", "loadBalancer", "serversTransport").(string)
		assert.NotNil(t, routes.at("http", "serversTransports", transport))
		claims := routes.at("http", "middlewares", "webapp-claims", "headers", "customRequestHeaders").(document)
		for _, name := range []string{"Forwarded", "X-Request-Id", "Traceparent", "Tracestate"} {
			assert.Equal(t, "", claims[name], "%s is removed", name)
		}
		assert.Contains(t, strs(routes.at("http", "routers", "webapp", "middlewares")), "webapp-claims")
	}

	assert.Equal(t, "drop", static.at("accessLog", "fields", "defaultMode"))
	kept := static.at("accessLog", "fields", "names").(document)
	for _, revealing := range []string{"RequestPath", "RequestLine", "RequestAddr"} {
		assert.NotContains(t, kept, revealing, "it holds codes and states")
	}
}

// Every route of the protected application asks webapp first, and removes its cookies
// afterwards.
func TestTraefikProtectsTheApplication(t *testing.T) {
	routes := documents(t, "deploy/traefik/forward-auth.yaml")[0]
	asked := 0
	for router := range routes.at("http", "routers").(document) {
		if routes.at("http", "routers", router, "service") != "application" {
			continue
		}
		asked++
		steps := strs(routes.at("http", "routers", router, "middlewares"))
		require.Len(t, steps, 2, router)
		auth := document(routes.at("http", "middlewares", steps[0]).(document)).at("forwardAuth").(document)
		assert.Contains(t, auth["address"], "http://127.0.0.1:3000/_signin/verify")
		assert.Equal(t, false, auth["trustForwardHeader"])
		assert.Equal(t, []string{"Cookie", "Accept"}, strs(auth["authRequestHeaders"]))
		removed := regexp.MustCompile(auth["authResponseHeadersRegex"].(string))
		for _, name := range []string{"X-Auth-Request-User", "x-auth-request-roles", "X_auth_request_groups", "X-Auth_request-Groups-Complete", "X.Auth.Request.User", "x!auth-request+name"} {
			assert.True(t, removed.MatchString(name), name)
		}
		assert.Equal(t, "", routes.at("http", "middlewares", steps[1], "headers", "customRequestHeaders", "Cookie"), router)
	}
	assert.Equal(t, 2, asked)
	assert.Contains(t, read(t, "deploy/traefik/forward-auth.yaml"), "This file has not been run.")
}

// Each proxy example sends requests to the address at which systemd, compose and
// README.md have the application listen, uses the liveness check, and names one
// second instance in a comment.
func TestProxiesUseTheListenAddress(t *testing.T) {
	const address = "127.0.0.1:3000"
	assert.Equal(t, address, variables(read(t, "deploy/systemd/webapp.env.example"))["LISTEN_ADDR"])
	assert.Equal(t, []string{address + ":3000"}, strs(documents(t, "deploy/compose.yaml")[0].at("services", "app", "ports")))
	assert.Contains(t, read(t, "docs/deployment.md"), "\nLISTEN_ADDR="+address+"\n")

	for file, upstream := range map[string]string{
		"deploy/nginx/webapp.conf": "server %s max_fails=0;", "deploy/caddy/Caddyfile": "to %s", "deploy/traefik/dynamic.yaml": "- url: http://%s",
	} {
		var sent []string
		for line := range strings.Lines(read(t, file)) {
			if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") && strings.Contains(line, "127.0.0.1:") {
				sent = append(sent, line)
			}
		}
		assert.Equal(t, []string{fmt.Sprintf(upstream, address)}, sent, file)
		assert.Contains(t, read(t, file), "# "+fmt.Sprintf(upstream, "127.0.0.1:3001")+"\n", file)
	}
	// If all instances used /readyz, an outage of the shared store would remove them
	// all.
	assert.Contains(t, read(t, "deploy/caddy/Caddyfile"), "health_uri /healthz\n")
	assert.Equal(t, "/healthz", documents(t, "deploy/traefik/dynamic.yaml")[0].at("http", "services", "webapp", "loadBalancer", "healthCheck", "path"))
}
