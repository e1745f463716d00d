//go:build integration

package docsteps

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// copied is a copy of this module.
type copied struct {
	t   *testing.T
	dir string
}

func newCopy(t *testing.T) copied {
	t.Helper()
	c := copied{t, t.TempDir()}
	files, err := exec.Command("git", "-C", "../../..", "ls-files", "-z").Output()
	require.NoError(t, err)
	for name := range strings.SplitSeq(strings.TrimSuffix(string(files), "\x00"), "\x00") {
		if text, err := os.ReadFile(filepath.Join("../../..", name)); err == nil {
			c.write(name, string(text))
		}
	}
	return c
}

func (c copied) write(name, text string) {
	c.t.Helper()
	path := filepath.Join(c.dir, name)
	require.NoError(c.t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(c.t, os.WriteFile(path, []byte(text), 0o600))
}

// edit replaces a text that stands once in a file.
func (c copied) edit(name, old, replacement string) {
	c.t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, name))
	require.NoError(c.t, err)
	require.Equal(c.t, 1, strings.Count(string(text), old), "%s has %q once", name, old)
	c.write(name, strings.Replace(string(text), old, replacement, 1))
}

// add adds a line after the line that ends in this text.
func (c copied) add(name, after, line string) { c.edit(name, after+"\n", after+"\n"+line+"\n") }

func (c copied) run(command ...string) {
	c.t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = c.dir
	output, err := cmd.CombinedOutput()
	require.NoError(c.t, err, "%v: %s", command, output)
}

// document is a page of docs.
type document struct {
	t    *testing.T
	text string
}

func read(t *testing.T, name string) document {
	t.Helper()
	text, err := os.ReadFile("../../../docs/" + name)
	require.NoError(t, err)
	return document{t, string(text)}
}

var (
	blockForm  = regexp.MustCompile("(?ms)^( *)```\\w+\n(.*?)^ *```$")
	inlineForm = regexp.MustCompile("`` ?(.+?) ?``|`([^`\n]+)`")
)

// block returns the code block that has this text.
func (d document) block(has string) string {
	d.t.Helper()
	for _, found := range blockForm.FindAllStringSubmatch(d.text, -1) {
		if strings.Contains(found[2], has) {
			return regexp.MustCompile("(?m)^"+found[1]).ReplaceAllString(found[2], "")
		}
	}
	d.t.Fatalf("the document has no code block with %q", has)
	return ""
}

// inline returns the code in a sentence that has this text.
func (d document) inline(has string) string {
	d.t.Helper()
	for _, found := range inlineForm.FindAllStringSubmatch(blockForm.ReplaceAllString(d.text, ""), -1) {
		if code := found[1] + found[2]; strings.Contains(code, has) {
			return code
		}
	}
	d.t.Fatalf("the document has no code with %q", has)
	return ""
}

