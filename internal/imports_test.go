// Package internal_test holds the rules that span all packages.
package internal_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// policy is the architecture: what each package may import of this module
// besides its own subpackages, and, where std stands, of nobody else's. A
// package that is not listed here is refused. An adapter without a line of its
// own is one that implements ports; a way in, which calls the domain, has one.
const policy = `
internal/ports             std
internal/domain            std internal/ports
internal/clientaddr
internal/providerhttp      internal/ports
internal/adapters/*        internal/ports internal/providerhttp
internal/adapters/entra           internal/ports internal/providerhttp
internal/adapters/entra/authority std
internal/adapters/entra/idtoken   internal/ports internal/providerhttp internal/adapters/entra/authority
internal/adapters/fakeidp
internal/adapters/http     internal/domain internal/clientaddr internal/providerhttp templates
internal/adapters/http/server     std internal/clientaddr
templates
cmd/webapp                 internal/domain internal/ports internal/clientaddr internal/adapters/* templates
cmd/webapp/config          internal/ports internal/adapters/entra internal/adapters/entra/authority internal/adapters/http internal/adapters/observe
cmd/webapp/doctor          internal/ports internal/adapters/entra internal/adapters/entra/authority cmd/webapp/config

internal/ports/portstest   internal/ports
internal/test/apptest      internal/domain internal/ports internal/ports/portstest internal/clientaddr internal/adapters/*
internal/test/browsertest
internal/test/servertest
internal/test/redirecttest std
internal/e2e/cluster
internal/e2e/journeys
internal/tools/screenshots internal/test/browsertest
internal/tools/load        internal/domain internal/ports internal/clientaddr internal/adapters/* internal/test/servertest templates
`

// testOnly must not be in what cmd/webapp is built from.
var testOnly = []string{
	"github.com/stretchr/testify", "github.com/chromedp/chromedp",
	"webapp/internal/test/apptest", "webapp/internal/ports/portstest", "webapp/internal/test/browsertest", "webapp/internal/test/servertest", "webapp/internal/test/redirecttest",
	"webapp/internal/adapters/fakeidp/forgery", "testing",
}

// imports reads the import lines of every package of the module, tests aside,
// from its files: the test's cached result then ends when one of them changes.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	require.NoError(t, filepath.WalkDir("..", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || len(d.Name()) > 2 && strings.HasPrefix(d.Name(), ".")) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		p := path.Join("webapp", filepath.ToSlash(filepath.Dir(strings.TrimPrefix(file, ".."+string(filepath.Separator)))))
		for _, spec := range parsed.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			found[p] = append(found[p], name)
		}
		return nil
	}))
	return found
}

func TestImportPolicy(t *testing.T) {
	all := imports(t)
	require.Contains(t, all, "webapp/cmd/webapp", "the module is read from its root")
	for p, imported := range all {
		rule, ok := ruleFor(p)
		if !assert.True(t, ok, "%s is in no line of the policy", p) {
			continue
		}
		for _, one := range imported {
			assert.True(t, rule.allows(one), "%s must not import %s", p, one)
		}
	}
}

func TestNothingThatOnlyTestsNeedIsBuiltIn(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "webapp/cmd/webapp").Output()
	require.NoError(t, err)
	for p := range strings.FieldsSeq(string(out)) {
		for _, banned := range testOnly {
			assert.False(t, p == banned || strings.HasPrefix(p, banned+"/"), "cmd/webapp is built from %s", p)
		}
	}
}

type rule struct {
	subject string
	allowed []string
}

// ruleFor finds the longest line that p or a parent of p starts.
func ruleFor(p string) (rule, bool) {
	var best rule
	for line := range strings.Lines(policy) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		subject, family := strings.CutSuffix("webapp/"+fields[0], "*")
		if below, ok := strings.CutPrefix(p, subject); family && ok && best.subject == "" {
			name, _, _ := strings.Cut(below, "/")
			best = rule{subject + name, fields[1:]}
		}
		if !family && (p == subject || strings.HasPrefix(p, subject+"/")) && len(subject) >= len(best.subject) {
			best = rule{subject, fields[1:]}
		}
	}
	return best, best.subject != ""
}

func (r rule) allows(imported string) bool {
	if !strings.HasPrefix(imported, "webapp/") {
		standard := !strings.Contains(strings.Split(imported, "/")[0], ".")
		return standard || !slices.Contains(r.allowed, "std")
	}
	if imported == r.subject || strings.HasPrefix(imported, r.subject+"/") {
		return true
	}
	return slices.ContainsFunc(r.allowed, func(pattern string) bool {
		ours := "webapp/" + pattern
		ok, _ := path.Match(ours, imported)
		return ok || strings.HasSuffix(pattern, "*") && strings.HasPrefix(imported, strings.TrimSuffix(ours, "*"))
	})
}
