// Package internal_test has the tests that cover all packages.
package internal_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// policy is the architecture. Each line names a package and the packages of this
// module that it may import, besides the packages below it. A package with the word
// std may also import the standard library, but no other module. An adapter without
// a line of its own implements ports. An inbound adapter calls the domain and needs a
// line.
//
// A package of your own, internal/NAME, needs no line. It may import every package
// here, and every package without the word std may import it.
const policy = `
internal/ports             std
internal/domain            std internal/ports
internal/clientaddr
internal/providerhttp      internal/ports
internal/secretfile        std
internal/adapters/*        internal/ports internal/providerhttp
internal/adapters/entra           internal/ports internal/providerhttp
internal/adapters/entra/authority std
internal/adapters/entra/credential internal/ports internal/providerhttp internal/secretfile internal/adapters/entra/authority
internal/adapters/entra/idtoken   internal/ports internal/providerhttp internal/adapters/entra/authority
internal/adapters/fakeidp
internal/adapters/fakeidp/standalone internal/adapters/fakeidp internal/adapters/fakeidp/clientauth internal/secretfile
internal/adapters/forwardauth     internal/domain internal/clientaddr
internal/adapters/http     internal/domain internal/clientaddr internal/providerhttp templates
internal/adapters/http/server     std internal/clientaddr
templates
cmd/webapp                 internal/domain internal/ports internal/clientaddr internal/providerhttp internal/secretfile internal/adapters/* templates
cmd/webapp/config          internal/ports internal/secretfile internal/adapters/entra internal/adapters/entra/authority internal/adapters/entra/credential internal/adapters/http internal/adapters/observe
cmd/webapp/doctor          internal/ports internal/adapters/entra internal/adapters/entra/authority cmd/webapp/config
`

// onlyForTests are packages that may import everything. No other package imports
// them, so they are not in the program.
var onlyForTests = []string{"internal/ports/portstest", "internal/adapters/fakeidp/forgery", "internal/test", "internal/e2e", "internal/tools"}

// notBuiltIn are modules and packages of others that only tests need.
var notBuiltIn = []string{"github.com/stretchr/testify", "github.com/chromedp/chromedp", "testing"}

// module is the module path in go.mod.
func module(t *testing.T) string {
	t.Helper()
	mod, err := os.ReadFile("../go.mod")
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(mod), "\n")
	return strings.TrimPrefix(first, "module ")
}

// imports returns the imports of every package of the module, without its tests. It
// reads the files, so that a change of a file ends the cached result of the test.
// Packages of the module are named by their folder.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	ours := module(t) + "/"
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
		p := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(file)), "../")
		for _, spec := range parsed.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if within, ok := strings.CutPrefix(name, ours); ok {
				name = "./" + within
			}
			found[p] = append(found[p], name)
		}
		return nil
	}))
	return found
}

func TestImportPolicy(t *testing.T) {
	all := imports(t)
	require.True(t, slices.Contains(slices.Collect(maps.Keys(all)), "cmd/webapp"), "the module is read from its root")
	for p, imported := range all {
		if below(p, onlyForTests...) {
			continue
		}
		rule, known := ruleFor(p)
		if !known && !ownPackage(p) {
			t.Errorf("%s is in no line of the policy in internal/imports_test.go", p)
			continue
		}
		for _, one := range imported {
			within, ours := strings.CutPrefix(one, "./")
			if ours && below(within, onlyForTests...) || known && !rule.allows(one) {
				t.Errorf("%s must not import %s, by the policy in internal/imports_test.go", p, one)
			}
		}
	}
}

func TestWhatIsBuiltIn(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "../cmd/webapp").Output()
	require.NoError(t, err)
	for p := range strings.FieldsSeq(string(out)) {
		assert.False(t, below(p, notBuiltIn...), "cmd/webapp is built from %s", p)
	}
	for _, library := range []string{"github.com/coreos/go-oidc/v3/oidc", "golang.org/x/oauth2", "github.com/alexedwards/scs/v2", "github.com/go-chi/chi/v5"} {
		assert.Contains(t, strings.Fields(string(out)), library, "the program uses this library")
	}
}

// below reports whether p is one of the packages, or in a folder of one.
func below(p string, packages ...string) bool {
	return slices.ContainsFunc(packages, func(one string) bool { return p == one || strings.HasPrefix(p, one+"/") })
}

// ownPackage reports whether p is a package of your own: below internal, and in no
// folder of the policy.
func ownPackage(p string) bool {
	name, ok := strings.CutPrefix(p, "internal/")
	if !ok {
		return false
	}
	folder, _, _ := strings.Cut(name, "/")
	named := regexp.MustCompile(`(?m)^internal/` + regexp.QuoteMeta(folder) + `\b`).MatchString(policy)
	return !named && !below("internal/"+folder, onlyForTests...)
}

type rule struct {
	subject string
	allowed []string
}

// ruleFor returns the line of p or of the nearest package above p.
func ruleFor(p string) (rule, bool) {
	var best rule
	for line := range strings.Lines(policy) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		subject, family := strings.CutSuffix(fields[0], "*")
		if name, ok := strings.CutPrefix(p, subject); family && ok && best.subject == "" {
			name, _, _ = strings.Cut(name, "/")
			best = rule{subject + name, fields[1:]}
		}
		if !family && below(p, subject) && len(subject) >= len(best.subject) {
			best = rule{subject, fields[1:]}
		}
	}
	return best, best.subject != ""
}

func (r rule) allows(imported string) bool {
	if imported == "html/template" {
		return false // pages are templ components; without it the linker leaves a quarter of the binary out
	}
	standardOnly := slices.Contains(r.allowed, "std")
	within, ours := strings.CutPrefix(imported, "./")
	if !ours {
		host, _, _ := strings.Cut(imported, "/")
		return !strings.Contains(host, ".") || !standardOnly
	}
	if below(within, r.subject) || ownPackage(within) && !standardOnly {
		return true
	}
	return slices.ContainsFunc(r.allowed, func(pattern string) bool {
		folder, family := strings.CutSuffix(pattern, "*")
		return within == pattern || family && strings.HasPrefix(within, folder)
	})
}
