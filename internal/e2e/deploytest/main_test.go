//go:build integration

// Package deploytest tries the files of deploy/ and the Dockerfile: the binary
// is built by the Dockerfile's own command and runs in an empty root and behind
// nginx and Caddy; what cannot be run here is parsed and checked. It needs nginx,
// caddy and systemd-analyze.
package deploytest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// root is the top of the repository, as seen from this package.
const root = "../../.."

// stamp is the version that the binary under test was built with.
const stamp = "v9.8.7-test"

// binary is what the Dockerfile's command made. It is set once, before the
// first test.
var binary string

func TestMain(m *testing.M) {
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "deploytest:", err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "deploytest-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	// A directory that another user may enter, for the empty root.
	if err = os.Chmod(dir, 0o755); err != nil {
		return 1, err
	}
	binary = filepath.Join(dir, "webapp")
	if err = buildAsDockerfile(filepath.Join(dir, "src"), binary); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// buildAsDockerfile copies the build context to dir and runs the Dockerfile's
// build command there. env comes on top of the test's own environment.
func buildAsDockerfile(dir, output string, env ...string) error {
	if err := copyContext(dir); err != nil {
		return err
	}
	file, err := readDockerfile()
	if err != nil {
		return err
	}
	command, err := file.buildCommand()
	if err != nil {
		return err
	}
	cmd := exec.Command("sh", "-euc", strings.Replace(command, "/out/webapp", output, 1))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "VERSION="+stamp, "TARGETOS="+runtime.GOOS, "TARGETARCH="+runtime.GOARCH)
	cmd.Env = append(cmd.Env, env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", command, err, out)
	}
	return nil
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return string(text)
}

// document is one YAML document of a file.
type document map[string]any

// documents reads every document of a YAML file, and refuses one that sets a
// key twice.
func documents(t *testing.T, path string) []document {
	t.Helper()
	var all []document
	for d := yaml.NewDecoder(bytes.NewReader([]byte(read(t, path)))); ; {
		var one document
		err := d.Decode(&one)
		if err != nil && err.Error() == "EOF" {
			return all
		}
		require.NoError(t, err, path)
		all = append(all, one)
	}
}

// at returns what stands at a path of keys and, for lists, indexes; nil where
// there is nothing.
func (d document) at(path ...any) any {
	var here any = map[string]any(d)
	for _, step := range path {
		switch value := here.(type) {
		case document:
			here = value[step.(string)]
		case map[string]any:
			here = value[step.(string)]
		case []any:
			i, ok := step.(int)
			if !ok || i >= len(value) {
				return nil
			}
			here = value[i]
		default:
			return nil
		}
	}
	return here
}

// strs is a list of strings, or nil.
func strs(value any) []string {
	list, _ := value.([]any)
	var out []string
	for _, one := range list {
		out = append(out, fmt.Sprint(one))
	}
	return out
}
