//go:build integration

package deploytest

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// known returns the names of the variables that the application reads, and of the Go
// runtime's.
func known(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{"GOMEMLIMIT": true}
	for _, m := range regexp.MustCompile(`env:"([A-Z_]+)"`).FindAllStringSubmatch(read(t, "cmd/webapp/config/config.go"), -1) {
		names[m[1]] = true
	}
	require.Greater(t, len(names), 15)
	return names
}

// The application ignores a misspelt variable without an error.
func TestEveryVariableExists(t *testing.T) {
	names := known(t)
	check := func(file, name string) { assert.True(t, names[name], "%s sets %s", file, name) }

	for name := range documents(t, "deploy/compose.yaml")[0].at("services", "app", "environment").(document) {
		check("compose.yaml", name)
	}
	for name := range documents(t, "deploy/kubernetes/config.yaml")[0].at("data").(document) {
		check("config.yaml", name)
	}
	for name := range podVariables(manifests(t)) {
		check("deployment.yaml", name)
	}
	for name := range variables(read(t, "deploy/systemd/webapp.env.example")) {
		check("webapp.env.example", name)
	}
	for _, value := range unitFile(t)["Environment"] {
		name, _, _ := strings.Cut(value, "=")
		check("webapp.service", name)
	}
	for _, name := range regexp.MustCompile(`\b([A-Z]+(?:_[A-Z]+)+)=`).FindAllStringSubmatch(read(t, "deploy/nginx/webapp.conf"), -1) {
		check("webapp.conf", name[1])
	}
}

// variables returns the values of NAME=value lines by name.
func variables(text string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if name, value, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			all[name] = value
		}
	}
	return all
}

// secretName matches the names of variables that contain secrets.
var secretName = regexp.MustCompile(`SECRET|PASSWORD|KEY|TOKEN`)

func TestExamplesHaveNoSecrets(t *testing.T) {
	for name, value := range variables(read(t, "deploy/compose.env.example")) {
		if secretName.MatchString(name) {
			assert.Empty(t, value, name)
		}
	}
	for name, value := range variables(read(t, "deploy/systemd/webapp.env.example")) {
		if secretName.MatchString(name) {
			assert.Empty(t, value, name)
		}
	}
	for name, value := range documents(t, "deploy/kubernetes/secret.example.yaml")[0].at("stringData").(document) {
		assert.Contains(t, value, "REPLACE_ME", name)
	}
	for name := range documents(t, "deploy/kubernetes/config.yaml")[0].at("data").(document) {
		assert.NotRegexp(t, secretName, name)
	}
}
