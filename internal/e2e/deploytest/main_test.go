//go:build integration

// Package deploytest tests the files of deploy/ and the Dockerfile. It builds the
// binary with the Dockerfile's command and runs it in an empty root and behind nginx
// and Caddy. It parses and checks the files that cannot be used here. It needs
// nginx, caddy and systemd-analyze.
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

// root is the repository's root, relative to this package.
const root = "../../.."

// stamp is the version of the binary under test.
const stamp = "v9.8.7-test"

// binary is the path of the binary under test. TestMain sets it.
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
	// Another user must be able to enter the folder of the empty root.
	if err = os.Chmod(dir, 0o755); err != nil {
		return 1, err
	}
	binary = filepath.Join(dir, "webapp")
	if err = buildAsDockerfile(filepath.Join(dir, "src"), binary); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// buildAsDockerfile copies the build context to dir and runs the Dockerfile's build
// command there. env is added to the test's environment.
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

// documents returns the documents of a YAML file. It fails if a key is repeated.
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

// at returns the value at a path of keys and list indexes, or nil.
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

// strs returns a list of strings, or nil.
func strs(value any) []string {
	list, _ := value.([]any)
	var out []string
	for _, one := range list {
		out = append(out, fmt.Sprint(one))
	}
	return out
}
