//go:build integration

package deploytest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	unit       = "deploy/systemd/webapp.service"
	doctorUnit = "deploy/systemd/webapp-doctor.service"
)

// unitFile has the settings of a unit, each with its values in order.
func unitFile(t *testing.T) map[string][]string {
	t.Helper()
	return unitSettings(t, unit)
}

func unitSettings(t *testing.T, path string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for line := range strings.Lines(read(t, path)) {
		line = strings.TrimSpace(line)
		if name, value, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			all[name] = append(all[name], value)
		}
	}
	return all
}

func TestUnitsAreUnderstood(t *testing.T) {
	for _, file := range []string{unit, doctorUnit} {
		// systemd-analyze demands that the program exists, so the test uses another
		// one.
		text := edited(t, read(t, file), [][2]string{{"ExecStart=/usr/local/bin/webapp", "ExecStart=/bin/true"}})
		path := filepath.Join(t.TempDir(), filepath.Base(file))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		out, err := exec.Command("systemd-analyze", "verify", "--man=no", path).CombinedOutput()
		require.NoError(t, err, string(out))
		assert.Empty(t, string(out), "no warning")
	}
}

// The doctor must run with the same settings as the service.
func TestDoctorRunsAsTheService(t *testing.T) {
	service, doctor := unitSettings(t, unit), unitSettings(t, doctorUnit)
	assert.Equal(t, []string{service["ExecStart"][0] + " doctor"}, doctor["ExecStart"])
	assert.Equal(t, []string{"oneshot"}, doctor["Type"], "its end is waited for, and its exit status is systemctl's")
	for _, own := range []string{
		"Description", "Type", "ExecStart", "TimeoutStartSec", "TimeoutStopSec", "Restart", "RestartSec", "KillMode",
		"StartLimitIntervalSec", "StartLimitBurst", "WantedBy",
	} {
		delete(service, own)
		delete(doctor, own)
	}
	require.Contains(t, doctor, "User")
	assert.Equal(t, service, doctor)
}

// systemd-analyze rates the exposure from 0 (protected) to 10. The remaining points
// are for access to the network, which the application needs.
func TestUnitExposesLittle(t *testing.T) {
	path, err := filepath.Abs(filepath.Join(root, unit))
	require.NoError(t, err)
	out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", path).CombinedOutput()
	assert.NoError(t, err, string(out))
}

func TestUnitKeepsItsSecrets(t *testing.T) {
	u := unitFile(t)
	assert.Equal(t, []string{"yes"}, u["DynamicUser"])
	assert.Equal(t, []string{"client_secret:/etc/webapp/client_secret", "session_key:/etc/webapp/session_key"}, u["LoadCredential"])
	assert.Contains(t, u["Environment"], "CLIENT_SECRET_FILE=%d/client_secret")
	assert.Contains(t, u["Environment"], "SESSION_KEY_FILE=%d/session_key")
	assert.Contains(t, u["Environment"], "SESSION_STORE=sqlite:%S/webapp/sessions.db")
	assert.Equal(t, []string{"webapp"}, u["StateDirectory"])
	assert.Equal(t, []string{"15"}, u["TimeoutStopSec"], "longer than the app's ten seconds")
	for _, value := range u["Environment"] {
		name, value, _ := strings.Cut(value, "=")
		assert.False(t, secretName.MatchString(name) && !strings.HasPrefix(value, "%d/"), "%s would be visible to everybody", name)
	}
}
