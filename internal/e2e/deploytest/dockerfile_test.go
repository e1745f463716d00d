//go:build integration

package deploytest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// instruction is one instruction of a Dockerfile.
type instruction struct{ name, args string }

// dockerfile has the instructions in order, without comments.
type dockerfile []instruction

func readDockerfile() (dockerfile, error) {
	text, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		return nil, err
	}
	var all dockerfile
	var pending string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if more, ok := strings.CutSuffix(line, `\`); ok {
			pending += more
			continue
		}
		name, args, _ := strings.Cut(pending+line, " ")
		all, pending = append(all, instruction{name, strings.TrimSpace(args)}), ""
	}
	return all, nil
}

// buildCommand returns the only RUN instruction that calls go build.
func (d dockerfile) buildCommand() (string, error) {
	var found []string
	for _, i := range d {
		if i.name == "RUN" && strings.Contains(i.args, "go build") {
			found = append(found, i.args)
		}
	}
	if len(found) != 1 || strings.Count(found[0], "/out/webapp") != 1 {
		return "", errors.New("the Dockerfile has no single RUN with go build -o /out/webapp")
	}
	return found[0], nil
}

// final returns the instructions of the last stage.
func (d dockerfile) final() dockerfile {
	start := 0
	for i, one := range d {
		if one.name == "FROM" {
			start = i
		}
	}
	return d[start:]
}

// all returns the arguments of all instructions with this name.
func (d dockerfile) all(name string) []string {
	var args []string
	for _, i := range d {
		if i.name == name {
			args = append(args, i.args)
		}
	}
	return args
}

func TestDockerfile(t *testing.T) {
	file, err := readDockerfile()
	require.NoError(t, err)
	known := strings.Fields("ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM LABEL RUN STOPSIGNAL USER WORKDIR")
	for _, i := range file {
		assert.Contains(t, known, i.name)
	}

	command, err := file.buildCommand()
	require.NoError(t, err)
	for _, flag := range []string{"CGO_ENABLED=0", "-tags grpcnotrace", "-trimpath", "-buildvcs=false", "-s -w", "-X main.version=$VERSION"} {
		assert.Contains(t, command, flag)
	}
	goVersion := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))
	require.NotNil(t, goVersion)
	exact := regexp.MustCompile(`golang:(` + regexp.QuoteMeta(goVersion[1]) + `\.\d+)-`).FindStringSubmatch(file.all("FROM")[0])
	require.NotNil(t, exact, "the toolchain of go.mod, to the patch version")
	assert.Contains(t, read(t, "docs/deployment.md"), "GOTOOLCHAIN=go"+exact[1]+" ", "who builds again uses the same")

	image := file.final()
	assert.Equal(t, []string{"scratch"}, image.all("FROM"))
	assert.Empty(t, image.all("RUN"), "there is nothing to run it with")
	assert.Equal(t, []string{"65532:65532"}, image.all("USER"))
	assert.Equal(t, []string{`["/webapp"]`}, image.all("ENTRYPOINT"))
	assert.Equal(t, []string{"3000"}, image.all("EXPOSE"))
	assert.Equal(t, []string{"LISTEN_ADDR=:3000 LOG_FORMAT=json"}, image.all("ENV"))
	for _, copied := range image.all("COPY") {
		assert.Contains(t, copied, "--from=build", "nothing comes from the build context itself")
	}
}

// copyContext copies the files that .dockerignore does not exclude to dir.
func copyContext(dir string) error {
	text, err := os.ReadFile(filepath.Join(root, ".dockerignore"))
	if err != nil {
		return err
	}
	source := os.DirFS(root)
	return fs.WalkDir(source, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		if entry.IsDir() {
			// No pattern includes a folder again that is inside an excluded one.
			if ignored(string(text), path) {
				return fs.SkipDir
			}
			return nil
		}
		if ignored(string(text), path) {
			return nil
		}
		return copyFile(filepath.Join(root, path), filepath.Join(dir, path))
	})
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}

// ignored reports whether .dockerignore excludes a path. Like Docker, it matches the
// path and each of its parents, and the last matching pattern decides.
func ignored(patterns, path string) bool {
	out := false
	for pattern := range strings.Lines(patterns) {
		pattern = strings.TrimSpace(pattern)
		if pattern == "" || strings.HasPrefix(pattern, "#") {
			continue
		}
		readmit := strings.HasPrefix(pattern, "!")
		expression := regexp.QuoteMeta(strings.TrimPrefix(pattern, "!"))
		expression = strings.NewReplacer(`\*\*/`, `(?:.*/)?`, `\*`, `[^/]*`).Replace(expression)
		if regexp.MustCompile(`^` + expression + `(?:/.*)?$`).MatchString(path) {
			out = !readmit
		}
	}
	return out
}

func TestBuildContextHasOnlyTheSource(t *testing.T) {
	patterns := read(t, ".dockerignore")
	for path, want := range map[string]bool{
		"go.mod": false, "go.sum": false, "cmd/webapp/main.go": false, "templates/layout.html": false,
		"internal/adapters/http/routes.go": false,
		".env":                             true, ".git/config": true, "cmd/webapp/.env": true, "deploy/compose.yaml": true,
		"deploy/secrets/client_secret": true, "cmd/webapp/run_test.go": true,
		"internal/adapters/entra/testdata/key.pem": true, "internal/e2e/journeys/doc.go": true,
	} {
		assert.Equal(t, want, ignored(patterns, path), path)
	}
}
