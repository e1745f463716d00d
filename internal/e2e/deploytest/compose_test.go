//go:build integration

package deploytest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/test/browsertest"
)

func TestComposeConfinesEveryService(t *testing.T) {
	file := documents(t, "deploy/compose.yaml")[0]
	services := file.at("services").(document)
	require.Len(t, services, 2)
	for name := range services {
		service := func(path ...any) any { return file.at(append([]any{"services", name}, path...)...) }
		assert.Equal(t, true, service("read_only"), name)
		assert.Equal(t, []string{"ALL"}, strs(service("cap_drop")), name)
		assert.Nil(t, service("cap_add"), name)
		assert.Nil(t, service("privileged"), name)
		assert.Equal(t, []string{"no-new-privileges:true"}, strs(service("security_opt")), name)
		assert.NotNil(t, service("mem_limit"), name)
		assert.NotNil(t, service("pids_limit"), name)
		assert.Equal(t, "unless-stopped", service("restart"), name)
	}
	assert.Nil(t, file.at("services", "app", "healthcheck"), "the image has nothing to ask with")
	assert.NotNil(t, file.at("services", "redis", "healthcheck"))
	assert.Equal(t, "15s", file.at("services", "app", "stop_grace_period"), "longer than the app's ten seconds")
	for _, port := range strs(file.at("services", "app", "ports")) {
		assert.True(t, strings.HasPrefix(port, "127.0.0.1:"), "TLS ends at a proxy on this machine")
	}
	assert.Nil(t, file.at("services", "redis", "ports"))
	assert.Equal(t, true, file.at("networks", "store", "internal"))
	assert.Equal(t, []string{"store"}, strs(file.at("services", "redis", "networks")))
}

func TestComposeSettingsFitTogether(t *testing.T) {
	file := documents(t, "deploy/compose.yaml")[0]
	env := file.at("services", "app", "environment").(document)
	gateway := file.at("networks", "front", "ipam", "config", 0, "gateway")
	assert.Equal(t, fmt.Sprint(gateway, "/32"), env["TRUSTED_PROXIES"], "the proxy's connections come from the gateway")
	// A folder is mounted, so that the app sees a file that is renamed into place.
	assert.Equal(t, []string{"./secrets/app:/run/secrets:ro"}, strs(file.at("services", "app", "volumes")))
	assert.Contains(t, strs(file.at("services", "redis", "volumes")), "./secrets/redis:/run/secrets:ro")
	made := read(t, "deploy/compose.yaml")
	for _, name := range []string{"CLIENT_SECRET", "SESSION_KEY", "SESSION_STORE"} {
		assert.Nil(t, env[name], "a file instead")
		file, ok := strings.CutPrefix(fmt.Sprint(env[name+"_FILE"]), "/run/secrets/")
		require.True(t, ok, name)
		assert.Contains(t, made, "> secrets/app/"+file, "the comment says how to make it")
	}
	_, err := os.Stat(filepath.Join(root, "deploy", file.at("services", "app", "build", "context").(string), "Dockerfile"))
	assert.NoError(t, err)

	given := variables(read(t, "deploy/compose.env.example"))
	asked := regexp.MustCompile(`[^$]\$\{([A-Z_]+)`).FindAllStringSubmatch(read(t, "deploy/compose.yaml"), -1)
	require.NotEmpty(t, asked)
	for _, name := range asked {
		assert.Contains(t, given, name[1], "compose.env.example names every variable of compose.yaml")
	}
}

// The command of the service runs a Redis that demands the password, evicts nothing
// and stops after SIGTERM. The test replaces the folder and the port.
func TestComposeRedisStarts(t *testing.T) {
	command := strs(documents(t, "deploy/compose.yaml")[0].at("services", "redis", "command"))
	require.Len(t, command, 3)
	script := strings.ReplaceAll(command[2], "$$", "$") // compose's escape for $
	require.Contains(t, script, "dir /data\n")
	port := fmt.Sprint(browsertest.FreePort(t))
	script = strings.Replace(script, "dir /data\n", "dir "+t.TempDir()+"\nport "+port+"\n", 1)
	require.Contains(t, script, "$(cat /run/secrets/password)")
	password := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(password, []byte("0123abcd\n"), 0o600))
	script = strings.Replace(script, "/run/secrets/password", password, 1)
	redis := browsertest.StartProcess(t, exec.Command(command[0], command[1], script), nil)
	redis.WaitForOutput("Ready to accept connections")

	ask := func(password string, words ...string) string {
		cmd := exec.Command("redis-cli", append([]string{"-p", port}, words...)...)
		cmd.Env = append(os.Environ(), "REDISCLI_AUTH="+password)
		out, _ := cmd.CombinedOutput() // the test checks the output
		return string(out)
	}
	assert.Equal(t, "PONG\n", ask("0123abcd", "ping"))
	assert.Contains(t, ask("wrong", "ping"), "NOAUTH")
	assert.Contains(t, ask("0123abcd", "config", "get", "maxmemory-policy"), "noeviction")
	redis.Stop()
}
