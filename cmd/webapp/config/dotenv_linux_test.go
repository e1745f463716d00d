package config

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A password manager can offer .env as a pipe. Without it, the start must not wait for ever.
func TestDotEnvThatIsAPipe(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, syscall.Mkfifo(".env", 0o600))
	_, err := readDotEnv(50 * time.Millisecond)
	require.ErrorContains(t, err, "a pipe that no program has written to")

	require.NoError(t, os.WriteFile(".env", nil, 0o600)) // ends the first read

	t.Chdir(t.TempDir())
	require.NoError(t, syscall.Mkfifo(".env", 0o600))
	go func() { _ = os.WriteFile(".env", []byte("CLIENT_ID=x\n"), 0o600) }()
	text, err := readDotEnv(time.Minute)
	require.NoError(t, err)
	assert.Equal(t, "CLIENT_ID=x\n", string(text))
}
