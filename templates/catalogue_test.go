package templates

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMalformedTranslationsFailTheStart(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"placeholder renamed", `{"home.welcome": "Bienvenue {nom}"}`, "home.welcome: has the placeholders [nom], but needs [name]"},
		{"placeholder lost", `{"home.welcome": "Bienvenue"}`, "home.welcome: has the placeholders"},
		{"brace", `{"layout.signout": "Sortir {"}`, "layout.signout: a brace"},
		{"empty", `{"layout.signout": ""}`, "layout.signout: empty"},
		{"no text", `{"layout.signout": {"x": 1}}`, "fr.json"},
		{"no object", `["layout.signout", "Sortir"]`, "fr.json"},
		{"more after the object", `{"layout.signout": "Sortir"}}`, "fr.json"},
		{"no JSON", `"layout.signout": "Sortir"}`, "fr.json"},
		{"cut off", `{"layout.signout": "Sor`, "fr.json"},
		{"key twice", `{"layout.signout": "Sortir", "layout.signout": "Quitter"}`, "layout.signout: the key occurs twice"},
		{"plural form twice", `{"span.days[one]": "{count} jour", "span.days[one]": "{count} jours"}`, "span.days[one]: the key occurs twice"},
		{"no such plural form", `{"span.days[un]": "{count} jour"}`, "span.days[un]: no such plural form"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := embedded(t)
			files["messages/fr.json"] = &fstest.MapFile{Data: []byte(c.text)}
			_, err := newFrom(files, Options{})
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestATranslationFallsBackToEnglish(t *testing.T) {
	files := embedded(t)
	files["messages/de.json"] = &fstest.MapFile{Data: []byte(`{"signin.button": "An\u006delden", "span.days[one]": "{count} Tag", "left.over": "übrig"}`)}
	p, err := newFrom(files, Options{AppName: "A"})
	require.NoError(t, err)
	page := words(renderIn(t, p, "de", Chrome{}, SignIn{}))
	assert.Contains(t, page, "Anmelden")
	assert.Contains(t, page, "Sign in with your account to use A.")
	c := p.inLanguage(requestIn("de"))
	assert.Equal(t, "2 days", c.count(spanDays, 2))
	assert.Equal(t, "1 day", c.count(spanDays, 1), "a plural does not mix languages")
}

// TestTranslations lists missing and unused texts of the translations. It does not
// fail, because a missing text is shown in English.
func TestTranslations(t *testing.T) {
	raw := func(lang string) map[string]string {
		var texts map[string]string
		require.NoError(t, json.Unmarshal(embedded(t)["messages/"+lang+".json"].Data, &texts))
		return texts
	}
	source := raw(SourceLanguage)
	for _, lang := range languages(mustPages(t, Options{}))[1:] {
		texts := raw(lang)
		for _, key := range slices.Sorted(maps.Keys(source)) {
			if _, ok := texts[key]; !ok && (!strings.Contains(key, "[") || strings.HasSuffix(key, "[other]")) {
				t.Logf("%s lacks %s: %q", lang, key, source[key])
			}
		}
		for _, key := range slices.Sorted(maps.Keys(texts)) {
			if _, ok := source[key]; !ok && !strings.Contains(key, "[") {
				t.Logf("%s has %s, which is not used", lang, key)
			}
		}
	}
}

func TestKeysAreUnique(t *testing.T) {
	for name, file := range embedded(t) {
		if path.Ext(name) != ".json" {
			continue
		}
		seen := map[string]bool{}
		for _, m := range regexp.MustCompile(`(?m)^\s*"([^"]+)":`).FindAllStringSubmatch(string(file.Data), -1) {
			assert.False(t, seen[m[1]], "%s: %s", name, m[1])
			seen[m[1]] = true
		}
		assert.NotEmpty(t, seen)
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
	words := p.inLanguage(requestIn("ar"))
	assert.Equal(t, "3 أيام", words.count(spanDays, 3))
	assert.Equal(t, "100 days", words.count(spanDays, 100))
}

func TestTheNameOfALanguageFileIsItsTag(t *testing.T) {
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

// keysOf returns the keys of a catalogue, without plural forms.
func keysOf(c *catalogue) map[string]bool {
	keys := map[string]bool{}
	for m := range c.texts {
		keys[string(m)] = true
	}
	for m := range c.plurals {
		keys[string(m)] = true
	}
	return keys
}

// TestEveryUseOfAMessageFits checks that each key in the code and the templates has
// a text, and that each placeholder has a value. It lists unused texts.
func TestEveryUseOfAMessageFits(t *testing.T) {
	source := mustPages(t, Options{}).source()
	unused := keysOf(source)
	families := map[string]bool{}
	for key := range unused {
		family, _, _ := strings.Cut(key, ".")
		families[family] = true
	}
	eachCode(t, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.BasicLit:
			text := literal(n)
			family, rest, dotted := strings.Cut(text, ".")
			if dotted && rest != "templ" && families[family] && regexp.MustCompile(`^[a-z]+(\.[a-z]+)*$`).MatchString(rest) {
				assert.True(t, source.has(Message(text)) || source.plurals[Message(text)] != nil, "no such message: %s", text)
			}
			delete(unused, text)
		case *ast.CallExpr:
			called, ok := n.Fun.(*ast.SelectorExpr)
			if ok && len(n.Args) > 0 && slices.Contains([]string{"Text", "bidi", "text"}, called.Sel.Name) {
				requireValues(t, source, n.Args)
			}
		}
	})
	tables := regexp.MustCompile(`^(error\.[a-z]+\.(heading|sentence|why|next|remedy)|aadsts\..+|date\.month\.\d+)$`)
	for _, key := range slices.Sorted(maps.Keys(unused)) {
		if !tables.MatchString(key) {
			t.Logf("%s is not used", key)
		}
	}
}

// requireValues checks that the pairs of a call to Text are the placeholders of its
// message.
func requireValues(t *testing.T, source *catalogue, args []ast.Expr) {
	t.Helper()
	text, ok := source.texts[Message(literal(args[0]))]
	if !ok {
		return
	}
	needed, err := placeholders(text)
	require.NoError(t, err)
	var names []string
	for i := 1; i < len(args); i += 2 {
		names = append(names, literal(args[i]))
	}
	slices.Sort(names)
	assert.ElementsMatch(t, needed, names, literal(args[0]))
}

// literal returns the value of a string literal, or "" for other expressions.
func literal(n ast.Expr) string {
	lit, ok := n.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	text, _ := strconv.Unquote(lit.Value) // the parser has checked it
	return text
}

// eachCode calls f for each syntax node of this package, with its generated files,
// and of the handlers.
func eachCode(t *testing.T, f func(ast.Node)) {
	t.Helper()
	for _, pattern := range []string{"*.go", filepath.Join("..", "internal", "adapters", "http", "*.go")} {
		names, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, names)
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			ast.Inspect(file, func(n ast.Node) bool { f(n); return true })
		}
	}
}

// messagesIn returns all messages in v.
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

func TestSamplesUseKnownMessages(t *testing.T) {
	p := mustPages(t, Options{})
	source := p.source()
	for _, s := range samples() {
		for _, m := range append(messagesIn(reflect.ValueOf(s.chrome)), messagesIn(reflect.ValueOf(s.view))...) {
			assert.True(t, source.has(m) || !keyForm(p).MatchString(string(m)), "%s: %q", s.name, m)
		}
	}
}

func TestStrayBracesAreRefused(t *testing.T) {
	for _, text := range []string{"a { b", "a } b", "{}", "{Name}", "{na me}", "{{name}}", "{name", "name}", "{a}}"} {
		_, err := placeholders(text)
		require.ErrorIs(t, err, errStrayBrace, text)
	}
	text := "{a} of {b}{a}"
	names, err := placeholders(text)
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b"}, names)
	assert.Equal(t, "1 of 21", fillIn(text, []string{"a", "1", "b", "2"}, func(value string) string { return value }))
}
