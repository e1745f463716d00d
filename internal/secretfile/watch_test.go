package secretfile_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/secretfile"
)

func open[T any](t *testing.T, c secretfile.Config[T]) *secretfile.File[T] {
	t.Helper()
	c.What, c.Limit, c.Logger = "secret", 1<<10, slog.New(slog.DiscardHandler)
	if c.Pause == nil {
		c.Pause = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	}
	file, err := secretfile.Open(c)
	require.NoError(t, err)
	return file
}

// watchedSecret is a file with a secret. Its writer continues while it is read.
func watchedSecret(t *testing.T, during func(round int)) (*secretfile.File[string], string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte("the-old-one"), 0o600))
	round := 0
	file := open(t, secretfile.Config[string]{
		Paths: []string{path},
		Parse: func(files [][]byte) (string, error) { return string(files[0]), nil },
		Pause: func(ctx context.Context, d time.Duration) error {
			assert.Equal(t, 100*time.Millisecond, d, "an editor that writes line by line is not so slow")
			round++
			during(round)
			return ctx.Err()
		},
	})
	return file, path
}

// TestSecretIsReadWhole: half a secret looks like a secret.
func TestSecretIsReadWhole(t *testing.T) {
	var path string
	appendText := func(text string) {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = f.WriteString(text)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	file, at := watchedSecret(t, func(round int) {
		if round == 1 {
			appendText("new-one")
		}
	})
	path = at
	require.NoError(t, os.WriteFile(path, []byte("the-"), 0o600))
	assert.Equal(t, "the-new-one", file.Get(t.Context()))
}

func TestSecretThatNeverStandsStill(t *testing.T) {
	var path string
	still := false
	file, at := watchedSecret(t, func(round int) {
		if !still {
			require.NoError(t, os.WriteFile(path, []byte(time.Duration(round).String()), 0o600))
		}
	})
	path = at
	require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
	assert.Equal(t, "the-old-one", file.Get(t.Context()))
	still = true
	assert.Equal(t, "4ns", file.Get(t.Context()))
}

func TestSettlingEndsWithTheCaller(t *testing.T) {
	file, path := watchedSecret(t, func(int) {})
	require.NoError(t, os.WriteFile(path, []byte("the-new-one"), 0o600))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	assert.Equal(t, "the-old-one", file.Get(gone))
	assert.Equal(t, "the-new-one", file.Get(t.Context()))
}
