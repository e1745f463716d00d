// Package internal_test holds the rules that span all packages.
package internal_test

import (
	"encoding/json"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// policy is the architecture: what each package may import of this module
// besides its own subpackages, and, where std stands, of nobody else's. A
// package that is not listed here is refused.
const policy = `
internal/ports             std
internal/domain            std internal/ports
internal/adapters/entra    internal/ports
internal/adapters/session  internal/ports
internal/adapters/fakeidp
internal/adapters/http     internal/domain templates
templates                  std
cmd/webapp                 internal/domain internal/ports internal/adapters/* templates

internal                   std
internal/ports/portstest   internal/ports
internal/browsertest
internal/servertest
internal/journeys
internal/tools/screenshots internal/browsertest
`

// testOnly must not be in what cmd/webapp is built from.
var testOnly = []string{
	"github.com/stretchr/testify", "github.com/chromedp/chromedp",
	"webapp/internal/ports/portstest", "webapp/internal/browsertest", "webapp/internal/servertest", "testing",
}

type listed struct {
	ImportPath string
	Imports    []string
	Module     *struct{ Path string }
	Standard   bool
}

func list(t *testing.T, args ...string) []listed {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,Module,Standard"}, args...)...).Output()
	require.NoError(t, err)
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var one listed
		if err := d.Decode(&one); err == io.EOF {
			return all
		} else {
			require.NoError(t, err)
		}
		all = append(all, one)
	}
}

func TestImportPolicy(t *testing.T) {
	for _, p := range list(t, "webapp/...") {
		rule, ok := ruleFor(p.ImportPath)
		if !assert.True(t, ok, "%s is in no line of the policy", p.ImportPath) {
			continue
		}
		for _, imported := range p.Imports {
			assert.True(t, rule.allows(imported), "%s must not import %s", p.ImportPath, imported)
		}
	}
}

func TestNothingThatOnlyTestsNeedIsBuiltIn(t *testing.T) {
	for _, p := range list(t, "-deps", "webapp/cmd/webapp") {
		for _, banned := range testOnly {
			assert.False(t, p.ImportPath == banned || strings.HasPrefix(p.ImportPath, banned+"/"), "cmd/webapp is built from %s", p.ImportPath)
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
		subject := "webapp/" + fields[0]
		if (p == subject || strings.HasPrefix(p, subject+"/")) && len(subject) > len(best.subject) {
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
