//go:build integration

package deploytest

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Git must ignore the files with secrets that README.md and deploy/ tell people to
// create here.
func TestGitIgnoresSecrets(t *testing.T) {
	for _, path := range []string{
		".env", "key.pem", "cert.pem", "webapp.pem", "webapp.pfx", "sessions.db", "sessions.db-wal",
		"deploy/.env", "deploy/secrets/client_secret", "deploy/kubernetes/secret.yaml",
	} {
		cmd := exec.Command("git", "check-ignore", "-q", path)
		cmd.Dir = "../../.."
		assert.NoError(t, cmd.Run(), "git would take %s", path)
	}
}
