package internal_test

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// documents returns README.md and the files of docs.
func documents(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../docs/*.md")
	require.NoError(t, err)
	texts := map[string]string{}
	for _, file := range append(files, "../README.md") {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		texts[file] = string(text)
	}
	return texts
}

func TestReadmeIsShort(t *testing.T) {
	assert.LessOrEqual(t, len(documents(t)["../README.md"]), 12000, "bytes; the rest belongs in docs/")
}

// TestDocumentsNameTestsThatExist keeps the tables of rules and tests true.
func TestDocumentsNameTestsThatExist(t *testing.T) {
	declared := testsOfTheModule(t)
	named := regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z]\\w*)(?:/[^`]*)?`")
	for file, text := range documents(t) {
		for _, name := range named.FindAllStringSubmatch(text, -1) {
			assert.True(t, declared[name[1]], "%s names %s, which does not exist", file, name[1])
		}
	}
}

// TestDocumentsLinkToFilesThatExist tries each link that stays in the
// repository, and its anchor.
func TestDocumentsLinkToFilesThatExist(t *testing.T) {
	link := regexp.MustCompile(`(?:\]\(|src="|srcset=")([^)"\s]+)`)
	for file, text := range documents(t) {
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			target, err := url.Parse(found[1])
			require.NoError(t, err, file)
			if target.IsAbs() {
				continue
			}
			path := file
			if target.Path != "" {
				path = filepath.Join(filepath.Dir(file), filepath.FromSlash(target.Path))
			}
			_, err = os.Stat(path)
			if !assert.NoError(t, err, "%s links to %s", file, found[1]) || target.Fragment == "" {
				continue
			}
			to, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Contains(t, anchors(string(to)), target.Fragment, "%s links to %s", file, found[1])
		}
	}
}

// anchors returns the names by which GitHub links to the headings of a page.
func anchors(page string) []string {
	var names []string
	dropped := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(page, -1) {
		name := dropped.ReplaceAllString(strings.ToLower(heading[1]), "")
		names = append(names, strings.ReplaceAll(name, " ", "-"))
	}
	return names
}

// testsOfTheModule finds the names of all tests, whatever they are built for.
func testsOfTheModule(t *testing.T) map[string]bool {
	t.Helper()
	declared, found := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`), map[string]bool{}
	for _, dir := range []string{"cmd", "internal", "templates"} {
		require.NoError(t, filepath.WalkDir(filepath.Join("..", dir), func(path string, entry fs.DirEntry, err error) error {
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
		}))
	}
	return found
}
