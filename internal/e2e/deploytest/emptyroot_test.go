//go:build integration

package deploytest

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/browsertest"
)

// nobody is the user of the image.
const nobody = 65532

// emptyRoot creates the files of the image's final stage with ca as its
// certificates. The image's user can write to /data only.
func emptyRoot(t *testing.T, ca []byte) string {
	t.Helper()
	dir, err := os.MkdirTemp(filepath.Dir(binary), "root-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "etc/ssl/certs"), 0o755))
	for name, text := range map[string][]byte{
		"etc/ssl/certs/ca-certificates.crt": ca,
		"etc/passwd":                        []byte("webapp:x:65532:65532::/:/none\n"),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o444))
	}
	require.NoError(t, os.Link(binary, filepath.Join(dir, "webapp")))
	data := filepath.Join(dir, "data")
	require.NoError(t, os.Mkdir(data, 0o700))
	if os.Getuid() == 0 {
		require.NoError(t, os.Chown(data, nobody, nobody))
	}
	require.NoError(t, os.Chmod(dir, 0o555))
	return dir
}

// startConfined runs the image's entry point as its user in an empty root. It uses
// chroot and another user if the test runs as root, otherwise a user namespace.
func startConfined(t *testing.T, dir string, env map[string]string) (*browsertest.Process, *exec.Cmd) {
	t.Helper()
	cmd := exec.Command("/webapp")
	cmd.Path, cmd.Err, cmd.Dir = "/webapp", nil, "/"
	attr := &syscall.SysProcAttr{Chroot: dir}
	if os.Getuid() == 0 {
		attr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	} else {
		attr.Cloneflags = syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: nobody, HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: nobody, HostID: os.Getgid(), Size: 1}}
	}
	cmd.SysProcAttr = attr
	return browsertest.StartProcess(t, cmd, env), cmd
}

// The image without a container engine: one binary, its certificates, and one folder
// for sessions. The application starts, trusts the certificates, and stops.
func TestRunsInAnEmptyRoot(t *testing.T) {
	ca := newAuthority(t)
	idp, err := fakeidp.New(fakeidp.Config{TLS: &tls.Config{Certificates: []tls.Certificate{ca.issue(t, "127.0.0.1")}}})
	require.NoError(t, err)
	_, err = idp.Start("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = idp.Close() })

	for name, c := range map[string]struct {
		certificates []byte
		ready        int
	}{
		"with the provider's authority": {ca.pem, http.StatusOK},
		"with another authority":        {newAuthority(t).pem, http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			port := browsertest.FreePort(t)
			app, cmd := startConfined(t, emptyRoot(t, c.certificates), map[string]string{
				"LISTEN_ADDR": fmt.Sprintf(":%d", port), "LOG_FORMAT": "json",
				"AUTHORITY": idp.Authority(fakeidp.ContosoTenantID),
				"CLIENT_ID": fakeidp.DefaultClientID, "CLIENT_SECRET": fakeidp.DefaultClientSecret,
				"REDIRECT_URI": "https://app.example.com/getAToken", "RESPONSE_MODE": "form_post",
				"SESSION_STORE": "sqlite:/data/sessions.db", "SESSION_KEY": sessionKey,
			})
			app.WaitForOutput("is ready")
			origin := fmt.Sprintf("http://127.0.0.1:%d", port)
			assert.Equal(t, http.StatusOK, status(t, origin+"/healthz"))
			assert.Equal(t, http.StatusOK, status(t, origin+"/"))
			assert.Equal(t, c.ready, status(t, origin+"/readyz"))
			assertPowerless(t, cmd.Process.Pid)
			app.Stop()
		})
	}
}

func status(t *testing.T, url string) int {
	t.Helper()
	res, err := http.Get(url)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

// assertPowerless checks the process's privileges in /proc.
func assertPowerless(t *testing.T, pid int) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	fields := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^(\w+):[ \t]*(.*)$`).FindAllStringSubmatch(string(text), -1) {
		fields[m[1]] = m[2]
	}
	assert.Regexp(t, `^0+$`, fields["CapEff"], "effective capabilities")
	assert.Regexp(t, `^0+$`, fields["CapPrm"], "permitted capabilities")
	if os.Getuid() == 0 {
		assert.Equal(t, strings.Repeat("65532\t", 3)+"65532", fields["Uid"])
		assert.Empty(t, strings.TrimSpace(fields["Groups"]))
	}
}
