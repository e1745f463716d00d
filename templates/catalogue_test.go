package templates

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestIncompleteTranslationsFailTheStart(t *testing.T) {
	for _, c := range []struct{ name, file, old, new, want string }{
		{"missing key", "de", `"signin.button": "Anmelden",`, ``, "signin.button is missing"},
		{"extra key", "de", `"signin.button":`, `"signin.bottom": "x", "signin.button":`, "signin.bottom is not in the source language"},
		{"placeholder renamed", "de", `{app} zu nutzen`, `{anwendung} zu nutzen`, "signin.lead: has the placeholders"},
		{"placeholder lost", "zh-Hans", `欢迎，{name}！`, `欢迎！`, "home.welcome: has the placeholders"},
		{"brace", "de", `"Abmelden"`, `"Abmelden {"`, "layout.signout: a brace"},
		{"empty", "de", `"Abmelden"`, `""`, "layout.signout: empty"},
		{"twice", "de", `"signin.button":`, `"signin.button": "x", "signin.button":`, "signin.button: there twice"},
		{"no text", "de", `"Abmelden"`, `{"x": 1}`, "layout.signout: not a text"},
		{"no JSON", "de", `{`, ``, "no JSON object"},
		{"cut off", "de", `"span.minutes[other]": "{count} Minuten"`, `"span`, "de.json"},
		{"plural without other", "zh-Hans", `"span.days[other]"`, `"span.days[one]"`, "span.days[other] is missing"},
		{"no such plural form", "de", `"span.days[one]"`, `"span.days[eins]"`, "no such plural form"},
		{"plural lost", "zh-Hans", `"span.days[other]": "{count} 天",`, ``, "span.days is missing"},
		{"source without a text the code asks for", "en", `"aadsts.used.sentence"`, `"aadsts.used.sentense"`, "aadsts.used.sentence is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := embedded(t)
			name := "messages/" + c.file + ".json"
			text := string(files[name].Data)
			require.Contains(t, text, c.old)
			files[name] = &fstest.MapFile{Data: []byte(strings.Replace(text, c.old, c.new, 1))}
			_, err := newFrom(files, Options{})
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestANeededMessageThatIsMissingFailsTheStart(t *testing.T) {
	_, err := New(Options{Messages: []Message{"error.internal.heading", "error.internal.heding"}})
	require.ErrorContains(t, err, "error.internal.heding is missing")
}

func TestTemplatesThatMisuseMessagesFailTheStart(t *testing.T) {
	for call, want := range map[string]string{
		`{{msg "no.such"}}`:                             "no such message",
		`{{msg "home.welcome"}}`:                        "has the placeholders [name]",
		`{{msg "home.welcome" "nam" .Body}}`:            "no value for {name}",
		`{{msg "home.welcome" "name"}}`:                 "needs a key, and a value",
		`{{msg "home.title" "name" .Body}}`:             "has the placeholders []",
		`{{msg .Body}}`:                                 "must be constant strings",
		`{{printf "%s" (msg "home.title")}}`:            "must stand alone",
		`{{$x := msg "home.title"}}{{$x}}`:              "must stand alone",
		`{{if true}}{{else}}{{msg "no.such"}}{{end}}`:   "no such message",
		`{{range .Body.Roles}}{{msg "no.such"}}{{end}}`: "no such message",
	} {
		files := embedded(t)
		files["home.html"] = &fstest.MapFile{Data: []byte(`{{define "title"}}x{{end}}{{define "main"}}` + call + `{{end}}`)}
		_, err := newFrom(files, Options{})
		require.ErrorContains(t, err, want, call)
	}
}

func TestAnotherLanguageIsOneFile(t *testing.T) {
	files := embedded(t)
	files["messages/ar.json"] = &fstest.MapFile{Data: []byte(strings.NewReplacer(
		`"ltr"`, `"rtl"`, `"Welcome {name}!"`, `"مرحباً <b>{name}</b>!"`, `"span.days[one]"`, `"span.days[few]"`,
		`"{count} day"`, `"{count} أيام"`).Replace(string(files["messages/en.json"].Data)))}
	p, err := newFrom(files, Options{AppName: "A"})
	require.NoError(t, err)
	page := renderIn(t, p, "ar-EG", Chrome{}, Home{Name: "<i>"})
	assert.Contains(t, page, `<html lang="ar" dir="rtl">`)
	assert.Contains(t, page, "مرحباً &lt;b&gt;&lt;i&gt;&lt;/b&gt;!", "texts and values are text, not markup")
	words := p.edition(requestIn("ar")).words
	assert.Equal(t, "3 أيام", words.count(spanDays, 3))
	assert.Equal(t, "100 days", words.count(spanDays, 100))
}

func TestNameOfALanguageFileIsATag(t *testing.T) {
	for _, name := range []string{"klingon", "zh_Hans", "DE"} {
		files := embedded(t)
		files["messages/"+name+".json"] = files["messages/de.json"]
		_, err := newFrom(files, Options{})
		require.ErrorContains(t, err, name)
	}
	files := embedded(t)
	delete(files, "messages/en.json")
	_, err := newFrom(files, Options{})
	require.ErrorContains(t, err, "en.json")
}

// keysOf are the keys of the source language, without plural forms.
func keysOf(c *catalogue) map[string]bool {
	keys := map[string]bool{}
	for m := range c.phrases {
		keys[string(m)] = true
	}
	for m := range c.plurals {
		keys[string(m)] = true
	}
	return keys
}

func TestEveryMessageIsUsedAndEveryUseIsAMessage(t *testing.T) {
	keys := keysOf(mustPages(t, Options{}).source())
	unused := maps.Clone(keys)
	tables := regexp.MustCompile(`^(error\.[a-z]+\.(heading|sentence|why|next|remedy)|date\.month\.\d+)$`)
	maps.DeleteFunc(unused, func(key string, _ bool) bool { return tables.MatchString(key) })
	for _, e := range explanations() {
		delete(unused, string(e.Sentence))
		delete(unused, string(e.Next))
		delete(unused, string(e.Remedy))
	}
	for _, key := range append(keysInTemplates(t), keysInCode(t, keys)...) {
		assert.True(t, keys[key], "no such message: %s", key)
		delete(unused, key)
	}
	assert.Empty(t, unused, "nobody asks for these")
}

func keysInTemplates(t *testing.T) []string {
	t.Helper()
	var keys []string
	for name, file := range embedded(t) {
		if strings.HasSuffix(name, ".html") {
			for _, m := range regexp.MustCompile(`\{\{-? ?msg(?:bdi)? "([^"]+)"`).FindAllStringSubmatch(string(file.Data), -1) {
				keys = append(keys, m[1])
			}
		}
	}
	return keys
}

// keysInCode are the string constants of this package, and of the handlers
// that fill its pages, that look like a key: they begin as one does.
func keysInCode(t *testing.T, known map[string]bool) []string {
	t.Helper()
	families := map[string]bool{}
	for key := range known {
		family, _, _ := strings.Cut(key, ".")
		families[family] = true
	}
	var keys []string
	handlers, err := filepath.Glob(filepath.Join("..", "internal", "adapters", "http", "*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, handlers)
	own, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range append(own, handlers...) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				text, err := strconv.Unquote(lit.Value)
				require.NoError(t, err)
				family, rest, dotted := strings.Cut(text, ".")
				if known[text] || dotted && rest != "html" && families[family] && regexp.MustCompile(`^[a-z]+(\.[a-z]+)*$`).MatchString(rest) {
					keys = append(keys, text)
				}
			}
			return true
		})
	}
	return keys
}

// TestTemplatesHoldNoWords keeps what people read in the catalogue, where it
// can be translated.
func TestTemplatesHoldNoWords(t *testing.T) {
	names, err := fs.Glob(Files(), "*.html")
	require.NoError(t, err)
	for _, name := range names {
		text, err := fs.ReadFile(Files(), name)
		require.NoError(t, err)
		bare := regexp.MustCompile(`(?s)\{\{.*?\}\}`).ReplaceAllString(string(text), "")
		bare = regexp.MustCompile(`(aria-label|title|alt|placeholder)="\s*"|<[^>]*>|\bAADSTS\b|\bms\b`).ReplaceAllString(bare, "")
		assert.NotRegexp(t, `\pL`, strings.TrimSpace(bare), "%s: words belong into messages/en.json, as {{msg \"key\"}}", name)
		assert.NotRegexp(t, `(aria-label|title|alt|placeholder)="[^"{]*\pL`, string(text), name)
	}
}

// messagesIn collects the messages that v holds.
func messagesIn(v reflect.Value) []Message {
	if v.Type() == reflect.TypeFor[Message]() {
		return []Message{Message(v.String())}
	}
	var all []Message
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			all = append(all, messagesIn(v.Field(i))...)
		}
	case reflect.Slice:
		for i := range v.Len() {
			all = append(all, messagesIn(v.Index(i))...)
		}
	}
	return all
}

func TestSamplesAreMadeOfMessages(t *testing.T) {
	source := mustPages(t, Options{}).source()
	for _, s := range samples() {
		for _, m := range append(messagesIn(reflect.ValueOf(s.chrome)), messagesIn(reflect.ValueOf(s.view))...) {
			assert.True(t, m == "" || source.has(m), "%s: %q", s.name, m)
		}
	}
}

func TestBracesThatAreNoPlaceholderAreRefused(t *testing.T) {
	for _, text := range []string{"a { b", "a } b", "{}", "{Name}", "{na me}", "{{name}}", "{name", "name}", "{a}}"} {
		_, err := parsePhrase(text)
		require.ErrorIs(t, err, errStrayBrace, text)
	}
	p, err := parsePhrase("{a} of {b}{a}")
	require.NoError(t, err)
	assert.Equal(t, "1 of 21", p.fill("a", "1", "b", "2"))
}
