package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// docs/faults.md names tests that there are.
func TestTheFaultsAreTested(t *testing.T) {
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, "docs", "faults.md"))
	require.NoError(t, err)
	named := regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(string(text), -1)
	require.Greater(t, len(named), 20)
	there := testsUnder(t, root)
	for _, name := range named {
		assert.True(t, there[name[1]], "no such test: %s", name[1])
	}
}

// testsUnder finds the names of all tests, whatever they are built for.
func testsUnder(t *testing.T, root string) map[string]bool {
	declared, found := regexp.MustCompile(`(?m)^func (Test\w+)\(`), map[string]bool{}
	for _, dir := range []string{"cmd", "internal"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.Name() == "node_modules":
				return fs.SkipDir
			case !strings.HasSuffix(path, "_test.go"):
				return nil
			}
			source, err := os.ReadFile(path)
			for _, name := range declared.FindAllSubmatch(source, -1) {
				found[string(name[1])] = true
			}
			return err
		})
		require.NoError(t, err)
	}
	return found
}
