//go:build integration

package deploytest

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/test/browsertest"
)

// The application accepts the settings of each deployment, with placeholders filled
// in and with files and ports of this machine.
func TestSettingsOfEachDeploymentAreAccepted(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"CLIENT_SECRET_FILE": "S3cret~Value\n", "AZURE_FEDERATED_TOKEN_FILE": "e30.e30.c2ln",
		"SESSION_KEY_FILE": sessionKey + "\n", "SESSION_STORE_FILE": secretStore(t) + "\n",
	}
	for name, settings := range map[string]map[string]string{
		"compose":    composeSettings(t),
		"kubernetes": kubernetesSettings(t),
		"systemd":    systemdSettings(t, dir),
	} {
		t.Run(name, func(t *testing.T) {
			settings["LISTEN_ADDR"] = fmt.Sprintf("127.0.0.1:%d", browsertest.FreePort(t))
			for variable, content := range files {
				if _, ok := settings[variable]; ok {
					settings[variable] = filepath.Join(t.TempDir(), "credential")
					require.NoError(t, os.WriteFile(settings[variable], []byte(content), 0o600))
				}
			}
			cmd := exec.Command(binary)
			cmd.Dir = t.TempDir()
			app := browsertest.StartProcess(t, cmd, settings)
			app.WaitForOutput("Open https://app.example.com in a browser")
			app.Stop()
		})
	}
}

// text converts the values of a YAML mapping to strings.
func text(mapping any) map[string]string {
	all := map[string]string{}
	for name, value := range mapping.(document) {
		all[name] = fmt.Sprint(value)
	}
	return all
}

// composeSettings returns the environment of the service, with variables replaced as
// compose does.
func composeSettings(t *testing.T) map[string]string {
	t.Helper()
	given := variables(read(t, "deploy/compose.env.example"))
	all := text(documents(t, "deploy/compose.yaml")[0].at("services", "app", "environment"))
	for name, value := range all {
		all[name] = os.Expand(value, func(reference string) string {
			variable, _, _ := strings.Cut(reference, ":")
			return given[variable]
		})
	}
	return all
}

// secretStore returns the session store in the Secret for Kubernetes.
func secretStore(t *testing.T) string {
	t.Helper()
	return fmt.Sprint(documents(t, "deploy/kubernetes/secret.example.yaml")[0].at("stringData", "session_store"))
}

// kubernetesSettings returns the environment from the ConfigMap, the Deployment and the
// workload identity webhook.
func kubernetesSettings(t *testing.T) map[string]string {
	t.Helper()
	all := text(documents(t, "deploy/kubernetes/config.yaml")[0].at("data"))
	maps.Copy(all, podVariables(manifests(t)))
	for _, injected := range []string{"AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_AUTHORITY_HOST", "AZURE_FEDERATED_TOKEN_FILE"} {
		all[injected] = "injected"
	}
	return all
}

// systemdSettings returns the environment from the unit and its environment file,
// with the state directory in dir.
func systemdSettings(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := variables(read(t, "deploy/systemd/webapp.env.example"))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "webapp"), 0o700))
	for _, value := range unitFile(t)["Environment"] {
		name, value, _ := strings.Cut(value, "=")
		all[name] = strings.ReplaceAll(value, "%S", dir)
	}
	return all
}
