package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestText(t *testing.T) {
	r, err := newRenamer("webapp", "webapp", "example.com/acme/webapp2", "portal")
	require.NoError(t, err)
	for _, c := range []struct{ name, old, renamed string }{
		{"module line", "module webapp\n\ngo 1.26", "module example.com/acme/webapp2\n\ngo 1.26"},
		{"import", `import "webapp/internal/domain"`, `import "example.com/acme/webapp2/internal/domain"`},
		{"command's import path", `"webapp/cmd/webapp/config"`, `"example.com/acme/webapp2/cmd/portal/config"`},
		{"prefix of all imports", `strings.HasPrefix(p, "webapp/")`, `strings.HasPrefix(p, "example.com/acme/webapp2/")`},
		{"folder", "go run ./cmd/webapp -demo", "go run ./cmd/portal -demo"},
		{"file below a folder of that name", "/etc/webapp/internal/x and ./cmd/webapp/templates", "/etc/portal/internal/x and ./cmd/portal/templates"},
		{"cookie and metric", "__Host-webapp_session webapp_sign_ins_total", "__Host-portal_session portal_sign_ins_total"},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.renamed, string(r.text([]byte(c.old)))) })
	}
}

func TestNamesThatCannotBe(t *testing.T) {
	for _, c := range [][2]string{{"", "portal"}, {"example.com/x", ""}, {"example.com/x", "My Portal"}, {"example.com/x", "p-q"}, {"example.com//x", "portal"}, {"/x", "portal"}} {
		_, err := newRenamer("webapp", "webapp", c[0], c[1])
		assert.Error(t, err, c)
	}
}

func TestACheckoutIsRenamed(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string, mode os.FileMode) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), mode))
	}
	write("cmd/webapp/main.go", "package main\n\nimport _ \"webapp/internal/x\"\n", 0o644)
	write("go.mod", "module webapp\n", 0o644)
	write("picture.png", "\x00webapp", 0o644)
	write("untracked", "webapp", 0o644)
	for _, args := range [][]string{{"init", "-q"}, {"add", "cmd", "go.mod", "picture.png"}} {
		require.NoError(t, exec.Command("git", append([]string{"-C", dir}, args...)...).Run())
	}

	require.NoError(t, run([]string{"-module", "example.com/portal", "-name", "portal"}, dir, io.Discard, io.Discard))

	got, err := os.ReadFile(filepath.Join(dir, "cmd", "portal", "main.go"))
	require.NoError(t, err)
	assert.Equal(t, "package main\n\nimport _ \"example.com/portal/internal/x\"\n", string(got))
	assert.NoDirExists(t, filepath.Join(dir, "cmd", "webapp"))
	for _, kept := range []string{"picture.png", "untracked"} {
		got, err := os.ReadFile(filepath.Join(dir, kept))
		require.NoError(t, err)
		assert.Contains(t, string(got), "webapp", kept)
	}

	require.NoError(t, run([]string{"-module", "example.com/other", "-name", "other"}, dir, io.Discard, io.Discard), "and once more")
	got, err = os.ReadFile(filepath.Join(dir, "go.mod"))
	require.NoError(t, err)
	assert.Equal(t, "module example.com/other\n", string(got))
}
