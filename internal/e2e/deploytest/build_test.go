//go:build integration

package deploytest

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A build in another directory without a cache has the same bytes, so anybody can
// check a released binary against its source.
func TestBuildIsReproducible(t *testing.T) {
	dir := t.TempDir()
	again := filepath.Join(dir, "again")
	require.NoError(t, buildAsDockerfile(filepath.Join(dir, "elsewhere", "source"), again, "GOCACHE="+filepath.Join(dir, "cache")))
	first, err := os.ReadFile(binary)
	require.NoError(t, err)
	second, err := os.ReadFile(again)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(first, second), "two builds of the same source differ")
	assert.NotContains(t, string(second), dir, "the directory it was built in")
}

func TestVersionIsStamped(t *testing.T) {
	out, err := exec.Command(binary, "-version").Output()
	require.NoError(t, err)
	assert.Equal(t, "webapp "+stamp+"\n", string(out))
}

func TestBinaryIsStaticAndStripped(t *testing.T) {
	file, err := elf.Open(binary)
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	for _, p := range file.Progs {
		assert.NotEqual(t, elf.PT_INTERP, p.Type, "it asks for a dynamic loader")
	}
	assert.Nil(t, file.Section(".symtab"))
	assert.Nil(t, file.Section(".debug_info"))

	size, err := os.Stat(binary)
	require.NoError(t, err)
	assert.Less(t, size.Size(), int64(40<<20), "bytes of the stripped binary")

	info, err := buildinfo.ReadFile(binary)
	require.NoError(t, err)
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	assert.Equal(t, "0", settings["CGO_ENABLED"])
	assert.Equal(t, "true", settings["-trimpath"])
}