// A page with a form, a script, an image and a database of its own.
func TestYourApp(t *testing.T) {
	c, doc := newCopy(t), read(t, "your-app.md")
	const handler = "internal/adapters/http/reports.go"
	c.write("templates/reports.templ", doc.block("package templates"))
	image := `<img src={ ` + strings.Trim(doc.inline("p.Static"), "{ }") + ` } alt=""/>`
	c.add("templates/reports.templ", `<p class="lead">There are none yet.</p>`, doc.block("<form")+doc.block("<script")+image)
	c.write("templates/static/chart.png", "\x89PNG\r\n\x1a\n")
	c.write("templates/static/reports.js", "console.log(1);\n")
	c.write(handler, doc.block("package http")+"\n"+doc.block("func (a *app) addReport"))
	c.edit(handler, `	"net/http"`, "\t\"fmt\"\n\t\"net/http\"")
	c.edit(handler, "reports(_ *http.Request", "reports(r *http.Request")
	c.edit(handler, "\treturn templates.Reports{", doc.block("a.Reports.Count")+"\treturn templates.Reports{")
	c.edit(handler, "Name: session.User.Name", "Name: fmt.Sprint(session.User.Name, n)")
	line := strings.TrimSpace(doc.block(`{Path: "/reports"`))
	fields := []string{doc.inline("post: "), doc.inline("Role: "), doc.inline("RecentSignIn: "), doc.inline("AuthContext: ")}
	c.add("internal/adapters/http/pages.go", "\treturn []Page{", strings.Replace(line, "{", "{"+strings.Join(fields, ", ")+", ", 1))

	c.write("internal/reports/reports.go", doc.block("// Package reports"))
	importing := "\t\"webapp/internal/reports\"\n)"
	for name, after := range map[string]string{
		"internal/adapters/http/handler.go": "\t\"webapp/templates\"\n)",
		"cmd/webapp/wire.go":                "\t\"webapp/internal/ports\"\n)",
		"internal/test/apptest/app.go":      "\t\"webapp/internal/ports/portstest\"\n)",
	} {
		c.edit(name, after, strings.TrimSuffix(after, ")")+importing)
	}
	c.add("internal/adapters/http/handler.go", "type Config struct {", "\t"+doc.inline("*reports.Store"))
	c.edit("cmd/webapp/wire.go", "webhttp.New(t.observed(webhttp.Config{\n", "webhttp.New(t.observed(webhttp.Config{\n"+doc.inline(`reports.New("reports.db")`)+"\n")
	c.edit("internal/test/apptest/app.go", "c := webhttp.Config{\n", "c := webhttp.Config{\n"+doc.inline(`reports.New(":memory:")`)+"\n")

	c.run("gofmt", "-w", "internal/adapters/http", "cmd/webapp", "internal/test")
	c.run("go", "generate", "./templates")
	c.run("go", "vet", "./cmd/webapp", "./internal/adapters/http", "./internal/reports")
	c.run("go", "test", "./internal", "./templates", "./internal/adapters/http", "./internal/test/apptest")
}

// The lines of an identity provider, a session store and an inbound adapter.
func TestAdapters(t *testing.T) {
	c, doc := newCopy(t), read(t, "adapters.md")
	const list = "cmd/webapp/adapters.go"
	c.write("internal/adapters/acme/acme.go", `package acme

import (
	"net/http"
	"time"

	"webapp/internal/ports"
)

type Provider struct{ ports.IdentityProvider }

func New(r ports.Registration, transport http.RoundTripper, now func() time.Time) (*Provider, error) {
	return &Provider{}, nil
}
`)
	c.write("internal/adapters/session/maps/maps.go", `package maps

import (
	"context"
	"time"

	"webapp/internal/ports"
)

type Store struct{ ports.SessionStore }

func Open(ctx context.Context, address string, now func() time.Time) (*Store, error) { return &Store{}, nil }

func (*Store) Close() error { return nil }
`)
	c.write("internal/adapters/api/api.go", `package api

import (
	"net/http"

	"webapp/internal/domain"
)

func New(d *domain.Service) http.Handler { return http.NotFoundHandler() }

type Config struct{}

func (c Config) Handler(d *domain.Service) http.Handler { return New(d) }
`)
	c.edit(list, "\t\"webapp/internal/domain\"\n", "\t\"webapp/internal/adapters/acme\"\n\t\"webapp/internal/adapters/api\"\n\tmapstore \"webapp/internal/adapters/session/maps\"\n\t\"webapp/internal/domain\"\n")
	named := func(code, name string) string { return strings.NewReplacer("NAME", name, "{…}", "{}").Replace(code) }
	c.add(list, "\treturn map[string]openProvider{", named(doc.inline("provider(NAME.New)"), "acme"))
	c.add(list, "\tstores := map[string]storeAdapter{", named(doc.inline("store(NAME.Open)"), "mapstore"))
	c.add(list, "\treturn map[string]mount{", named(doc.inline(`"/name": NAME.New`), "api"))
	switched := named(doc.inline("when(c.NAME"), "api")
	c.add(list, "\treturn map[string]mount{", strings.NewReplacer("/name", "/other", "c.api", "c.API").Replace(switched))
	c.add("cmd/webapp/config/config.go", "type Config struct {", "\t"+strings.ReplaceAll(doc.inline("NAME bool"), "NAME", "API"))
	c.edit("internal/imports_test.go", "internal/adapters/forwardauth ", named(doc.inline("internal/adapters/NAME internal/domain"), "api")+"\ninternal/adapters/forwardauth ")

	c.run("gofmt", "-w", "cmd/webapp")
	c.run("go", "vet", "./cmd/webapp", "./internal/adapters/acme", "./internal/adapters/api", "./internal/adapters/session/maps")
	c.run("go", "test", "-run", "TestImportPolicy", "./internal")
}
